"""The kernels' sources: which need which, and the text of those that a network uses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib import resources
from types import MappingProxyType

NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "pixels": (),
        "walked": (),
        "to": (),
        "from": (),
        "clamp": (),
        "scale": (),
        "requantize": ("clamp", "scale"),
        "window": (),
        "inside": ("window",),
        "taps": ("from", "window"),
        "dot": (),
        "lanes": (),
        "pairs": (),
        "average": (),
        "pool_2d": ("window",),
        "mean_scale": ("scale", "clamp"),
        "conv_2d": ("walked", "to", "taps", "requantize", "dot"),
        "depthwise_conv_2d": ("walked", "to", "taps", "requantize", "lanes"),
        "fully_connected": ("walked", "to", "requantize", "dot"),
        "max_pool_2d": ("walked", "to", "from", "pool_2d", "inside", "clamp", "lanes"),
        "average_pool_2d": ("walked", "to", "from", "pool_2d", "inside", "clamp", "lanes", "average"),
        "average_of_sums": ("to", "pool_2d", "clamp", "average"),
        "sums": ("from",),
        "mean": ("mean_scale",),
        "mean_of_sums": ("to", "mean_scale"),
        "add": ("walked", "to", "from", "pairs", "scale", "clamp"),
        "mul": ("walked", "to", "from", "pairs", "scale", "clamp"),
        "extreme": ("walked", "to", "from", "pairs"),
        "lookup": ("walked", "to", "from"),
        "copy": ("walked", "to", "from"),
        "concatenation": ("walked", "to", "from"),
        "pad": ("walked", "to", "from"),
        "resize_nearest_neighbor": ("walked", "to", "from"),
        "resize_bilinear": ("walked", "to", "from"),
        "arg": ("walked", "to", "from"),
        "softmax": ("walked", "to", "from"),
        "runs": (),
        "reached": (),
        "listed": (),
        "deliver": ("to", "from"),
    }
)
"""In the order in which they are written; what a section needs comes before it."""

PREFIX = re.compile(r"\b([kK])_(?=\w)")


def closure(wanted: Iterable[str]) -> tuple[str, ...]:
    """The wanted sections with all that they need, in order; `pixels` serves every one.

    >>> closure(["fully_connected"])
    ('pixels', 'walked', 'to', 'clamp', 'scale', 'requantize', 'dot', 'fully_connected')
    """
    found, open_ = {"pixels"}, list(wanted)
    while open_:
        name = open_.pop()
        if name not in found:
            found.add(name)
            open_ += NEEDS[name]
    return tuple(name for name in NEEDS if name in found)


def texts(names: Iterable[str], suffix: str, identifier: str, macro: str) -> list[str]:
    """Sources of sections, `.h` or `.c`, with the network's name before what they define."""
    folder = resources.files("export.c") / "kernels"
    found = []
    for name in names:
        source = folder / f"{name}{suffix}"
        if source.is_file():
            text = source.read_text()
            found.append(PREFIX.sub(lambda m: f"{identifier if m[1] == 'k' else macro}_", text))
    return found
