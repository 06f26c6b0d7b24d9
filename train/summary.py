"""The 16 standard sizes, counted exactly, beside the figures that were published rounded."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from io import StringIO
from shutil import get_terminal_size
from typing import Any

from graph.mobilenet import CLASSES
from train.macs import cost
from train.published import PUBLISHED, Published


@dataclass(frozen=True, slots=True)
class Row:
    """One size: the exact count, and what was printed for it."""

    macs: int
    parameters: int
    published: Published

    @property
    def difference_percent(self) -> float:
        """How far the printed MACs lie from the exact count, in percent of it."""
        return 100 * (self.published.macs_millions * 1e6 - self.macs) / self.macs


def rows() -> tuple[Row, ...]:
    """The 16 sizes ALPHA 0.25, 0.5, 0.75, 1.0 by RES 128, 160, 192, 224, at 1000 classes.

    >>> len(rows()), rows()[5].macs, rows()[5].parameters, rows()[5].published.macs_millions
    (16, 76524800, 1342536, 76)
    """
    return tuple(
        Row(counted.macs, counted.parameters, published)
        for published in PUBLISHED
        for counted in [cost(published.alpha, published.res_px, CLASSES)]
    )


def as_json(table: tuple[Row, ...]) -> dict[str, Any]:
    """The table for programs: `classes` and `cells`, exact integers beside the printed figures."""
    cells = [
        {
            "alpha": row.published.alpha,
            "res_px": row.published.res_px,
            "macs": row.macs,
            "parameters": row.parameters,
            "published": {
                key: value
                for key, value in asdict(row.published).items()
                if key not in ("alpha", "res_px") and value != ""
            },
            "published_minus_exact_percent": round(row.difference_percent, 2),
        }
        for row in table
    ]
    return {"classes": CLASSES, "cells": cells}


def as_text(table: tuple[Row, ...], width: int | None = None) -> str:
    """The table for people, as `rich` draws it; `width` in characters, None for the terminal's."""
    from rich.console import Console
    from rich.table import Table

    drawn = Table(
        title=f"MobileNetV1, {CLASSES} classes",
        caption="MACs of convolutions and classifier; parameters with BatchNorm's four vectors. "
        "* a printed figure that cannot be right, see --json",
    )
    for heading in ("ALPHA", "RES", "MACs", "parameters", "published MACs", "difference", "parameters"):
        drawn.add_column(heading, justify="right")
    drawn.add_column("published in")
    for row in table:
        printed = row.published
        drawn.add_row(
            f"{printed.alpha}",
            f"{printed.res_px}",
            f"{row.macs:,}",
            f"{row.parameters:,}",
            f"{printed.macs_millions} M" + ("*" if printed.note else ""),
            f"{row.difference_percent:+.1f} %",
            f"{printed.parameters_millions:g} M",
            printed.source,
            end_section=printed.res_px == 224,
        )
    console = Console(file=StringIO(), record=True, width=width or get_terminal_size((120, 25)).columns)
    console.print(drawn)
    return console.export_text()
