"""Cycles that a board counted, from the log of its serial port.

Lines with `cycles=NUMBER` are taken, all others are passed over: boards write much else.

    sixmeg frame cycles=65818002          a whole frame
    sixmeg op=3 cycles=1250344            one operator of it, by its index in the model
    sixmeg op=3 name=dw4 cycles=1250344   the same; what else stands in the line is not read

Commas and underscores in a number, 0x and upper case are allowed. A board that counts another clock than the
core's writes `clock_hz=NUMBER` once, in any line.
"""

from __future__ import annotations

import re
import statistics
from dataclasses import dataclass
from pathlib import Path

from graph.errors import SixmegError

_CYCLES = re.compile(r"\bcycles\s*=\s*(0x[0-9a-f]+|[0-9][0-9_,]*)", re.IGNORECASE)
_OP = re.compile(r"\bop\s*=\s*([0-9]+)\b", re.IGNORECASE)
_CLOCK = re.compile(r"\bclock_hz\s*=\s*([0-9][0-9_,]*)", re.IGNORECASE)


class LogError(SixmegError):
    """A log with no cycles in it."""


@dataclass(frozen=True, slots=True)
class Counted:
    """`frames` are the cycles of each whole frame; `ops` those of each operator, by index."""

    frames: tuple[int, ...]
    ops: dict[int, tuple[int, ...]]
    clock_hz: int | None

    @property
    def frame_cycles(self) -> float:
        """The median frame; where none was counted whole, the sum of its operators' medians."""
        if self.frames:
            return statistics.median(self.frames)
        return sum(self.op_cycles.values())

    @property
    def op_cycles(self) -> dict[int, float]:
        """The median of each operator."""
        return {op: statistics.median(found) for op, found in sorted(self.ops.items())}


def read(path: str) -> Counted:
    """The cycles in the log at `path`.

    Raises: LogError naming the file, where it is missing or has no `cycles=` in it.
    """
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise LogError(f"{path}: {error.strerror or error}; give a board's log") from error
    frames: list[int] = []
    ops: dict[int, list[int]] = {}
    clock = None
    for line in text.splitlines():
        if told := _CLOCK.search(line):
            clock = _number(told[1])
        if not (counted := _CYCLES.search(line)) or not _number(counted[1]):
            continue
        op = _OP.search(line)
        (ops.setdefault(int(op[1]), []) if op else frames).append(_number(counted[1]))
    if not frames and not ops:
        raise LogError(f"{path}: no cycles=NUMBER in it; the lines are described in docs/chips.md")
    return Counted(tuple(frames), {op: tuple(found) for op, found in ops.items()}, clock)


def _number(text: str) -> int:
    """A whole number as boards print it.

    >>> _number("1_250,344"), _number("0xFF")
    (1250344, 255)
    """
    plain = text.replace(",", "").replace("_", "")
    return int(plain, 16) if plain.lower().startswith("0x") else int(plain)
