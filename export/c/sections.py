"""The kernels' sources: which need which, and the text of those that a network uses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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
        "covers": ("window",),
        "taps": ("from", "covers"),
        "bytes": ("paths",),
        "patch": ("taps", "bytes"),
        "lanes": (),
        "block": ("paths",),
        "matrix": ("block", "requantize"),
        "stretch": ("requantize", "lanes"),
        "weigh": ("stretch",),
        "pairs": (),
        "average": (),
        "pool_2d": ("window",),
        "mean_scale": ("scale", "clamp"),
        "conv_2d": ("walked", "to", "patch", "matrix"),
        "depthwise_conv_2d": ("walked", "to", "taps", "weigh"),
        "depthwise_multiplied": ("walked", "to", "taps", "scale", "clamp"),
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


@dataclass(frozen=True, slots=True)
class Path:
    """A kind of processor with sources of its own, in the folder of its name, where `macro` is defined.

    `needs` are those of its sections that are other than NEEDS says.
    """

    macro: str
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


PLAIN = Path("")
PATHS: Mapping[str, Path] = MappingProxyType(
    {
        "mve": Path(
            "K_MVE",
            {
                "requantize": ("paths",),
                "matrix": ("block", "requantize"),
                "weigh": ("requantize",),
            },
        ),
        "dsp": Path("K_DSP"),
        "avx512": Path(
            "K_AVX512",
            {
                "requantize": ("paths",),
                "depthwise_conv_2d": ("walked", "to", "taps", "requantize"),
            },
        ),
        "avx2": Path("K_AVX2"),
    }
)
"""By the folders of their sources: what is compiled is the first whose macro kernels/paths.c defines."""

PREFIX = re.compile(r"\b([kK])_(?=\w)")


def closure(wanted: Iterable[str], path: Path = PLAIN) -> tuple[str, ...]:
    """The wanted sections with all that they need, in order; `pixels` serves every one.

    >>> closure(["fully_connected"])[-4:]
    ('requantize', 'block', 'matrix', 'fully_connected')
    """
    found, open_ = {"pixels"}, list(wanted)
    while open_:
        name = open_.pop()
        if name not in found:
            found.add(name)
            open_ += path.needs.get(name, NEEDS[name])
    return tuple(name for name in NEEDS if name in found)


def declared(wanted: Iterable[str], identifier: str, macro: str) -> list[str]:
    """The headers of sections, with the network's name before what they declare."""
    return _named((_source(f"{name}.h") for name in closure(wanted)), identifier, macro)


def defined(wanted: Iterable[str], identifier: str, macro: str) -> list[str]:
    """The sources of sections; where paths differ, the preprocessor chooses."""
    paths = {"": PLAIN, **PATHS}
    names = {folder: closure(wanted, path) for folder, path in paths.items()}
    texts = (
        _chosen(
            {
                path.macro: _source(f"{name}.c", folder) if name in names[folder] else ""
                for folder, path in paths.items()
            }
        )
        for name in NEEDS
    )
    return _named(texts, identifier, macro)


def _named(texts: Iterable[str], identifier: str, macro: str) -> list[str]:
    return [
        PREFIX.sub(lambda m: f"{identifier if m[1] == 'k' else macro}_", text).rstrip("\n")
        for text in texts
        if text
    ]


def _chosen(texts: Mapping[str, str]) -> str:
    """One of several texts by which macro is defined, that of "" where none is; empty ones are left out.

    >>> print(_chosen({"": "plain\\n", "A": "plain\\n", "B": ""}), end="")
    #if !defined(B)
    plain
    #endif
    """
    plain = texts[""]
    own = [f"defined({macro})\n{text}" for macro, text in texts.items() if text not in ("", plain)]
    without = [f"!defined({macro})" for macro, text in texts.items() if text == "" != plain]
    if not own and not without:
        return plain
    rest = ""
    if plain:
        rest = (
            f"{'#elif' if own else '#if'} {' && '.join(without)}\n{plain}" if without else f"#else\n{plain}"
        )
    return "".join(f"#{'elif' if n else 'if'} {text}" for n, text in enumerate(own)) + rest + "#endif\n"


def _source(file: str, folder: str = "") -> str:
    """A section's source, the plain one where the folder has none; empty where there is none at all."""
    kernels = resources.files("export.c") / "kernels"
    own = kernels / folder / file if folder else kernels / file
    found = own if own.is_file() else kernels / file
    return found.read_text() if found.is_file() else ""
