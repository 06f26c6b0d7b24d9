"""The arena as text, for a terminal: steps across, bytes up, a letter for each buffer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from export.memory_map import bases_of, edges_of, short_name

WIDTH, HEIGHT = 80, 20
AXIS = 12  # characters left of the picture
FREE = "."


@dataclass(frozen=True, slots=True)
class _Shape:
    """A buffer as a rectangle: operators across, bytes up, and the letter that stands for it."""

    letter: str
    left: int
    right: int
    low: int
    high: int
    buffer: Mapping[str, Any]


def draw(memory: Mapping[str, Any]) -> str:
    """The picture of a report's `memory`, and who stands in the fullest step.

    A character is the buffer that has most of its place, or a dot where more of it is free. Letters begin
    again after 26; small ones are rings and sums, which hold a part of their tensor at a time.
    """
    edges = edges_of(memory["steps"])
    arena = max(1, memory["arena_bytes"])
    shapes = _shapes(memory, edges)
    bounds = _bounds(edges[-1])
    lines = []
    for row in reversed(range(HEIGHT)):
        low, high = arena * row / HEIGHT, arena * (row + 1) / HEIGHT
        cells = (_cell(shapes, left, right, low, high) for left, right in bounds)
        label = f"{arena:,}" if row == HEIGHT - 1 else f"{round(low):,}" if row % 5 == 0 else ""
        lines.append(f"{label:>{AXIS - 2}} |{''.join(cells)}")
    worst = memory["worst_step"]
    peak = [left < edges[worst["step"] + 1] and edges[worst["step"]] < right for left, right in bounds]
    lines.append(" " * AXIS + "".join("^" if here else "-" for here in peak))
    lines.append((" " * AXIS + _numbers(edges, len(bounds))).rstrip())
    told = f"fullest step {worst['step']}: {worst['kind']}, {worst['live_bytes']:,} bytes alive"
    return "\n".join([*lines, told, *_standing(shapes, edges, worst["step"])]) + "\n"


def _shapes(memory: Mapping[str, Any], edges: Sequence[int]) -> list[_Shape]:
    bases = bases_of(memory)
    by_time = sorted(memory["buffers"], key=lambda b: (b["start"], b["end"], b["offset"]))
    shapes = []
    for i, b in enumerate(by_time):
        letters = ascii_uppercase if b["role"] == "whole" else ascii_lowercase
        low = bases[b["memory"]] + b["offset"]
        left, right = edges[b["start"]], edges[b["end"]]
        shapes.append(_Shape(letters[i % len(letters)], left, right, low, low + b["size_bytes"], b))
    return shapes


def _bounds(operators: int) -> list[tuple[float, float]]:
    """The operators that each character across stands for: a part of one, or several."""
    room = WIDTH - AXIS
    columns = operators * (room // operators) if operators <= room else room
    return [(operators * c / columns, operators * (c + 1) / columns) for c in range(columns)]


def _numbers(edges: Sequence[int], columns: int) -> str:
    """Numbers of steps where they begin, as many as have room."""
    line = ""
    for step, edge in enumerate(edges[:-1]):
        at = edge * columns // edges[-1]
        if step == 0 or at >= len(line) + 2:
            line = f"{line:<{at}}{step}"
    return line


def _cell(shapes: Sequence[_Shape], left: float, right: float, low: float, high: float) -> str:
    areas: dict[str, float] = {}
    for s in shapes:
        across = min(right, s.right) - max(left, s.left)
        up = min(high, s.high) - max(low, s.low)
        if across > 0 and up > 0:
            areas[s.letter] = areas.get(s.letter, 0) + across * up
    best = max(areas, key=lambda letter: areas[letter], default=FREE)
    return best if 2 * sum(areas.values()) >= (right - left) * (high - low) else FREE


def _standing(shapes: Sequence[_Shape], edges: Sequence[int], step: int) -> Iterator[str]:
    """Who is alive in `step`, the largest first."""
    alive = [s for s in shapes if s.left <= edges[step] < s.right]
    for s in sorted(alive, key=lambda s: (s.low - s.high, s.low)):
        name = short_name(s.buffer["name"], WIDTH - 44)
        yield f"  {s.letter} {s.high - s.low:>10,} bytes at {s.buffer['offset']:>10,}  {name}"
