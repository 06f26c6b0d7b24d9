"""Each operator of the emitted C alone, in the cases that the oracles are tried on, against the simulator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ai_edge_litert", reason="needs the oracle extra")

from export.c.operators import EMITTERS, emitted
from export.errors import ExportError
from firmware_sim.emitted import Compiled, Folder
from firmware_sim.program import prepare
from firmware_sim.run import Machine
from graph.errors import UnsupportedOperatorError
from graph.types import DType, Graph
from memory_planner import plan
from memory_planner.streamed import streamed_plan
from memory_planner.types import Plan
from tests.export.c.folders import BLOB, NPU6M, written
from tests.export.single_operators import chosen, one_input
from tests.oracle.cases import CASES

FEW, MANY = 2, 60
KINDS = sorted(name for name in CASES if name in {kind.value for kind in EMITTERS})


def accepted(graph: Graph) -> bool:
    if not graph.inputs:
        return False
    try:
        emitted(graph)
    except (UnsupportedOperatorError, ExportError):
        return False
    return all(t.elements > 0 for t in graph.tensors) and graph.tensors[graph.inputs[0]].dtype is DType.INT8


def plans(graph: Graph) -> list[Plan]:
    return [plan(graph, NPU6M), streamed_plan(graph, graph.ops, 1)]


def hold(kind: str, count: int, folder: Path) -> int:
    compared = 0
    for n, case in enumerate(chosen(kind, count, accepted)):
        graph = one_input(case)
        for way, made in enumerate(plans(graph)):
            path = written(graph, made, folder / f"{n}_{way}", count=1)
            side = Compiled(Folder.read(path, BLOB), graph, "-O1")
            index = graph.outputs[0]
            picture = case.inputs[0].reshape(1, -1)
            expected = Machine(prepare(graph, plan(graph, NPU6M))).infer([picture]).outputs[0]
            actual = side.record((picture[None],), (index,)).tensors[index][0]
            assert expected.tolist() == np.ma.getdata(actual).tolist(), case.about
            compared += expected.nbytes
    return compared


@pytest.mark.parametrize("kind", KINDS)
def test_an_operator_alone_has_the_simulators_bits(kind, tmp_path):
    assert hold(kind, FEW, tmp_path) > 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_an_operator_alone_has_the_simulators_bits_in_many_cases(kind, tmp_path):
    assert hold(kind, MANY, tmp_path) > 0
