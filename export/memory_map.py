"""The arena as a picture: steps across, bytes up; geometry only, drawn by a template."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

WIDTH_PX, HEIGHT_PX = 1000, 440
LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 78, 12, 34, 52
LABEL_MIN_WIDTH_PX, LABEL_MIN_HEIGHT_PX, CHARACTER_PX = 46, 17, 6.4
TICK_MIN_WIDTH_PX = 26
# Room for more arenas than this is told in words: drawn to scale it would flatten the rest.
DRAWN_ROOM_ARENAS = 1.6
# Functions that nearly every tensor's name ends with.
_SAYS_NOTHING = frozenset(
    {"Relu", "Relu6", "BiasAdd", "Conv2D", "add", "add_1", "depthwise", "FusedBatchNormV3"}
)


@dataclass(frozen=True, slots=True)
class Rect:
    """A buffer's rectangle; `title` is what hovering shows, `label` what fits inside it.

    A band holds a part of its tensor at a time: a ring, or sums, of a streamed step.
    """

    tensor: int
    x: float
    y: float
    width: float
    height: float
    kind: str
    is_band: bool
    title: str
    label: str
    sublabel: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Line:
    """A level of bytes across the picture."""

    y: float
    kind: str
    label: str
    above: bool


@dataclass(frozen=True, slots=True)
class MemoryMap:
    """Everything that the template draws, in pixels of a WIDTH_PX x HEIGHT_PX view."""

    rects: tuple[Rect, ...]
    columns: tuple[Tick, ...]
    rows: tuple[Tick, ...]
    lines: tuple[Line, ...]
    peak_x: float
    peak_width: float
    note: str


def short_name(name: str, limit: int = 48) -> str:
    """The first of the names that a converter joined, without the outer scopes that do not fit.

    >>> short_name("model/conv1_relu/Relu6;model/conv1_bn/add"), short_name("model/conv1_relu/Relu6", 20)
    ('model/conv1_relu/Relu6', 'conv1_relu/Relu6')
    """
    kept = name.split(";")[0]
    while len(kept) > limit and "/" in kept:
        kept = kept.split("/", 1)[1]
    return kept[-limit:]


def colour(layer_class: str) -> str:
    """The colour of a class: what multiplies has its own, everything else shares one.

    >>> colour("conv"), colour("pool")
    ('conv', 'other')
    """
    return "other" if layer_class in ("elementwise", "pool") else layer_class


def layout(memory: Mapping[str, Any], layers: Sequence[Mapping[str, Any]] | None) -> MemoryMap:
    """Rectangles, axes and lines for a report's `memory`; `layers` colour the buffers by what writes them.

    The arenas of several memories stand one above the other.
    """
    edges = edges_of(memory["steps"])
    arena, bound = memory["arena_bytes"], memory["lower_bound_bytes"]
    room = _room(memory)
    bases = bases_of(memory)
    is_near = room is not None and 0 < room <= DRAWN_ROOM_ARENAS * max(arena, 1)
    drawn_room = room if is_near and len(bases) == 1 else None
    top = max(arena, bound, drawn_room or 0, 1) * 1.04
    across = (WIDTH_PX - LEFT_PX - RIGHT_PX) / edges[-1]
    upwards = (HEIGHT_PX - TOP_PX - BOTTOM_PX) / top

    def y_of(level_bytes: float) -> float:
        return round(HEIGHT_PX - BOTTOM_PX - level_bytes * upwards, 2)

    written_by = {layer["name"]: layer["class"] for layer in layers or ()}
    rects = []
    for buffer in memory["buffers"]:
        start, end = edges[buffer["start"]], edges[buffer["end"]]
        x, width = round(LEFT_PX + start * across, 2), round((end - start) * across, 2)
        kind = colour(written_by.get(buffer["name"], "input" if buffer["start"] == 0 else "other"))
        y = y_of(bases[buffer["memory"]] + buffer["offset"] + buffer["size_bytes"])
        height = round(buffer["size_bytes"] * upwards, 2)
        label, sublabel = _labels(buffer, width, height)
        band, title = buffer["role"] != "whole", _title(buffer)
        rects.append(Rect(buffer["tensor"], x, y, width, height, kind, band, title, label, sublabel))
    worst = memory["worst_step"]["step"]
    return MemoryMap(
        rects=tuple(rects),
        columns=_columns(edges, across),
        rows=tuple(Tick(y_of(level), _size(level)) for level in _levels(top)),
        lines=_lines(arena, bound, drawn_room, y_of),
        peak_x=round(LEFT_PX + edges[worst] * across, 2),
        peak_width=round((edges[worst + 1] - edges[worst]) * across, 2),
        note=_note(room, arena, drawn_room is not None) if len(bases) == 1 else _arenas_note(bases),
    )


def edges_of(steps: Sequence[Mapping[str, Any]]) -> list[int]:
    """Where each step begins, and the last ends; a step is as wide as it has operators.

    >>> edges_of([{"ops": [0]}, {"ops": [1, 2, 3]}, {"ops": [4]}])
    [0, 1, 4, 5]
    """
    return list(accumulate((len(step["ops"]) for step in steps), initial=0)) if steps else [0, 1]


def _room(memory: Mapping[str, Any]) -> int | None:
    """What the memory of the arena, or the budget, leaves for it; None where that is not asked."""
    if "budget_bytes" not in memory:
        return None
    where = {buffer["memory"] for buffer in memory["buffers"]}
    hosts = [each for each in memory["memories"] if each["name"] in where]
    if not hosts or len(memory["memories"]) == 1:
        return memory["budget_bytes"] - memory["weights_bytes"] - memory["state_bytes"]
    return sum(each["margin_bytes"] + each["arena_bytes"] for each in hosts)


def bases_of(memory: Mapping[str, Any]) -> dict[str | None, int]:
    """Where the arena of each memory that has one begins, the first at 0; None where none is chosen."""
    if all(b["memory"] is None for b in memory["buffers"]):
        return {None: 0}
    bases, at = dict[str | None, int](), 0
    for each in memory["memories"]:
        if each["arena_bytes"] or any(b["memory"] == each["name"] for b in memory["buffers"]):
            bases[each["name"]] = at
            at += each["arena_bytes"]
    return bases


def _arenas_note(bases: Mapping[str | None, int]) -> str:
    where = ", ".join(f"{name} from {base:,}" for name, base in bases.items())
    return f"An arena for each memory, one above the other: {where}."


def _title(buffer: Mapping[str, Any]) -> str:
    shape = "x".join(map(str, buffer["shape"]))
    low, size, where = buffer["offset"], buffer["size_bytes"], buffer["memory"] or "the arena"
    return (
        f"{buffer['name']}\n"
        f"tensor {buffer['tensor']}, {shape} {buffer['dtype']}, {size:,} bytes\n"
        f"bytes {low:,} to {low + size:,} of {where}, steps {buffer['start']} to {buffer['end'] - 1}"
    )


def _labels(buffer: Mapping[str, Any], width: float, height: float) -> tuple[str, str]:
    if width < LABEL_MIN_WIDTH_PX or height < LABEL_MIN_HEIGHT_PX:
        return "", ""
    fits = int((width - 10) / CHARACTER_PX)
    names = (*_names(buffer["name"]), f"t{buffer['tensor']}")
    label = next((name for name in names if name and len(name) <= fits), "")
    sublabel = f"{buffer['size_bytes']:,}"
    return label, sublabel if height >= 2 * LABEL_MIN_HEIGHT_PX and len(sublabel) <= fits else ""


def _names(name: str) -> list[str]:
    """What may stand in a rectangle, the most telling first: a layer's name before the last function's.

    >>> _names("model/conv_pw_2_relu_1/Relu6;model/conv_pw_2_bn_1/add")
    ['conv_pw_2_relu_1', 'conv_pw_2', 'pw_2']
    """
    parts = name.split(";")[0].split("/")
    if len(parts) == 1:
        return parts
    layer = parts[-2]
    bare = re.sub(r"_relu(_\d+)?$", "", layer)
    last = [] if parts[-1] in _SAYS_NOTHING else [parts[-1]]
    return list(dict.fromkeys([layer, bare, bare.removeprefix("conv_"), *last]))


def _columns(edges: Sequence[int], across: float) -> tuple[Tick, ...]:
    """Numbers of steps below their middles, as many as have room."""
    middles = [(low + high) / 2 * across for low, high in pairwise(edges)]
    for every in (1, 2, 5, 10, 20, 50, 100, 200, 500, len(middles)):
        if all(b - a >= TICK_MIN_WIDTH_PX for a, b in pairwise(middles[::every])):
            break
    marked = range(0, len(middles), every)
    return tuple(Tick(round(LEFT_PX + middles[step], 2), str(step)) for step in marked)


def _levels(top_bytes: float) -> list[int]:
    """Round numbers of binary units from 0 upwards, four to eight of them."""
    step = 2 ** max(0, math.floor(math.log2(top_bytes / 4)))
    return list(range(0, int(top_bytes) + 1, step))


def _size(level_bytes: int) -> str:
    """A level of the axis.

    >>> _size(0), _size(512), _size(65536), _size(1572864)
    ('0', '512 B', '64 KiB', '1.5 MiB')
    """
    for unit, name in ((2**20, "MiB"), (2**10, "KiB")):
        if level_bytes >= unit:
            return f"{level_bytes / unit:g} {name}"
    return f"{level_bytes} B" if level_bytes else "0"


def _lines(arena: int, bound: int, room: int | None, y_of: Any) -> tuple[Line, ...]:
    if arena == bound:
        label = f"arena {arena:,} bytes = lower bound: no packing of this order is smaller"
        lines = [Line(y_of(arena), "arena", label, above=True)]
    else:
        lines = [
            Line(y_of(arena), "arena", f"arena {arena:,} bytes", above=True),
            Line(y_of(bound), "bound", f"lower bound {bound:,} bytes", above=False),
        ]
    if room is not None:
        over = room < arena
        label = f"budget: {room:,} bytes for the arena beside the weights"
        lines.append(Line(y_of(room), "over" if over else "budget", label, above=True))
    return tuple(lines)


def _note(room: int | None, arena: int, drawn: bool) -> str:
    """What the picture leaves out of the budget."""
    if room is None:
        return ""
    if room <= 0:
        return "The weights alone take the whole budget: no room is left for the arena."
    if drawn or arena == 0:
        return ""
    times = f"{room / arena:.1f} times the arena drawn here"
    return f"Beside the weights the budget leaves {room:,} bytes for the arena: {times}."
