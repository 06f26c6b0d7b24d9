"""The kernels' sources: which need which, and the text of those that a network uses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib import resources
from types import MappingProxyType

NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "paths": (),
        "pixels": (),
        "walked": (),
        "to": (),
        "from": (),
        "clamp": (),
        "scale": (),
        "requantize": ("paths", "clamp", "scale"),
        "window": (),
        "inside": ("window",),
        "taps": ("from", "window"),
        "patch": ("taps",),
        "dot": (),
        "lanes": (),
        "matrix": ("paths", "requantize", "dot"),
        "weigh": ("paths", "requantize", "lanes"),
        "pairs": (),
        "average": (),
        "pool_2d": ("window",),
        "mean_scale": ("scale", "clamp"),
        "conv_2d": ("walked", "to", "taps", "patch", "matrix"),
        "depthwise_conv_2d": ("walked", "to", "taps", "lanes", "weigh"),
        "fully_connected": ("walked", "to", "matrix"),
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

PATHS: Mapping[str, str] = MappingProxyType({"mve": "K_MVE", "dsp": "K_DSP"})
"""Folders of sources that take a section's place where kernels/paths.c defines their macro, in this order."""

PREFIX = re.compile(r"\b([kK])_(?=\w)")


def closure(wanted: Iterable[str]) -> tuple[str, ...]:
    """The wanted sections with all that they need, in order; `pixels` serves every one.

    >>> closure(["fully_connected"])
    ('paths', 'pixels', 'walked', 'to', 'clamp', 'scale', 'requantize', 'dot', 'matrix', 'fully_connected')
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
    written = filter(None, (_source(f"{name}{suffix}") for name in names))
    return [PREFIX.sub(lambda m: f"{identifier if m[1] == 'k' else macro}_", text) for text in written]


def _source(file: str) -> str:
    """A section's source, empty where it has none; with those of the paths, one of which is compiled."""
    folder = resources.files("export.c") / "kernels"
    plain = folder / file
    if not plain.is_file():
        return ""
    chosen = [
        f"if defined({macro})\n{(folder / name / file).read_text()}"
        for name, macro in PATHS.items()
        if (folder / name / file).is_file()
    ]
    if not chosen:
        return plain.read_text()
    return "#" + "#el".join(chosen) + "#else\n" + plain.read_text() + "#endif\n"
