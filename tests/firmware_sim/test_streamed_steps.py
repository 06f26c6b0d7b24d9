"""Streamed and overlapped steps give the bits of whole ones, in an arena poisoned where it is free."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.program import prepare
from firmware_sim.run import Machine
from graph.attrs import Padding
from graph.errors import PlanError
from graph.op_kind import OpKind
from graph.types import Graph
from memory_planner import chip, plan, validate
from memory_planner.streamed import streamed_plan
from memory_planner.streams import Order, separations
from memory_planner.types import Buffer, Lifetime, Plan, Role, Schedule, Step
from memory_planner.validator import Law
from tests.networks import Builder, networks

FEW = settings(max_examples=60, deadline=None)
MANY = settings(max_examples=2000, deadline=None)
NPU6M = chip.load("npu6m")


def same_bits(graph: Graph, made: Plan, picture: np.ndarray) -> None:
    expected = Machine(prepare(graph, plan(graph, NPU6M))).infer([picture], keep_activations=True)
    actual = Machine(prepare(graph, made)).infer([picture], keep_activations=True)
    for index, values in expected.activations.items():
        seen = actual.activations[index]
        missing = np.ma.getmaskarray(seen)
        assert np.array_equal(values[~missing], np.ma.getdata(seen)[~missing])
    for one, other in zip(expected.outputs, actual.outputs, strict=True):
        assert np.array_equal(one, other)


def check(case: tuple[Graph, np.ndarray], alignment: int, delivered: bool, budget: int | None) -> None:
    graph, picture = case
    inputs = frozenset(graph.inputs if delivered else ())
    try:
        made = streamed_plan(graph, graph.ops, alignment, inputs, budget)
    except PlanError:
        assert delivered
        return
    assert validate(graph, made) == []
    same_bits(graph, made, picture)


CASES = (networks(), st.sampled_from([1, 16]), st.booleans(), st.sampled_from([None, 700, 10**6]))


@FEW
@given(*CASES)
def test_a_streamed_plan_validates_and_has_the_same_bits(case, alignment, delivered, budget):
    check(case, alignment, delivered, budget)


@pytest.mark.slow
@MANY
@given(*CASES)
def test_two_thousand_streamed_plans_validate_and_have_the_same_bits(case, alignment, delivered, budget):
    check(case, alignment, delivered, budget)


@FEW
@given(networks())
def test_streaming_never_needs_more_than_whole_tensors(case):
    graph, _ = case
    assert streamed_plan(graph, graph.ops, 16).lower_bound_bytes <= plan(graph, NPU6M).arena_bytes


def test_sums_may_become_a_tensor_that_outlives_the_step():
    made = Builder((1, 9, 9, 3), 5)
    at = made.mean(made.layer(made.input, (3, 3), 8, Padding.SAME, (1, 1)))
    graph = made.graph(made.unary(at, OpKind.SOFTMAX))
    planned = streamed_plan(graph, graph.ops, 16, frozenset(graph.inputs))
    assert [step.ops for step in planned.schedule.steps] == [(0, 1), (2,)]
    assert validate(graph, planned) == []


def laws(graph: Graph, broken: Plan) -> set[Law]:
    return {violation.law for violation in validate(graph, broken)}


def differs(graph: Graph, broken: Plan, picture: np.ndarray) -> bool:
    expected = Machine(prepare(graph, plan(graph, NPU6M))).infer([picture])
    actual = Machine(prepare(graph, broken, check_plan=False)).infer([picture])
    return not np.array_equal(expected.outputs[0], actual.outputs[0])


@pytest.mark.parametrize("delivered", [False, True])
def test_no_ring_can_be_a_pixel_smaller(delivered):
    made = Builder((1, 24, 24, 3), 5)
    at = made.layer(made.input, (3, 3), 8, Padding.SAME, (2, 2))
    for channels, stride in ((16, 1), (32, 2)):
        at = made.layer(at, (3, 3), 0, Padding.SAME, (stride, stride))
        at = made.layer(at, (1, 1), channels, Padding.SAME, (1, 1))
    graph, picture = made.graph(at), made.rng.integers(-128, 128, (1, 24, 24, 3)).astype(np.int8)
    good = streamed_plan(graph, graph.ops, 1, frozenset(graph.inputs if delivered else ()))
    rings = [i for i, b in enumerate(good.buffers) if b.role is Role.RING]
    assert rings
    for i in rings:
        pixel_bytes = graph.tensors[good.buffers[i].tensor].shape[3]
        smaller = replace(good.buffers[i], size_bytes=good.buffers[i].size_bytes - pixel_bytes)
        broken = replace(good, buffers=(*good.buffers[:i], smaller, *good.buffers[i + 1 :]))
        if smaller.size_bytes:
            assert Law.OVERWRITTEN in laws(graph, broken)
            assert differs(graph, broken, picture)


LAYERS = {
    "3x3, stride 2, more channels": lambda m: m.layer(m.input, (3, 3), 8, Padding.SAME, (2, 2)),
    "3x3, more channels": lambda m: m.layer(m.input, (3, 3), 5, Padding.SAME, (1, 1)),
    "2x5, fewer channels": lambda m: m.layer(m.input, (2, 5), 1, Padding.VALID, (1, 1)),
    "depthwise": lambda m: m.layer(m.input, (3, 3), 0, Padding.SAME, (1, 1)),
    "depthwise, stride 2": lambda m: m.layer(m.input, (3, 3), 0, Padding.SAME, (2, 2)),
    "pointwise, more channels": lambda m: m.layer(m.input, (1, 1), 7, Padding.SAME, (1, 1)),
    "pointwise, fewer channels": lambda m: m.layer(m.input, (1, 1), 2, Padding.SAME, (1, 1)),
    "max pool": lambda m: m.pool(m.input, OpKind.MAX_POOL_2D, 3, Padding.SAME, 2),
    "average pool": lambda m: m.pool(m.input, OpKind.AVERAGE_POOL_2D, 2, Padding.VALID, 1),
    "pad": lambda m: m.pad(m.input, (1, 2), (3, 1)),
    "nearest": lambda m: m.resize(m.input, OpKind.RESIZE_NEAREST_NEIGHBOR, (22, 18)),
    "softmax": lambda m: m.unary(m.input, OpKind.SOFTMAX),
}


def overlapped(graph: Graph, step: Step, ifm_above_ofm: int) -> Plan:
    """The only operator's input so many bytes above its output."""
    ofm_at = max(0, -ifm_above_ofm)
    ifm, ofm = (graph.tensors[i] for i in (graph.ops[0].inputs[0], graph.ops[0].outputs[0]))
    buffers = tuple(Buffer(t.index, t.size_bytes, Lifetime(0, 1)) for t in (ifm, ofm))
    offsets = (ofm_at + ifm_above_ofm, ofm_at)
    top = max(o + b.size_bytes for o, b in zip(offsets, buffers, strict=True))
    return Plan(Schedule((step,)), buffers, offsets, top, 0, "by hand", 1)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_an_output_one_byte_nearer_to_its_input_is_refused(name, backwards):
    made = Builder((1, 11, 9, 3), 7)
    graph = made.graph(LAYERS[name](made))
    segment = next(Order(graph, graph.ops, 1).ending_at(0, 1, 1 << 20, 0))
    overlap, step = segment.overlaps[0], replace(segment.step, backwards=backwards)
    nearest, further = overlap.forwards, 1
    if backwards:
        nearest, further = -(separations(graph, overlap, 1)[1] or 0), -1
    assert laws(graph, overlapped(graph, step, nearest)) == set()
    assert laws(graph, overlapped(graph, step, nearest + further)) == set()
    assert laws(graph, overlapped(graph, step, nearest - further)) == {Law.OVERLAP}
