"""Arenas of our plan beside what TensorFlow Lite Micro records for the same files.

    make bench-arena MODELS='../shared/models/*.tflite'

Activations only. TFLM's head is measured by its recording allocator, and holds its kernels' scratch too.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from export.tflm_arena import TflmArena, measure
from graph import tflite
from graph.errors import ModelError
from memory_planner import plan
from memory_planner.chip import load


def row(path: Path) -> list[str]:
    """Name, lower bound, our arena, TFLM's head, ours as a share of it; or why there is none."""
    try:
        made = plan(tflite.read_file(path), load("npu6m"))
    except ModelError as error:
        return [path.stem, "-", "-", "-", str(error).removeprefix(f"{path}: ").split(";")[0]]
    theirs = measure(path.read_bytes())
    ours = [path.stem, f"{made.lower_bound_bytes:,}", f"{made.arena_bytes:,}"]
    if isinstance(theirs, TflmArena):
        return [*ours, f"{theirs.head_bytes:,}", f"{made.arena_bytes / theirs.head_bytes:.1%}"]
    return [*ours, "-", "TFLM does not run it"]


def main(paths: list[str]) -> None:
    """Print one row a model."""
    table = Table("model", "lower bound", "ours", "TFLM's head", "ours / TFLM's")
    for path in sorted(paths):
        table.add_row(*row(Path(path)))
    Console(width=120).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
