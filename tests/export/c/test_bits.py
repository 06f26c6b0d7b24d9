"""The emitted C has the simulator's bits, tensor by tensor, in every kind of plan."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.emitted import Compiled, Folder
from firmware_sim.program import prepare
from firmware_sim.run import Machine
from graph.errors import PlanError
from graph.types import Graph
from memory_planner import plan
from memory_planner.streamed import streamed_plan
from memory_planner.types import Plan
from tests.export.c.folders import BLOB, NPU6M, written
from tests.networks import networks

FEW = settings(max_examples=18, deadline=None)
MANY = settings(max_examples=700, deadline=None)
CASES = (networks(), st.sampled_from([1, 16]), st.booleans(), st.sampled_from([None, 700, 10**6]))


def bytes_that_differ(graph: Graph, made: Plan, pictures: np.ndarray, flags: str = "-O1") -> tuple[int, int]:
    """Of all tensors: bytes compared and bytes different, with the C compiled by `flags`."""
    machine, compared, different = Machine(prepare(graph, plan(graph, NPU6M))), 0, 0
    with tempfile.TemporaryDirectory() as work:
        side = Compiled(Folder.read(written(graph, made, Path(work, "net")), BLOB), graph, flags)
    tensors = tuple(op.outputs[0] for op in graph.ops)
    seen = side.record((pictures,), tensors)
    assert not seen.unreadable
    for sample, picture in enumerate(pictures):
        expected = machine.infer([picture], keep_activations=True)
        for index in tensors:
            values = seen.tensors[index][sample]
            there = ~np.ma.getmaskarray(values)
            compared += int(there.sum())
            different += int((expected.activations[index] != np.ma.getdata(values))[there].sum())
    return compared, different


def check(case: tuple[Graph, np.ndarray], alignment: int, delivered: bool, budget: int | None) -> None:
    graph, picture = case
    inputs = frozenset(graph.inputs if delivered else ())
    try:
        made = streamed_plan(graph, graph.ops, alignment, inputs, budget)
    except PlanError:
        assert delivered
        return
    compared, different = bytes_that_differ(graph, made, np.stack([picture, picture[..., ::-1]]))
    assert (compared > 0, different) == (True, 0)


@FEW
@given(*CASES)
def test_random_networks_have_the_simulators_bits_in_streamed_and_overlapped_plans(
    case, alignment, delivered, budget
):
    check(case, alignment, delivered, budget)


@pytest.mark.slow
@MANY
@given(*CASES)
def test_seven_hundred_random_networks_have_the_simulators_bits(case, alignment, delivered, budget):
    check(case, alignment, delivered, budget)


@settings(max_examples=8, deadline=None)
@given(networks())
def test_random_networks_have_the_simulators_bits_in_plans_of_whole_tensors(case):
    graph, picture = case
    compared, different = bytes_that_differ(graph, plan(graph, NPU6M), picture[None])
    assert (compared > 0, different) == (True, 0)
