"""Cycles of each layer as bars; geometry only, drawn by a template."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from export.memory_map import Tick, colour, short_name

WIDTH_PX, HEIGHT_PX = 1000, 380
LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 78, 16, 30, 46
GAP_SHARE = 0.14
TICK_MIN_PX = 22


@dataclass(frozen=True, slots=True)
class Bar:
    """One piece of a layer's bar; `kind` is its colour."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Bars:
    """Cycles of each layer: computing, moving and overhead as a pile, or the longer of the first two."""

    bars: tuple[Bar, ...]
    marks: tuple[Bar, ...]
    columns: tuple[Tick, ...]
    rows: tuple[Tick, ...]


def bars(speed: Mapping[str, Any]) -> Bars:
    """The picture of a report's `speed`; a mark stands where the part that is hidden ends."""
    layers = speed["layers"]
    span = HEIGHT_PX - TOP_PX - BOTTOM_PX
    top = max((layer["cycles"] for layer in layers), default=0) * 1.05 or 1
    wide = (WIDTH_PX - LEFT_PX - RIGHT_PX) / max(len(layers), 1)

    def y_of(cycles: float) -> float:
        return round(HEIGHT_PX - BOTTOM_PX - cycles / top * span, 2)

    def piece(n: int, low: float, high: float, kind: str, title: str) -> Bar:
        x, width = round(LEFT_PX + (n + GAP_SHARE / 2) * wide, 2), round(wide * (1 - GAP_SHARE), 2)
        return Bar(x, y_of(high), width, round((high - low) / top * span, 2), kind, title)

    drawn, marks = [], []
    for n, layer in enumerate(layers):
        title, at = title_of(layer), 0
        for kind, cycles in _pieces(layer):
            if cycles:
                drawn.append(piece(n, at, at + cycles, kind, title))
                at += cycles
        hidden = min(layer["compute_cycles"], layer["memory_cycles"])
        if _overlaps(layer) and hidden:
            marks.append(piece(n, hidden, hidden, "hidden", title))
    every = max(1, math.ceil(TICK_MIN_PX / wide))
    return Bars(
        tuple(drawn),
        tuple(marks),
        tuple(
            Tick(round(LEFT_PX + (n + 0.5) * wide, 2), str(layer["op"]))
            for n, layer in enumerate(layers)
            if n % every == 0
        ),
        tuple(
            Tick(
                round(HEIGHT_PX - BOTTOM_PX - level / top * (HEIGHT_PX - TOP_PX - BOTTOM_PX), 2),
                count_of(level),
            )
            for level in levels(top)
        ),
    )


def _overlaps(layer: Mapping[str, Any]) -> bool:
    """Whether computing and moving went side by side: less than their sum was counted."""
    together = layer["compute_cycles"] + layer["memory_cycles"] + layer["overhead_cycles"]
    return bool(layer["cycles"] < together)


def _pieces(layer: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    kind, compute, memory = colour(layer["class"]), layer["compute_cycles"], layer["memory_cycles"]
    if not _overlaps(layer):
        yield from ((kind, compute), ("memory", memory))
    else:
        yield (kind, compute) if compute >= memory else ("memory", memory)
    yield "overhead", layer["overhead_cycles"]


def title_of(layer: Mapping[str, Any]) -> str:
    parts = ", ".join(f"{k} {layer[f'{k}_cycles']:,}" for k in ("compute", "memory", "overhead"))
    name = short_name(layer["name"])
    counts = f"{layer['macs']:,} MACs, {layer['bytes']:,} bytes"
    return f"{layer['op']} {layer['kind']} {name}\n{layer['cycles']:,} cycles: {parts}\n{counts}"


def levels(top: float) -> list[int]:
    """Round numbers from 0 to below `top`, four to nine of them.

    >>> levels(1000), levels(7)
    ([0, 200, 400, 600, 800], [0, 1, 2, 3, 4, 5, 6])
    """
    step = 10 ** math.floor(math.log10(max(top, 10) / 2))
    step = next(step * m for m in (1, 2, 5, 10) if top / (step * m) <= 8)
    return list(range(0, math.ceil(top), step))


def count_of(value: float) -> str:
    """A count with the unit of a thousand or a million.

    >>> count_of(0), count_of(2500000), count_of(40000), count_of(0.125)
    ('0', '2.5 M', '40 k', '0.125')
    """
    for unit, name in ((10**6, " M"), (10**3, " k")):
        if value >= unit:
            return f"{value / unit:g}{name}"
    return f"{value:g}"
