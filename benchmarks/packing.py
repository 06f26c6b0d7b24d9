"""How our packing does on minimalloc's sets, whose capacity stands in the file's name.

    make bench-pack PACKS='../shared/minimalloc/*.*.csv'

Seconds are of this machine, reading aside; the compiler is warmed up before (docs/packing.md).
"""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from firmware_sim.warm import warm
from memory_planner import allocations
from memory_planner.effort import Effort
from memory_planner.first_fit import ORDERS, first_fit
from memory_planner.packing import conflicts, height_bytes, pack

LIMIT_S = 60.0


def row(path: Path) -> list[str]:
    """What the set is and what greedy by size makes of it; ours within the capacity, and our lowest."""
    buffers, capacity = allocations.read(path).buffers, int(re.findall(r"\d+", path.name)[-1])
    by_size = first_fit(conflicts(buffers, 1, {}), ORDERS["greedy by size"](buffers))
    cells = [path.stem, f"{len(buffers)}", f"{capacity:,}"]
    for n, within in enumerate((capacity, None)):
        began = time.monotonic()
        packing = pack(buffers, 1, capacity_bytes=within, effort=Effort(seconds=LIMIT_S))
        if n == 0:
            cells += [f"{packing.lower_bound_bytes:,}", f"{height_bytes(buffers, by_size, 1):,}"]
        seconds = f"{time.monotonic() - began:.1f}"
        cells += [f"{packing.height_bytes:,}", packing.proof.value, seconds]
    return cells


def main(paths: list[str]) -> None:
    """Print one row a file."""
    warm()
    table = Table("set", "buffers", "capacity", "lower bound", "by size")
    for title in ("fits in", "proof", "s", "lowest", "proof", "s"):
        table.add_column(title, justify="right")
    for path in sorted(paths):
        table.add_row(*row(Path(path)))
    Console(width=150).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
