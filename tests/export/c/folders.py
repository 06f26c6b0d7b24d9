"""Firmware folders of networks made by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from export import folder, golden
from export.c import folder as c_folder
from export.firmware import Firmware
from export.tflm_arena import Unmeasured
from firmware_sim.program import prepare
from firmware_sim.run import run_batch
from graph.types import Graph
from memory_planner import chip
from memory_planner.types import Plan

NPU6M = chip.load("npu6m")
BLOB = b"a network made by hand"


def firmware(graph: Graph, plan: Plan, name: str = "net", count: int = 2) -> Firmware:
    program = prepare(graph, plan)

    def simulate(batch: np.ndarray) -> tuple[np.ndarray, ...]:
        return run_batch(program, batch, workers=1, progress=False)

    vectors = golden.make(graph, simulate, count=count)
    return Firmware(name, BLOB, graph, plan, NPU6M, vectors, Unmeasured("made by hand"))


def written(graph: Graph, plan: Plan, path: Path, name: str = "net", count: int = 2) -> Path:
    """The folder of a network's own C."""
    folder.write_folder(path, c_folder.files(firmware(graph, plan, name, count)))
    return path
