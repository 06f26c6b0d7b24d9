"""Operators one at a time give the bits of the whole run."""

import numpy as np

from firmware_sim import prepare, run_batch
from firmware_sim.by_operator import drop_unread, run_operator
from memory_planner import chip, plan
from tests.firmware_sim.network import network


def test_one_after_the_other_is_the_whole_run():
    graph = network()
    ifm = graph.tensors[graph.inputs[0]]
    rng = np.random.default_rng(3)
    pictures = rng.integers(-128, 128, (5, *ifm.shape), dtype=np.int8)
    stacks = {ifm.index: pictures}
    for op in graph.ops:
        written, _ = run_operator(graph, op, stacks)
        stacks |= written
        drop_unread(graph, stacks, op)
    assert set(stacks) == set(graph.outputs)
    whole = run_batch(prepare(graph, plan(graph, chip.load("npu6m"))), pictures.reshape(-1, *ifm.shape[1:]))
    for index, expected in zip(graph.outputs, whole, strict=True):
        assert np.array_equal(expected, stacks[index].reshape(expected.shape))
