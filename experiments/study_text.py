"""What a study found, as a table in Markdown and as a plot beside the paper's own figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from experiments.cells import Outcome
from experiments.page import COLOURS, drawn
from experiments.scatter import Panel, Point
from experiments.studies import Study
from train.variants import SEPARABLE


@dataclass(frozen=True, slots=True)
class Found:
    """One network: `top1` of each seed, as fractions of 1; exact counts, the data's classifier included."""

    name: str
    alpha: float
    res_px: int
    variant: str
    macs: int
    parameters: int
    top1: tuple[float, ...]

    @property
    def median(self) -> float:
        """Over the seeds."""
        return median(self.top1)


def found(outcomes: Sequence[Outcome]) -> list[Found]:
    """A network for each that was trained, in the order of the outcomes."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for outcome in outcomes:
        record = outcome.files["train"]
        groups.setdefault(record["model"], []).append(record)
    return [_found(records) for records in groups.values()]


def _found(records: Sequence[Mapping[str, Any]]) -> Found:
    first = records[0]
    alpha, res_px, variant = first["alpha"], first["res_px"], first["variant"]
    return Found(
        f"{alpha}/{res_px}" + ("" if variant == SEPARABLE else f" {variant}"),
        alpha,
        res_px,
        variant,
        first["macs"],
        first["parameters"],
        tuple(record["float_top1"] for record in records),
    )


def as_markdown(study: Study, networks: Sequence[Found], data: str) -> str:
    """Two tables: what was trained here, and what the paper printed."""
    ours = [["here", f"top-1, {data}", "seeds", "MACs", "parameters"]]
    for one in networks:
        seeds = ", ".join(f"{100 * top:.2f}" for top in one.top1)
        ours.append([one.name, f"{100 * one.median:.2f} %", seeds, f"{one.macs:,}", f"{one.parameters:,}"])
    paper = [[f"paper, table {study.table}", "top-1, ImageNet", "multiply-adds", "parameters"]]
    for row in study.printed:
        counts = f"{row.macs_millions:g} M", f"{row.parameters_millions:g} M"
        paper.append([row.name, f"{100 * row.top1:.1f} %", *counts])
    return f"{_table(ours)}\n\n{_table(paper)}\n"


def _table(rows: Sequence[Sequence[str]]) -> str:
    heading, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([heading, "|" + "---|" * len(rows[0]), *body])


def as_svg(study: Study, networks: Sequence[Found], data: str) -> str:
    """Accuracy against MACs: the paper's networks on the left, ours on the right."""
    theirs = tuple(
        Point(1e6 * row.macs_millions, row.top1, row.name, f"{row.name}: {row.top1:.1%}", colour="input")
        for row in study.printed
    )
    variants = list(dict.fromkeys(one.variant for one in networks))
    ours = tuple(
        Point(
            float(one.macs),
            one.median,
            one.name,
            f"{one.name}: {one.median:.2%}, {one.macs:,} MACs",
            colour=COLOURS[variants.index(one.variant)],
        )
        for one in networks
    )
    panels = [
        Panel(f"the paper, table {study.table}, ImageNet", "multiply-adds", theirs),
        Panel(f"here, {data}", "multiply-accumulates", ours),
    ]
    return drawn(panels, study.title, alone=True)
