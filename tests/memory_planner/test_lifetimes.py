from dataclasses import replace

import numpy as np

from graph.types import DType, Tensor
from memory_planner.lifetimes import buffers_of, file_order, state_bytes
from memory_planner.types import Lifetime
from tests.graphs import chain, graph_of


def lifetimes(graph):
    return {b.tensor: b.lifetime for b in buffers_of(graph, file_order(graph))}


def test_a_tensor_lives_from_the_step_that_writes_it_through_the_last_that_reads_it():
    assert lifetimes(chain(5, 7, 11, 13)) == {
        0: Lifetime(0, 1),
        1: Lifetime(0, 2),
        2: Lifetime(1, 3),
        3: Lifetime(2, 3),
    }


def test_a_residual_input_is_kept_across_the_branch():
    residual = graph_of([5, 7, 11, 5], [((0,), (1,)), ((1,), (2,)), ((0, 2), (3,))], [3])
    assert lifetimes(residual)[0] == Lifetime(0, 3)


def test_an_output_made_early_stays_to_the_end():
    early = graph_of([5, 7, 11], [((0,), (1,)), ((1,), (2,))], [1, 2])
    assert lifetimes(early)[1] == Lifetime(0, 2)


def test_an_output_that_nobody_reads_still_needs_its_step():
    split = graph_of([6, 3, 3, 3], [((0,), (1, 2)), ((1,), (3,))], [3])
    assert lifetimes(split)[2] == Lifetime(0, 1)


def test_an_input_that_nobody_reads_is_there_at_step_0():
    unread = replace(
        chain(5, 7), inputs=(0, 2), tensors=(*chain(5, 7).tensors, Tensor(2, "t2", (3,), DType.INT8))
    )
    assert lifetimes(unread)[2] == Lifetime(0, 1)


def test_constants_and_state_are_not_in_the_arena():
    base = graph_of([5, 7, 11, 13], [((0, 1, 2), (3,))], [3])
    weights = replace(base.tensors[1], data=np.zeros(7, np.int8))
    state = replace(base.tensors[2], is_variable=True)
    graph = replace(base, tensors=(base.tensors[0], weights, state, base.tensors[3]))
    assert set(lifetimes(graph)) == {0, 3}
    assert state_bytes(graph) == 11
