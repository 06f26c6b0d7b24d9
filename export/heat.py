"""Frames a second over ALPHA and RES, with the line of a camera's thirty; geometry only."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from export.memory_map import Tick

CELL_PX, CELL_HEIGHT_PX = 132, 58
HEAT_LEFT_PX, HEAT_TOP_PX = 92, 30
WANTED_FPS = 30


@dataclass(frozen=True, slots=True)
class Cell:
    """One size on one chip; `shade` is 0 to 1, by the logarithm of its frames a second."""

    x: float
    y: float
    shade: float
    label: str
    sublabel: str
    fits: bool
    is_sure: bool
    title: str


@dataclass(frozen=True, slots=True)
class Heat:
    """ALPHA upwards, RES across; `line` parts cells whose lower end reaches WANTED_FPS from the others."""

    cells: tuple[Cell, ...]
    rows: tuple[Tick, ...]
    columns: tuple[Tick, ...]
    line: tuple[tuple[float, float, float, float], ...]
    width: float
    height: float
    legend: str


def heat(cells: Sequence[Mapping[str, Any]]) -> Heat:
    """The picture of the cells of fps.json."""
    alphas = sorted({cell["alpha"] for cell in cells}, reverse=True)
    sizes = sorted({cell["res_px"] for cell in cells})
    drawn, sure = [], {}
    for cell in cells:
        row, column = alphas.index(cell["alpha"]), sizes.index(cell["res_px"])
        sure[row, column] = cell["fps_low"] >= WANTED_FPS
        low, high = _fps(cell["fps_low"]), _fps(cell["fps_high"])
        title = (
            f"ALPHA {cell['alpha']:g}, RES {cell['res_px']}: {_fps(cell['fps'])} fps, {low} to {high}\n"
            f"{cell['required_bytes']:,} bytes{'' if cell['fits'] else ', does not fit'}"
            f"{', extrapolated' if cell['extrapolated'] else ''}"
        )
        at = HEAT_LEFT_PX + column * CELL_PX, HEAT_TOP_PX + row * CELL_HEIGHT_PX
        label, shade = _fps(cell["fps"]), _shade(cell["fps"])
        drawn.append(Cell(*at, shade, label, f"{low} to {high}", cell["fits"], sure[row, column], title))
    return Heat(
        tuple(drawn),
        tuple(Tick(HEAT_TOP_PX + (n + 0.5) * CELL_HEIGHT_PX, f"{a:g}") for n, a in enumerate(alphas)),
        tuple(Tick(HEAT_LEFT_PX + (n + 0.5) * CELL_PX, str(size)) for n, size in enumerate(sizes)),
        tuple(_edges(sure)),
        HEAT_LEFT_PX + len(sizes) * CELL_PX + 8,
        HEAT_TOP_PX + len(alphas) * CELL_HEIGHT_PX + 44,
        _legend(list(sure.values())),
    )


def _legend(sure: Sequence[bool]) -> str:
    if all(sure):
        return f"every size is sure to reach {WANTED_FPS}"
    if not any(sure):
        return f"no size is sure to reach {WANTED_FPS}"
    return f"the line: on its far side from the largest, sizes whose lower end reaches {WANTED_FPS}"


def _edges(sure: Mapping[tuple[int, int], bool]) -> Iterator[tuple[float, float, float, float]]:
    """Sides that a cell which is sure shares with one that is not."""
    for (row, column), is_sure in sorted(sure.items()):
        x, y = HEAT_LEFT_PX + column * CELL_PX, HEAT_TOP_PX + row * CELL_HEIGHT_PX
        if sure.get((row, column + 1), is_sure) != is_sure:
            yield x + CELL_PX, y, x + CELL_PX, y + CELL_HEIGHT_PX
        if sure.get((row + 1, column), is_sure) != is_sure:
            yield x, y + CELL_HEIGHT_PX, x + CELL_PX, y + CELL_HEIGHT_PX


def _fps(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _shade(fps: float) -> float:
    """From 1 frame a second to 1000.

    >>> _shade(1), _shade(31.6228), _shade(5000)
    (0.0, 0.5, 1.0)
    """
    return round(min(1.0, max(0.0, math.log10(max(fps, 1e-9)) / 3)), 3)
