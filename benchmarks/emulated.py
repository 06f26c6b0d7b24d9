"""Instructions of an inference on emulated boards: each path of the emitted C beside the plain one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.emitted_c import NAME
from export.emulation import SPEED, Booted, boot, missing_tools

MACHINES = ("cortex-m55", "cortex-m7")
PLAIN = f"{SPEED} -D{NAME.upper()}_PLAIN"


@dataclass(frozen=True, slots=True)
class Counted:
    """A folder on one board, built with its path and without; `why` there are no instructions."""

    machine: str
    instructions: int | None = None
    plain_instructions: int | None = None
    why: str = ""

    @property
    def times_fewer(self) -> float | None:
        if not self.instructions or not self.plain_instructions:
            return None
        return self.plain_instructions / self.instructions


def counted(folder: Path, machines: Sequence[str] = MACHINES) -> list[Counted]:
    """The folder's first golden vector on every board; a board without its tools is told as such."""
    found = []
    for machine in machines:
        missing = missing_tools([machine])
        if missing:
            found.append(Counted(machine, why=f"not installed: {', '.join(missing)}"))
            continue
        fast, plain = (boot(folder, machine, flags) for flags in (SPEED, PLAIN))
        why = next((f"{b.cflags}: {b.why}" for b in (fast, plain) if not b.passed), "")
        found.append(Counted(machine, _passed(fast), _passed(plain), why))
    return found


def _passed(booted: Booted) -> int | None:
    return booted.instructions if booted.passed else None


def as_json(board: Counted) -> dict[str, Any]:
    return {**asdict(board), "times_fewer": board.times_fewer}


def table(model: str, boards: Sequence[Mapping[str, Any]]) -> Table:
    """One model's figures, of what `as_json` gives."""
    made = Table("", "instructions", "plain path", "times fewer", "", title=f"{model}, {SPEED}, in QEMU")
    for told in boards:
        counts = [f"{told[key]:,}" if told[key] else "-" for key in ("instructions", "plain_instructions")]
        fewer = f"{told['times_fewer']:.2f}" if told["times_fewer"] else "-"
        made.add_row(told["machine"], *counts, fewer, told["why"])
    return made
