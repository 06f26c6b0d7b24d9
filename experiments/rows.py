"""What each cell of a sweep came to: figures of its report, why it is out, which fronts it is on."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from statistics import median
from typing import Any

from experiments.cells import Outcome

FAILED = "failed: "


@dataclass(frozen=True, slots=True)
class Row:
    """One ALPHA and RES; accuracies are fractions of 1, medians over `seeds`.

    `reason` says why it is out: it failed, does not fit, or is too slow; None where it is in the running.
    `fronts` names the costs at which no other cell in the running is as cheap and more accurate.
    """

    alpha: str
    res_px: int
    seeds: tuple[int, ...]
    float_top1: float | None = None
    int8_top1: float | None = None
    agreement: float | None = None
    macs: int | None = None
    parameters: int | None = None
    required_bytes: int | None = None
    budget_bytes: int | None = None
    fps: float | None = None
    reason: str | None = None
    fronts: tuple[str, ...] = ()
    best: bool = False
    folder: str = ""

    @property
    def name(self) -> str:
        """ALPHA/RES, as it stands beside its mark."""
        return f"{self.alpha}/{self.res_px}"


@dataclass(frozen=True, slots=True)
class Cost:
    """What accuracy is set against; `sign` is -1 where more of it is better."""

    word: str
    key: str
    title: str
    sign: int = 1

    def of(self, row: Row) -> float:
        """The smaller, the cheaper."""
        return self.sign * float(getattr(row, self.key))


COSTS = (
    Cost("MACs", "macs", "multiply-accumulates"),
    Cost("parameters", "parameters", "parameters"),
    Cost("bytes", "required_bytes", "bytes on the chip"),
    Cost("fps", "fps", "frames per second, estimated", -1),
)


def rows(outcomes: Sequence[Outcome], min_fps: float | None = None) -> list[Row]:
    """A row for each ALPHA and RES in the order of the outcomes, judged against one another."""
    groups: dict[tuple[str, int], list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault((outcome.cell.alpha, outcome.cell.res), []).append(outcome)
    return judged([_row(group) for group in groups.values()], min_fps)


def _row(group: Sequence[Outcome]) -> Row:
    first = group[0]
    row = Row(first.cell.alpha, first.cell.res, tuple(o.cell.seed for o in group), folder=first.folder)
    for outcome in group:
        if outcome.error:
            return replace(row, reason=f"{FAILED}{outcome.error}")
    reports = [outcome.files["report"] for outcome in group]
    verdict, training = reports[0]["verdict"], reports[0]["training"]
    return replace(
        row,
        float_top1=_median(reports, "float_top1"),
        int8_top1=_median(reports, "int8_top1"),
        agreement=_median(reports, "agreement"),
        macs=training["macs"],
        parameters=training["parameters"],
        required_bytes=verdict["required_bytes"],
        budget_bytes=verdict["budget_bytes"],
        fps=verdict["fps"],
    )


def _median(reports: Sequence[Mapping[str, Any]], key: str) -> float | None:
    found = [report["verdict"][key] for report in reports]
    return None if None in found else median(found)


def judged(table: Sequence[Row], min_fps: float | None) -> list[Row]:
    """The rows with `reason`, `fronts` and `best` set."""
    table = [replace(row, reason=row.reason or _reason(row, min_fps)) for row in table]
    usable = [row for row in table if row.reason is None]
    fronts = {cost.word: {id(row) for row in front(usable, cost.of)} for cost in COSTS}
    chosen = best(usable)
    return [
        replace(
            row,
            fronts=tuple(word for word, on_it in fronts.items() if id(row) in on_it),
            best=row is chosen,
        )
        for row in table
    ]


def _reason(row: Row, min_fps: float | None) -> str | None:
    assert row.required_bytes is not None and row.budget_bytes is not None and row.fps is not None
    said = []
    if row.required_bytes > row.budget_bytes:
        said.append(f"does not fit: {row.required_bytes:,} of {row.budget_bytes:,} bytes")
    if min_fps is not None and row.fps < min_fps:
        said.append(f"too slow: {row.fps:.1f} fps, {min_fps:g} asked for")
    return "; ".join(said) or None


def front(table: Sequence[Row], cost: Callable[[Row], float]) -> list[Row]:
    """The Pareto front: rows that none of the others is better than in one and as good as in the other."""

    def beaten(row: Row) -> bool:
        mine = (cost(row), -accuracy(row))
        others = ((cost(other), -accuracy(other)) for other in table)
        return any(a <= mine[0] and b <= mine[1] and (a, b) != mine for a, b in others)

    return [row for row in table if not beaten(row)]


def best(usable: Sequence[Row]) -> Row | None:
    """The most accurate; of equals the one with the fewest MACs."""
    return min(usable, key=lambda row: (-accuracy(row), row.macs or 0), default=None)


def accuracy(row: Row) -> float:
    """What the firmware will reach."""
    return row.int8_top1 or 0.0


def as_json(row: Row) -> dict[str, Any]:
    """A row for programs; its folder is left out, as paths say nothing elsewhere."""
    values = asdict(row)
    values.pop("folder")
    return {**values, "alpha": float(row.alpha)}


def as_csv(table: Sequence[Row]) -> str:
    """One line for each row; several seeds or fronts stand in one field, with spaces between."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(Row) if field.name != "folder")
    for row in table:
        values = as_json(row).values()
        writer.writerow(" ".join(map(str, v)) if isinstance(v, tuple) else v for v in values)
    return text.getvalue()


def as_text(table: Sequence[Row], width: int | None = None) -> str:
    """The table for people, as `rich` draws it."""
    from shutil import get_terminal_size

    from rich.console import Console
    from rich.table import Table

    drawn = Table(caption="front: no other cell in the running is as cheap and more accurate. * the best")
    for heading in ("cell", "int8", "float", "agree", "MACs", "parameters", "bytes", "fps"):
        drawn.add_column(heading, justify="right")
    drawn.add_column("front")
    for row in table:
        figures = [_percent(row.int8_top1), _percent(row.float_top1), _percent(row.agreement)]
        counts = ["-" if v is None else f"{v:,}" for v in (row.macs, row.parameters, row.required_bytes)]
        fps = "-" if row.fps is None else f"{row.fps:,.1f}"
        last = row.reason or ", ".join(row.fronts)
        style = "dim" if row.reason else None
        drawn.add_row(row.name + "*" * row.best, *figures, *counts, fps, last, style=style)
    console = Console(file=io.StringIO(), record=True, width=width or max(140, get_terminal_size().columns))
    console.print(drawn)
    return console.export_text()


def _percent(fraction: float | None) -> str:
    return "-" if fraction is None else f"{fraction:.2%}"


def headline(table: Sequence[Row], chip: str, min_fps: float | None) -> str:
    """The best that fits, in one line; or that there is none."""
    chosen = next((row for row in table if row.best), None)
    speed = "" if min_fps is None else f" at {min_fps:g} fps or more"
    if chosen is None:
        return f"none of {len(table)} fits {chip}{speed}"
    assert chosen.int8_top1 is not None and chosen.required_bytes is not None and chosen.fps is not None
    return (
        f"the best that fits {chip}{speed}: mobilenet_v1_{chosen.alpha}_{chosen.res_px}, int8"
        f" {chosen.int8_top1:.2%}, {chosen.required_bytes:,} bytes, {chosen.fps:.1f} fps (estimated)"
    )
