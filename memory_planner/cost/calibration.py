"""From files of measurements to a chip: which rows, on which base, and what they cannot tell apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import msgspec
import numpy as np

from graph.errors import ChipError
from graph.types import Graph
from memory_planner import chip as chips
from memory_planner.chip import Chip, Memory, Rate, Size
from memory_planner.cost.estimate import Estimate, estimate
from memory_planner.cost.family import network_of
from memory_planner.cost.fitting import PARTS, Design, Fit, Sample, fit, fitted_with
from memory_planner.cost.measurements import Measured, Refused, networks
from memory_planner.cost.profile import layers
from memory_planner.cost.work import works
from memory_planner.cost.written import fitted_chip
from memory_planner.plan import plan
from memory_planner.types import Plan

UNKNOWN_BYTES = 2**26
"""Of each memory of a board that no shipped chip describes, which then fits every network measured."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A chip from measurements, and what was done to get it."""

    chip: Chip
    fit: Fit
    refused: tuple[Refused, ...]
    notes: tuple[str, ...]


def calibrated(
    path: str | None,
    profile: str | None,
    name: str,
    *,
    base: str | None = None,
    board: str | None = None,
    engine: str | None = None,
    estimates: bool = False,
) -> Calibration:
    """The chip `name`, fitted to the networks at `path` and the layers at `profile`.

    `estimates`: what they say a tool has estimated, and no board has taken.

    Raises: ChipError where rows are of several boards, or too few; also as `networks` and `layers`.
    """
    rows, refused = _rows(path, board, engine) if path else ([], [])
    start = chips.load(base) if base else _base_of(rows)
    samples = [_sample(row, start, path) for row in rows]
    if profile:
        samples += layers(profile, start)
    try:
        made = fit(samples, start)
    except ChipError as error:
        raise ChipError(f"{path or profile}: {error}{_first(refused)}") from error
    engines = sorted({row.engine for row in rows if row.engine})
    files = " and ".join(Path(p).name for p in (path, profile) if p)
    told = ", ".join(filter(None, (*{row.board for row in rows}, "; ".join(engines))))
    source = f"{len(samples)} rows of {files}{f' ({told})' if told else ''}"
    notes = []
    if len(engines) > 1:
        notes.append(
            f"rows of {len(engines)} engines are fitted as one ({'; '.join(engines)}); --engine takes one"
        )
    summary = f"{start.summary.split(';')[0]}; speed fitted to {source}"
    chip = fitted_chip(made, name, summary, source, tuple(inseparable(made)), estimates=estimates)
    return Calibration(chip, made, tuple(refused), tuple(notes))


@dataclass(frozen=True, slots=True)
class Checked:
    """One measurement beside what the chip says of it; `error` is the estimate's, relative in time."""

    label: str
    measured_fps: float
    estimate: Estimate

    @property
    def error(self) -> float:
        return self.measured_fps / self.estimate.fps - 1

    @property
    def is_inside(self) -> bool:
        return self.estimate.fps_low <= self.measured_fps <= self.estimate.fps_high


def checked(
    path: str, chip: Chip, *, board: str | None = None, engine: str | None = None
) -> tuple[list[Checked], list[Refused]]:
    """The rows at `path` beside what `chip` says of them; nothing is fitted.

    Raises: ChipError as `calibrated`, but that one row is enough.
    """
    rows, refused = _rows(path, board, engine)
    found = []
    for row in rows:
        _check_clock(row, chip, path)
        made = estimate(row.graph, plan(row.graph, chip), chip)
        found.append(Checked(row.label, 1 / row.seconds, made))
    return found, refused


def _rows(path: str, board: str | None, engine: str | None) -> tuple[list[Measured], list[Refused]]:
    """The rows of one board and engine, and those of it that cannot be used."""
    rows, refused = networks(path)
    rows = [r for r in rows if _has(r.board, board) and _has(r.engine, engine)]
    refused = [r for r in refused if _has(r.board, board) and _has(r.engine, engine)]
    _one_board(rows, refused, path)
    return rows, refused


def _has(text: str, wanted: str | None) -> bool:
    return wanted is None or wanted.lower() in text.lower()


def _first(refused: Sequence[Refused]) -> str:
    """What is wrong with the first row that cannot be used."""
    if not refused:
        return ""
    first, count = refused[0], "1 row" if len(refused) == 1 else f"{len(refused)} rows"
    return f"; {count} cannot be used, the first in line {first.line}: {first.why}"


def _one_board(rows: Sequence[Measured], refused: Sequence[Refused], path: str) -> None:
    boards = sorted({row.board for row in rows})
    if not boards:
        raise ChipError(f"{path}: no row can be used; see docs/chips.md for its columns{_first(refused)}")
    if len(boards) > 1:
        counts = ", ".join(f"{b} ({sum(r.board == b for r in rows)})" for b in boards)
        raise ChipError(f"{path}: rows of several boards, --board takes one: {counts}")


def _base_of(rows: Sequence[Measured]) -> Chip:
    """The shipped chip that is on the board; else one with its clock and memories that hold anything."""
    board = rows[0].board if rows else ""
    clocks = {row.clock_hz for row in rows if row.clock_hz}
    for name in chips.names():
        known = chips.load(name)
        if board in known.boards:
            return known
    like = chips.load("npu6m")
    first = like.memory[0]

    def memory(name: str, **kept: object) -> Memory:
        size = Size(UNKNOWN_BYTES, "assumed", "not told by the measurements")
        return msgspec.structs.replace(first, name=name, bytes=size, **kept)

    flash = memory("flash", kind="flash", execute_in_place=True, holds=("weights",))
    return msgspec.structs.replace(
        like,
        summary=f"{board or 'A chip'}, known by its measurements alone",
        memory=(memory("ram", holds=("activations",)), flash),
        boards=(board,) if board else (),
        clock_hz=Rate(min(clocks), "measured", "the measurements' own") if clocks else like.clock_hz,
        overlap="sum",
    )


def _sample(row: Measured, chip: Chip, path: str | None) -> Sample:
    _check_clock(row, chip, path)
    return sample(row.label, row.graph, plan(row.graph, chip), chip, row.seconds * chip.clock_hz.value)


def _check_clock(row: Measured, chip: Chip, path: str | None) -> None:
    clock = row.clock_hz or chip.clock_hz.value
    if abs(clock / chip.clock_hz.value - 1) > 1e-6:
        raise ChipError(
            f"{path}: {row.label} ran at {clock:,.0f} Hz, {chip.name} is at {chip.clock_hz.value:,.0f};"
            " give a chip with that clock"
        )


def sample(label: str, graph: Graph, made: Plan, chip: Chip, cycles: float) -> Sample:
    """A network's measurement as the fit takes it."""
    network = network_of(graph)
    shapes = tuple(graph.tensors[i].shape for i in (*graph.inputs, *graph.outputs))
    what = (network.family, network.alpha, shapes, len(graph.ops))
    work = works(graph, made, chip)
    return Sample(label, what, network.family, network.alpha, network.res_px, work, cycles)


def inseparable(made: Fit) -> Iterable[str]:
    """What the rows cannot tell apart, a sentence each."""
    together = list(proportional(made))
    yield from (f"{one} and {other} are in the same proportion in every row" for one, other in together)
    for name in made.parameters:
        *first, last = name.split("+")
        if first and not (len(first) == 1 and (first[0], last) in together):
            apart = _apart(made, name)
            told = "" if apart is None else f": apart, rows left out are off by {100 * apart:.1f} %"
            yield f"{', '.join(first)} and {last} have one rate{told}"
    for part in ("weights", "activations"):
        if part not in made.parameters:
            yield f"bytes of {part} are contained in the other figures"


def proportional(made: Fit) -> Iterable[tuple[str, str]]:
    """Pairs of parts that are in the same proportion, to one part in a hundred, in every row."""
    parts = [*PARTS] if not all(s.is_layer for s in made.samples) else [p for p in PARTS if p != "frame"]
    plain = msgspec.structs.replace(made.base, overlap="sum")
    columns = Design(made.samples, plain, parts).features(np.ones(len(parts)))
    for i, j in combinations(range(len(parts)), 2):
        one, other = columns[:, i], columns[:, j]
        if one.all() and other.all() and (one / other).max() <= 1.01 * (one / other).min():
            yield parts[i], parts[j]


def _apart(made: Fit, name: str) -> float | None:
    """The mean error with the classes of one parameter apart; None where one of them comes out as nothing."""
    at = made.parameters.index(name)
    names = (*made.parameters[:at], *name.split("+"), *made.parameters[at + 1 :])
    other = fitted_with(made.samples, made.base, names)
    return None if other is None else other.mean_error
