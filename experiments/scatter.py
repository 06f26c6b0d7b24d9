"""Points as a picture: panels side by side, accuracy upwards, a cost along a logarithmic axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

PANEL_WIDTH_PX, PANEL_HEIGHT_PX = 430, 330
LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 52, 18, 44, 48
STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Point:
    """One mark: `kind` is front, in or out; `colour` a name of the palette; `title` what hovering tells."""

    x: float
    y: float
    label: str
    title: str
    kind: str = "in"
    colour: str = "pointwise"


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot: `y` is a fraction of 1; points of kind front are joined."""

    title: str
    x_title: str
    points: tuple[Point, ...]
    y_title: str = "top-1"


@dataclass(frozen=True, slots=True)
class Mark:
    """A point where it is drawn, its label on the side that is free."""

    point: Point
    x: float
    y: float
    label_x: float
    label_y: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A panel in pixels of its own."""

    panel: Panel
    left: float
    top: float
    marks: tuple[Mark, ...]
    line: str
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


def layout(panels: Sequence[Panel], columns: int = 2) -> tuple[list[Drawn], int, int]:
    """Where everything stands, and the picture's width and height."""
    drawn = [
        _drawn(panel, number % columns * PANEL_WIDTH_PX, number // columns * PANEL_HEIGHT_PX)
        for number, panel in enumerate(panels)
    ]
    height = -(-len(panels) // columns) * PANEL_HEIGHT_PX
    return drawn, min(columns, len(panels)) * PANEL_WIDTH_PX, height


def _drawn(panel: Panel, left: float, top: float) -> Drawn:
    low_x, high_x = _log_range([point.x for point in panel.points])
    low_y, high_y, step = _range([point.y for point in panel.points])

    def at(x: float, y: float) -> tuple[float, float]:
        across = (log10(x) - low_x) / (high_x - low_x)
        up = (y - low_y) / (high_y - low_y)
        width = PANEL_WIDTH_PX - LEFT_PX - RIGHT_PX
        height = PANEL_HEIGHT_PX - TOP_PX - BOTTOM_PX
        return round(LEFT_PX + across * width, 2), round(TOP_PX + (1 - up) * height, 2)

    marks = _labelled([(point, *at(point.x, point.y)) for point in panel.points])
    front = sorted((mark.x, mark.y) for mark in marks if mark.point.kind == "front")
    x_ticks = tuple((at(value, low_y)[0], short(value)) for value in _log_ticks(low_x, high_x))
    count = round((high_y - low_y) / step)
    ys = [low_y + number * step for number in range(count + 1)]
    y_ticks = tuple((at(10**low_x, y)[1], f"{100 * y:.4g} %") for y in ys)
    return Drawn(panel, left, top, marks, " ".join(f"{x:g},{y:g}" for x, y in front), x_ticks, y_ticks)


def _labelled(placed: Sequence[tuple[Point, float, float]]) -> tuple[Mark, ...]:
    """Labels to the right, or where another mark or label stands there, above, below or to the left."""
    boxes = [(x - 5, y - 5, x + 5, y + 5) for _, x, y in placed]
    marks = []
    for point, x, y in placed:
        width = 6.0 * len(point.label)
        sides = (
            (x + 8, y + 4, "start", x + 8),
            (x - 8, y + 4, "end", x - 8 - width),
            (x, y - 9, "middle", x - width / 2),
            (x, y + 17, "middle", x - width / 2),
        )
        free = [side for side in sides if _free(side[3], side[1], width, boxes)]
        label_x, label_y, anchor, begin = (free or sides)[0]
        boxes.append((begin, label_y - 9, begin + width, label_y + 2))
        marks.append(Mark(point, x, y, round(label_x, 2), round(label_y, 2), anchor))
    return tuple(marks)


def _free(begin: float, base: float, width: float, boxes: Sequence[tuple[float, ...]]) -> bool:
    if begin < LEFT_PX or begin + width > PANEL_WIDTH_PX:
        return False
    return not any(
        begin < right and left < begin + width and base - 9 < bottom and top < base + 2
        for left, top, right, bottom in boxes
    )


def _log_range(values: Sequence[float]) -> tuple[float, float]:
    low, high = log10(min(values)), log10(max(values))
    room = max(0.12, 0.1 * (high - low))
    return low - room, high + room


def _log_ticks(low: float, high: float) -> list[float]:
    decades = range(floor(low), floor(high) + 1)
    values = [step * 10.0**decade for decade in decades for step in STEPS]
    inside = [value for value in values if low <= log10(value) <= high]
    return inside if len(inside) <= 7 else [v for v in inside if round(v / 10 ** floor(log10(v))) == 1]


def _range(values: Sequence[float]) -> tuple[float, float, float]:
    """Ends of the upward axis and its step: round figures around the values.

    >>> [round(value, 3) for value in _range([0.41, 0.58])]
    [0.4, 0.6, 0.05]
    """
    low, high = min(values), max(values)
    span = max(high - low, 0.02)
    size = 10.0 ** floor(log10(span))
    step = next(part * size for part in (0.1, 0.2, 0.25, 0.5, 1.0, 2.0) if span / (part * size) <= 6)
    bottom, top = floor(low / step + 1e-9) * step, -floor(-high / step + 1e-9) * step
    return bottom, max(top, bottom + step), step


def short(value: float) -> str:
    """A count with its thousands as a letter.

    >>> short(1500000), short(20000), short(2e9), short(35.0)
    ('1.5 M', '20 k', '2 G', '35')
    """
    for letter, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:g} {letter}"
    return f"{value:g}"
