"""The roofline: what each layer reaches, under what the chip can do at most; geometry only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from export.memory_map import Tick, colour
from export.speed_bars import BOTTOM_PX, HEIGHT_PX, LEFT_PX, RIGHT_PX, TOP_PX, WIDTH_PX, count_of, title_of

DOT_PX = (3.5, 15.0)
ROOF_LABEL_PX = 6
Named = dict[float, list[str]]
"""Who has a rate."""


@dataclass(frozen=True, slots=True)
class Dot:
    """One layer on the roofline."""

    x: float
    y: float
    radius: float
    kind: str
    title: str
    label: str


@dataclass(frozen=True, slots=True)
class Roof:
    """One of the chip's limits: a rate of computing (level), or of moving bytes (slope, labelled along)."""

    x1: float
    y1: float
    x2: float
    y2: float
    kind: str
    label: str
    label_x: float
    label_y: float
    angle: float = 0.0


@dataclass(frozen=True, slots=True)
class Roofline:
    """MACs a cycle over MACs for each byte moved, both logarithmic."""

    dots: tuple[Dot, ...]
    roofs: tuple[Roof, ...]
    columns: tuple[Tick, ...]
    rows: tuple[Tick, ...]


class _Scale:
    """Logarithms to pixels: from `low` to `high`, both powers of two."""

    def __init__(self, values: Sequence[float], begin_px: float, end_px: float) -> None:
        self.low = math.floor(math.log2(min(values)) - 0.25)
        self.high = max(self.low + 1, math.ceil(math.log2(max(values)) + 0.25))
        self.begin_px, self.end_px = begin_px, end_px

    def __call__(self, value: float) -> float:
        share = (math.log2(value) - self.low) / (self.high - self.low)
        return round(self.begin_px + share * (self.end_px - self.begin_px), 2)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        every = 2 if self.high - self.low > 8 else 1
        powers = range(self.low, self.high + 1, every)
        return tuple(Tick(self(2.0**power), count_of(2.0**power)) for power in powers)


def roofline(speed: Mapping[str, Any]) -> Roofline | None:
    """The picture of a report's `speed`; None where no layer multiplies."""
    layers = [a for a in speed["layers"] if a["macs"] and a["bytes"] and a["cycles"]]
    if not layers:
        return None
    rates, slopes = _limits(speed["assumptions"])
    reached = [a["macs"] / a["cycles"] for a in layers]
    x = _Scale([a["macs"] / a["bytes"] for a in layers], LEFT_PX, WIDTH_PX - RIGHT_PX)
    y = _Scale([*reached, *rates], HEIGHT_PX - BOTTOM_PX, TOP_PX)
    largest = max(a["share"] for a in layers) or 1
    dots = []
    for a, done in zip(layers, reached, strict=True):
        radius = DOT_PX[0] + (DOT_PX[1] - DOT_PX[0]) * math.sqrt(a["share"] / largest)
        title = f"{title_of(a)}\n{done:.3g} MACs a cycle, {a['macs'] / a['bytes']:.3g} for each byte"
        at = x(a["macs"] / a["bytes"]), y(done)
        dots.append(Dot(*at, round(radius, 2), colour(a["class"]), title, str(a["op"])))
    dots.sort(key=lambda dot: -dot.radius)
    roofs = [_level(rate, names, y, max(rates)) for rate, names in rates.items()]
    roofs += [made for rate, names in slopes.items() if (made := _slope(rate, names, x, y, max(rates)))]
    return Roofline(tuple(dots), tuple(roofs), x.ticks, y.ticks)


def _limits(
    assumptions: Sequence[Mapping[str, Any]],
) -> tuple[dict[float, list[str]], dict[float, list[str]]]:
    """Rates of computing and of moving, each with whose it is."""
    rates: Named = {}
    slopes: Named = {}
    for each in assumptions:
        first, *rest = each["name"].split(".")
        if first == "macs_per_cycle":
            rates.setdefault(each["value"], []).append(rest[0])
        elif first == "memory" and rest[0] not in slopes.get(each["value"], []):
            slopes.setdefault(each["value"], []).append(rest[0])
    return rates, slopes


def _level(rate: float, names: Sequence[str], y: _Scale, top: float) -> Roof:
    """Across the picture; the highest has its label clear of the dots that lie on it."""
    label, right = f"{', '.join(names)}: {rate:.4g} MACs a cycle", WIDTH_PX - RIGHT_PX
    kind = names[0] if len(names) == 1 else "all"
    above = DOT_PX[1] + ROOF_LABEL_PX if rate == top else ROOF_LABEL_PX
    return Roof(LEFT_PX, y(rate), right, y(rate), kind, label, right - 4, round(y(rate) - above, 2))


def _slope(rate: float, names: Sequence[str], x: _Scale, y: _Scale, top: float) -> Roof | None:
    """From where it enters the picture to where it meets the highest level; None where it is not in it."""
    begin = max(2.0**x.low, 2.0**y.low / rate)
    end = min(2.0**x.high, top / rate)
    if begin >= end:
        return None
    label = f"{', '.join(names)}: {rate:.4g} bytes a cycle"
    x1, y1, x2, y2 = x(begin), y(begin * rate), x(end), y(end * rate)
    angle = round(math.degrees(math.atan2(y2 - y1, x2 - x1)), 2)
    return Roof(x1, y1, x2, y2, "slope", label, x1 + ROOF_LABEL_PX, y1 - ROOF_LABEL_PX, angle)
