"""The largest pictures as a picture: a lane for each plan, groups by ALPHA, RES along a logarithmic axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2

from benchmarks.largest import Largest
from benchmarks.pages import render

WIDTH_PX, LEFT_PX, RIGHT_PX, TOP_PX = 860, 104, 96, 96
LANE_PX, GAP_PX, BOTTOM_PX = 19, 17, 46
TICKS_RES = (128, 256, 512, 1024, 2048, 4096, 8192)
KINDS = ("input", "conv", "depthwise", "pointwise", "other")
"""Colours of the palette, by lane."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One plan of one network: where its mark stands, and what is written beside it."""

    kind: str
    x: float
    y: float
    label: str
    title: str


@dataclass(frozen=True, slots=True)
class Group:
    """The lanes of one ALPHA."""

    name: str
    y: float
    lanes: tuple[Lane, ...]


def draw(found: Mapping[float, Mapping[str, Largest]], title: str) -> str:
    """The SVG of `found`, by ALPHA and by who plans; the same bytes for the same figures."""
    names = list(next(iter(found.values())))
    groups = _groups(found)
    bottom = groups[-1].lanes[-1].y + LANE_PX / 2 + GAP_PX / 2
    return render(
        "largest_res.svg.j2",
        title=title,
        width=WIDTH_PX,
        height=bottom + BOTTOM_PX,
        left=LEFT_PX,
        right=WIDTH_PX - RIGHT_PX,
        top=TOP_PX,
        bottom=bottom,
        ticks=[(_x(res), res) for res in TICKS_RES],
        groups=groups,
        legend=_legend(names),
    )


def _x(res: int) -> float:
    low, high = log2(TICKS_RES[0]), log2(TICKS_RES[-1])
    return round(LEFT_PX + (WIDTH_PX - LEFT_PX - RIGHT_PX) * (log2(max(res, 1)) - low) / (high - low), 2)


def _groups(found: Mapping[float, Mapping[str, Largest]]) -> list[Group]:
    groups = []
    for number, (alpha, ways) in enumerate(found.items()):
        top = TOP_PX + GAP_PX / 2 + number * (len(ways) * LANE_PX + GAP_PX)
        lanes = tuple(
            Lane(
                kind=kind,
                x=max(_x(one.res_px), LEFT_PX),
                y=top + (lane + 0.5) * LANE_PX,
                label=f"{one.res_px:,}" + (" and more" if one.next_bytes is None else ""),
                title=f"ALPHA {alpha}, {name}: {one.needed_bytes:,} bytes at RES {one.res_px}",
            )
            for lane, (kind, (name, one)) in enumerate(zip(KINDS, ways.items(), strict=True))
        )
        groups.append(Group(f"ALPHA {alpha}", top + len(ways) * LANE_PX / 2, lanes))
    return groups


def _legend(names: Sequence[str]) -> list[tuple[str, str, int]]:
    """Kind, words and x; as wide as the words need."""
    legend, x = [], LEFT_PX
    for kind, name in zip(KINDS, names, strict=True):
        legend.append((kind, name, x))
        x += 36 + round(6.2 * len(name))
    return legend
