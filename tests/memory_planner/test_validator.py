"""Each law, broken on purpose, is named; no other is."""

from dataclasses import replace

import pytest

from graph.mobilenet import mobilenet_v1
from memory_planner import plan, validate
from memory_planner.chip import load
from memory_planner.streamed import c_plan
from memory_planner.types import Lifetime, Role
from memory_planner.validator import Law
from tests.graphs import chain, graph_of

GRAPH = chain(31, 37, 41, 43)
GOOD = plan(GRAPH, load("npu6m"))


def laws(broken, graph=GRAPH):
    return {violation.law for violation in validate(graph, broken)}


def moved(tensor, offset):
    index = [b.tensor for b in GOOD.buffers].index(tensor)
    offsets = list(GOOD.offsets)
    offsets[index] = offset
    return replace(GOOD, offsets=tuple(offsets))


def relived(tensor, start, end):
    return replace(
        GOOD,
        buffers=tuple(
            replace(b, lifetime=Lifetime(start, end)) if b.tensor == tensor else b for b in GOOD.buffers
        ),
    )


def test_a_good_plan_breaks_none():
    assert validate(GRAPH, GOOD) == []


def test_two_live_tensors_in_the_same_bytes_overlap():
    assert laws(moved(1, GOOD.offset_of[0])) == {Law.OVERLAP}


def test_one_byte_of_overlap_is_enough():
    tight = replace(GOOD, alignment_bytes=1, offsets=(0, 30, 67, 0), arena_bytes=108)
    assert laws(tight) == {Law.OVERLAP}
    assert laws(replace(tight, offsets=(0, 31, 68, 0), arena_bytes=109)) == set()


def test_an_odd_offset_is_misaligned():
    assert Law.MISALIGNED in laws(moved(3, GOOD.offset_of[3] + 8))


@pytest.mark.parametrize("offset", [-16, GOOD.arena_bytes])
def test_bytes_outside_are_out_of_arena(offset):
    assert Law.OUT_OF_ARENA in laws(moved(3, offset))


def test_a_tensor_without_a_buffer_is_missing():
    assert laws(replace(GOOD, buffers=GOOD.buffers[1:], offsets=GOOD.offsets[1:])) == {Law.MISSING}


def test_a_buffer_of_the_wrong_size_is_missing_bytes():
    buffers = (replace(GOOD.buffers[0], size_bytes=30), *GOOD.buffers[1:])
    assert laws(replace(GOOD, buffers=buffers)) == {Law.MISSING}


def test_an_operator_that_is_not_scheduled_is_missing():
    schedule = replace(GOOD.schedule, steps=GOOD.schedule.steps[:-1])
    assert Law.MISSING in laws(replace(GOOD, schedule=schedule))


@pytest.mark.parametrize("arena_bytes", [GOOD.arena_bytes + 16, GOOD.arena_bytes - 16])
def test_an_arena_that_is_not_the_height_is_told(arena_bytes):
    assert Law.WRONG_HEIGHT in laws(replace(GOOD, arena_bytes=arena_bytes))


def test_a_lifetime_that_ends_before_the_last_read_is_a_read_after_free():
    assert laws(relived(1, 0, 1)) == {Law.READ_AFTER_FREE}


def test_an_output_freed_before_the_end_is_a_read_after_free():
    early = graph_of([16, 16, 16], [((0,), (1,)), ((1,), (2,))], [1, 2])
    good = plan(early, load("npu6m"))
    assert validate(early, good) == []
    shortened = [replace(b, lifetime=Lifetime(0, 1)) if b.tensor == 1 else b for b in good.buffers]
    assert Law.READ_AFTER_FREE in laws(replace(good, buffers=tuple(shortened)), early)


def test_an_input_that_comes_late_is_a_read_after_free():
    assert Law.READ_AFTER_FREE in laws(relived(0, 1, 2))


@pytest.mark.parametrize("streamed_input", [False, True])
def test_a_tensor_outlives_the_sums_that_it_is_written_over(streamed_input):
    graph = mobilenet_v1(1.0, 512)
    made = c_plan(graph, load("npu6m"), streamed_input=streamed_input)
    summed = {b.tensor for b in made.buffers if b.role is Role.SUMS}
    wholes = {b.tensor: o for b, o in zip(made.buffers, made.offsets, strict=True) if b.role is Role.WHOLE}
    assert streamed_input == bool(summed)
    assert validate(graph, made) == []
    assert {i: wholes[i] for i in summed} == {i: made.offset_of[i] for i in summed}
