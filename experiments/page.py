"""The sweep's page: one file that needs nothing else, with the Pareto plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from experiments import scatter
from experiments.rows import COSTS, Cost, Row, accuracy, headline
from export import provenance
from export.rendering import render

COLOURS = ("pointwise", "conv", "depthwise", "other", "input")


def page(
    table: Sequence[Row],
    settings: Mapping[str, object],
    links: Mapping[str, str | None],
    chip: str,
    min_fps: float | None,
) -> str:
    """The HTML of a sweep; the same rows give the same page."""
    panels = pareto_panels(table)
    return render(
        "sweep.html",
        title=f"sweep of {len(table)} cells on {chip}",
        headline=headline(table, chip, min_fps),
        best=next((row for row in table if row.best), None),
        rows=table,
        plot=Markup(drawn(panels, "accuracy against cost")) if panels else None,  # escaped by its template
        links=links,
        settings=settings,
        product="{name} {version}".format(**provenance.product()),
    )


def pareto_panels(table: Sequence[Row]) -> list[scatter.Panel]:
    """One panel for each cost; none where no cell has figures."""
    known = [row for row in table if row.int8_top1 is not None]
    return [_panel(known, cost) for cost in COSTS] if known else []


def drawn(panels: Sequence[scatter.Panel], title: str, *, alone: bool = False) -> str:
    """The SVG; with its own colours where it stands `alone`."""
    placed, width, height = scatter.layout(panels)
    return render(
        "scatter.svg", panels=placed, width=width, height=height, title=title, alone=alone, view=scatter
    )


def _panel(known: Sequence[Row], cost: Cost) -> scatter.Panel:
    alphas = sorted({row.alpha for row in known}, key=float)
    points = tuple(
        scatter.Point(
            x=float(getattr(row, cost.key)),
            y=accuracy(row),
            label=row.name,
            title=f"{row.name}: {accuracy(row):.2%}, {getattr(row, cost.key):,} {cost.word}"
            + (f"; {row.reason}" if row.reason else ""),
            kind="out" if row.reason else "front" if cost.word in row.fronts else "in",
            colour=COLOURS[alphas.index(row.alpha) % len(COLOURS)],
        )
        for row in known
    )
    return scatter.Panel(f"against {cost.word}", cost.title, points, "int8 top-1")
