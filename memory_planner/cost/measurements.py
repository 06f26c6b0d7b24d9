"""Measured times from CSV: whole networks on a board, and layers of a profile; what cannot be used, with why.

The columns of networks are those of the project's anchors: model, alpha, res, classes, format, board,
clock_MHz, latency_ms or fps, engine, note; others are ignored.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from graph import tflite
from graph.errors import ChipError, ModelError
from graph.mobilenet import CLASSES, fdmobilenet, mobilenet_v1
from graph.types import Graph

NEEDED = ("model", "alpha", "res", "board", "latency_ms")
LAYER_NEEDED = ("layer", "kind", "cin", "cout", "hin", "hout", "cycles")
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Measured:
    """One network's time on one board."""

    label: str
    graph: Graph
    board: str
    engine: str
    clock_hz: float | None
    seconds: float
    source: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot be used."""

    line: int
    label: str
    why: str
    board: str = ""
    engine: str = ""


class UnusableError(Exception):
    """What is wrong with one row."""


def networks(path: str) -> tuple[list[Measured], list[Refused]]:
    """The rows of `path` that can be used, and the others with why.

    Raises: ChipError naming the file, and the column that is missing.
    """
    found, refused = [], []
    for line, row in rows(path, NEEDED):
        label = " ".join(filter(None, (row["model"], row["alpha"], row["res"], row.get("classes", ""))))
        try:
            found.append(_measured(row, label, Path(path).parent))
        except (UnusableError, ModelError) as error:
            where = row["board"], row.get("engine", "")
            refused.append(Refused(line, label, str(error), *where))
    return found, refused


def rows(path: str, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV with their lines, cells stripped.

    Raises: ChipError naming the file, and the column that is missing.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ChipError(f"{path}: no such file; give a CSV of measurements (docs/chips.md)") from None
    except UnicodeDecodeError as error:
        raise ChipError(f"{path}: not a CSV in UTF-8 ({error.reason})") from error
    reader = csv.DictReader(text.splitlines())
    lacking = [name for name in needed if name not in (reader.fieldnames or ())]
    if lacking:
        raise ChipError(f"{path}: no column {', '.join(lacking)} in its first line; see docs/chips.md")
    try:
        for row in reader:
            if any(row.values()):
                yield reader.line_num, {k: (v or "").strip() for k, v in row.items() if isinstance(k, str)}
    except csv.Error as error:
        raise ChipError(f"{path}: line {reader.line_num}: {error}") from error


def _measured(row: Row, label: str, folder: Path) -> Measured:
    form = row.get("format", "int8") or "int8"
    if "int4" in form or not ("int8" in form or "uint8" in form):
        raise UnusableError(f"its format is {form}, not int8")
    milliseconds = number(row, "latency_ms") if row["latency_ms"] else 1e3 / number(row, "fps")
    clock = number(row, "clock_MHz") * 1e6 if row.get("clock_MHz") else None
    note = row.get("note", "")
    return Measured(
        label=f"{label}{' grayscale' if 'gray' in note.lower() else ''}",
        graph=_graph(row, folder),
        board=row["board"],
        engine=row.get("engine", ""),
        clock_hz=clock,
        seconds=milliseconds / 1e3,
        source=row.get("source", ""),
    )


def _graph(row: Row, folder: Path) -> Graph:
    model = row["model"]
    if model.endswith(".tflite"):
        return tflite.read_file(str(folder / model))
    known = re.sub(r"[-_ ]", "", model.lower())
    make = fdmobilenet if "fdmobilenet" in known else mobilenet_v1 if "mobilenetv1" in known else None
    if make is None:
        raise UnusableError("no network that is known by name; give the path of a .tflite as its model")
    gray = "gray" in (row.get("note", "") + model).lower()
    alpha, res = number(row, "alpha", "1.0"), number(row, "res")
    return make(alpha, int(res), int(number(row, "classes", str(CLASSES))), 1 if gray else 3)


def number(row: Row, name: str, otherwise: str = "") -> float:
    """The number above zero in a column.

    Raises: UnusableError where there is none.
    """
    text = row.get(name, "") or otherwise
    try:
        value = float(text)
    except ValueError:
        raise UnusableError(f"{name} is {text!r}, no number" if text else f"no {name}") from None
    if not 0 < value < 1e12:
        raise UnusableError(f"{name} is {text}, which cannot be")
    return value
