"""Buffers as minimalloc's CSV: one a row, `id,lower,upper,size`, and `offset` where they were packed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from files import write_bytes
from graph.errors import AllocationsError
from memory_planner.types import Buffer, Lifetime

_NAMES = {"buffer": "id", "buffer_id": "id", "begin": "lower", "start": "lower"}
_NEEDED = ("id", "lower", "upper", "size")
# Columns that change where a buffer may lie, and the values that ask for nothing.
_REFUSED = {"alignment": ("", "1"), "gaps": ("",)}
_MOST_BYTES = 1 << 60


@dataclass(frozen=True, slots=True)
class Allocations:
    """The file's header and rows as they are, and the buffers that they mean, row by row."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    buffers: tuple[Buffer, ...]


def read(path: str | Path) -> Allocations:
    """The buffers of a CSV; lifetimes are half-open: a row's `upper` is the first step without it.

    A column `end` instead of `upper` names the last step with it. Offsets in the file are not looked at.

    Raises: AllocationsError naming the file, the line, and what is wrong with it.
    Source: google/minimalloc, README.md and src/converter.cc, for columns and their other names.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
        lines = [
            (n, [cell.strip() for cell in row])
            for n, row in enumerate(csv.reader(io.StringIO(text)), 1)
            if row
        ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise AllocationsError(f"{path}: no CSV ({error})") from error
    if len(lines) < 2:
        raise AllocationsError(f"{path}: no buffers; give a header, {','.join(_NEEDED)}, and a row for each")
    header = lines[0][1]
    columns = _columns(path, header)
    buffers, seen = [], set()
    for i, (line, row) in enumerate(lines[1:]):
        where = f"{path}: line {line}"
        if len(row) != len(header):
            raise AllocationsError(f"{where}: {len(row)} cells under a header of {len(header)}")
        cells = {name: row[at] for name, at in columns.items()}
        buffers.append(_buffer(where, i, cells))
        if cells["id"] in seen:
            raise AllocationsError(f"{where}: id {cells['id']!r} stands in an earlier line too")
        seen.add(cells["id"])
    if sum(b.size_bytes for b in buffers) > _MOST_BYTES:
        raise AllocationsError(f"{path}: all sizes together are more than 2**60")
    return Allocations(tuple(header), tuple(tuple(row) for _, row in lines[1:]), tuple(buffers))


def _columns(path: str | Path, header: Sequence[str]) -> dict[str, int]:
    """Where each column stands, by its first name."""
    names = [_NAMES.get(name, name) for name in header]
    if "end" in names and "upper" not in names:
        needed = tuple("end" if name == "upper" else name for name in _NEEDED)
    else:
        needed = _NEEDED
    missing = [name for name in needed if name not in names]
    if missing:
        raise AllocationsError(
            f"{path}: no column {', '.join(missing)} in the header; need {','.join(_NEEDED)}"
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise AllocationsError(f"{path}: column {', '.join(twice)} stands twice in the header")
    return {name: at for at, name in enumerate(names)}


def _buffer(where: str, index: int, cells: dict[str, str]) -> Buffer:
    for name, harmless in _REFUSED.items():
        if cells.get(name, "") not in harmless:
            raise AllocationsError(f"{where}: {name} {cells[name]!r} is not supported; remove the column")
    lower, size = _number(where, "lower", cells), _number(where, "size", cells)
    upper = _number(where, "upper", cells) if "upper" in cells else _number(where, "end", cells) + 1
    if upper <= lower:
        raise AllocationsError(
            f"{where}: upper {upper} is not above lower {lower}; it is the first step without"
        )
    return Buffer(index, size, Lifetime(lower, upper))


def _number(where: str, name: str, cells: dict[str, str]) -> int:
    text = cells[name]
    if not text.isascii() or not text.removeprefix("-").isdigit():
        raise AllocationsError(f"{where}: {name} {text[:40]!r} is no whole number")
    if text.startswith("-"):
        raise AllocationsError(f"{where}: {name} {text[:40]} is negative")
    if len(text.lstrip("0")) > len(str(_MOST_BYTES)):
        raise AllocationsError(f"{where}: {name} {text[:40]} is more than 2**60")
    return int(text)


def write(path: str | Path, allocations: Allocations, offsets: Sequence[int]) -> None:
    """The same rows and a column `offset`, last, in place of one that was there."""
    content = io.StringIO()
    csv.writer(content, lineterminator="\n").writerows(_with_offsets(allocations, offsets))
    write_bytes(path, content.getvalue().encode())


def _with_offsets(allocations: Allocations, offsets: Sequence[int]) -> Iterator[list[str]]:
    kept = [at for at, name in enumerate(allocations.header) if name != "offset"]
    yield [*(allocations.header[at] for at in kept), "offset"]
    for row, offset in zip(allocations.rows, offsets, strict=True):
        yield [*(row[at] for at in kept), str(offset)]
