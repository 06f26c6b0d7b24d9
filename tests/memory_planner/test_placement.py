"""Buffers and constants in several memories: by law, and against brute force."""

from dataclasses import replace
from fractions import Fraction
from itertools import product

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import tflite
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, Tensor
from memory_planner import fit, plan, validate
from memory_planner.assignment import choices_of
from memory_planner.chip import load, names
from memory_planner.fit import constants_bytes
from memory_planner.placement import _Task
from memory_planner.streamed import c_plan
from memory_planner.traffic import ONCE
from memory_planner.types import Proof
from memory_planner.validator import Law
from tests.chips import chip_of, chips, memory
from tests.graphs import chain, graph_of, graphs
from tests.memory_planner.packings import smallest_arena


@st.composite
def weighted(draw: st.DrawFn, max_ops: int = 4) -> Graph:
    """A random graph of `graphs` with up to three constants and a state, each read by some operators."""
    plain = draw(graphs(max_ops=max_ops, max_size=40))
    tensors, ops = list(plain.tensors), list(plain.ops)
    for _ in range(draw(st.integers(0, 3))):
        size = draw(st.integers(1, 60))
        index = len(tensors)
        tensors.append(
            Tensor(index, f"c{index}", (size,), DType.INT8, data=np.zeros(size, np.int8), buffer=index)
        )
        for k in draw(st.sets(st.integers(0, len(ops) - 1), min_size=1, max_size=2)):
            ops[k] = replace(ops[k], inputs=(*ops[k].inputs, index))
    if draw(st.booleans()):
        index = len(tensors)
        tensors.append(Tensor(index, "state", (draw(st.integers(1, 20)),), DType.INT8, is_variable=True))
        ops[0] = replace(ops[0], inputs=(*ops[0].inputs, index))
    return replace(plain, tensors=tuple(tensors), ops=tuple(ops))


def least_cost(graph, made, chip):
    """The cost of the best placement by trying all; None where nothing fits."""
    task = _Task(graph, made, chip, ONCE)
    rooms, alignment, best = task.rooms, made.alignment_bytes, None
    for where in product(task.arenas, repeat=len(made.buffers)):
        left = [room.bytes for room in rooms]
        if len(task.arenas) == 1:
            left[where[0]] -= made.arena_bytes
        else:
            for k in set(where):
                mine = [b for b, room in zip(made.buffers, where, strict=True) if room == k]
                left[k] -= smallest_arena(mine, alignment)
        if min(left) < 0:
            continue
        moved = sum(t * rooms[k].activation_cost for t, k in zip(task.traffic, where, strict=True))
        for choices in product(*(choices_of(item, rooms) for item in task.items)):
            after = list(left)
            for item, choice in zip(task.items, choices, strict=True):
                for k in choice.taken:
                    after[k] -= item.size_bytes
            cost = moved + sum(c.cost for c in choices)
            if min(after) >= 0 and (best is None or cost < best):
                best = cost
    return None if best is None else Fraction(best, task.unit)


@settings(deadline=None, max_examples=150)
@given(weighted(), chips())
def test_a_placement_is_as_cheap_as_the_best_of_all_or_states_its_gap(graph, chip):
    made = plan(graph, chip)
    placement, least = made.placement, least_cost(graph, made, chip)
    if placement.fits:
        assert placement.traffic_cycles - placement.gap_cycles <= -(-least // 1) <= placement.traffic_cycles
        assert placement.proof is Proof.NONE or placement.traffic_cycles == -(-least // 1)
    else:
        assert placement.proof is Proof.NONE or least is None


@settings(deadline=None)
@given(weighted(max_ops=8), chips(max_bytes=400))
def test_a_plan_over_several_memories_validates_and_its_books_balance(graph, chip):
    made = plan(graph, chip)
    placement = made.placement
    assert validate(graph, made) == []
    for name, use in ((m.name, m) for m in placement.memories):
        tops = [
            o + b.size_bytes
            for b, o, where in zip(made.buffers, made.offsets, placement.buffers, strict=True)
            if where == name
        ]
        assert max(tops, default=0) <= use.arena_bytes < max(tops, default=0) + made.alignment_bytes
        assert use.capacity_bytes - use.reserved_bytes - use.used_bytes == use.margin_bytes
    assert made.arena_bytes == sum(m.arena_bytes for m in placement.memories)
    kept = [m for m in placement.memories if m.name == "flash"] or placement.memories
    assert constants_bytes(graph) == sum(m.weights_bytes for m in kept)


@settings(deadline=None)
@given(weighted(max_ops=8), chips(max_bytes=400))
def test_a_placement_depends_on_graph_and_chip_alone(graph, chip):
    assert plan(graph, chip) == plan(graph, chip)


@settings(deadline=None)
@given(graphs(), st.integers(1, 400))
def test_with_one_memory_the_arena_stays_as_it_is(graph, size):
    shared, alone = plan(graph, chip_of(memory("sram", size, 8))), plan(graph, chip_of(memory("x", 10**6, 1)))
    assert (alone.offsets, alone.arena_bytes, alone.lower_bound_bytes) == (
        shared.offsets,
        shared.arena_bytes,
        shared.lower_bound_bytes,
    )
    assert fit(graph, shared, chip_of(memory("sram", size, 8)), 0).margin_bytes == size - shared.arena_bytes


def dense(sizes: list[int], activations: int = 16) -> Graph:
    """A chain of operators that each read a constant of one of `sizes`."""
    plain = chain(*[activations] * (len(sizes) + 1))
    constants = tuple(
        Tensor(
            len(plain.tensors) + i, f"w{i}", (size,), DType.INT8, data=np.zeros(size, np.int8), buffer=i + 1
        )
        for i, size in enumerate(sizes)
    )
    pairs = zip(plain.ops, constants, strict=True)
    ops = tuple(Op(op.index, OpKind.ADD, (*op.inputs, c.index), op.outputs) for op, c in pairs)
    return replace(plain, tensors=plain.tensors + constants, ops=ops)


def test_what_is_moved_most_lies_where_moving_is_cheapest():
    chip = chip_of(memory("fast", 48, 8), memory("slow", 1000, 1))
    made = plan(dense([16, 16, 16]), chip)
    fast, slow = made.placement.memories
    assert set(made.placement.buffers) == {"fast"}  # written and read: twice the traffic of weights
    assert (fast.activations_bytes, fast.weights_bytes, slow.weights_bytes) == (32, 16, 32)
    assert made.placement.traffic_cycles == (4 * 16 + 3 * 16 + 16) // 8 + 32


def test_the_bytes_that_fill_the_fast_memory_best_go_there():
    """50 of 51: first fit by size would take 30 and stop at 45."""
    chip = chip_of(memory("fast", 51, 8, "w"), memory("slow", 1000, 1))
    made = plan(dense([30, 25, 25, 15]), chip)
    assert made.placement.memories[0].weights_bytes == 50
    assert made.placement.proof is Proof.SEARCH


def test_a_buffer_that_fits_no_memory_whole_is_over_budget():
    chip = chip_of(memory("one", 60, 8, "a"), memory("two", 60, 8, "a"), memory("rom", 9, 1, "w", flash=True))
    assert plan(chain(56, 60), chip).placement.fits
    made = plan(chain(61, 16), chip)
    assert (made.placement.fits, made.placement.proof) == (False, Proof.SEARCH)
    answer = fit(chain(61, 16), made, chip, 0)
    assert (answer.fits, answer.margin_bytes) == (False, -4 * (20 - 15))


def test_of_many_ways_that_leave_weights_no_room_the_one_that_does_is_found():
    """Two constants of 21 bytes and a state of 1 fill the first memory; all activations must leave it."""
    plain = graph_of([1, 1, 3, 5], [((0,), (1,)), ((0,), (2,)), ((0,), (3,))], [1, 3])
    kept = [
        *(Tensor(i, f"c{i}", (21,), DType.INT8, data=np.zeros(21, np.int8), buffer=i) for i in (4, 5)),
        Tensor(6, "state", (1,), DType.INT8, is_variable=True),
    ]
    first = replace(plain.ops[0], inputs=(0, 4, 5, 6))
    graph = replace(plain, tensors=(*plain.tensors, *kept), ops=(first, *plain.ops[1:]))
    one = memory("one", 43, 0.5, activation_rate=4)
    made = plan(graph, chip_of(one, memory("two", 16, 1, activation_rate=0.25), memory("three", 8, 0.5)))
    assert made.placement.fits
    assert made.placement.traffic_cycles == -(-482 // 4)


def test_a_flash_keeps_a_copy_of_what_runs_from_ram():
    chip = chip_of(memory("ram", 500, 8), memory("flash", 100, 1, "w", flash=True))
    ram, flash = plan(dense([40, 50]), chip).placement.memories
    assert (ram.weights_bytes, flash.weights_bytes, flash.traffic_bytes) == (90, 90, 0)
    assert not plan(dense([40, 61]), chip).placement.fits


def test_a_flash_that_cannot_execute_in_place_only_keeps():
    flash = msgspec.structs.replace(memory("flash", 200, 100, "w", flash=True), execute_in_place=False)
    made = plan(dense([40, 50]), chip_of(memory("ram", 150, 1), flash))
    assert {name for _, name in made.placement.constants} == {"ram"}
    assert not plan(dense([40, 50]), chip_of(memory("ram", 100, 1), flash)).placement.fits


CHIP = chip_of(memory("one", 80, 8), memory("two", 80, 4))
SPLIT = plan(chain(60, 60, 20), CHIP)


def laws(broken):
    return {violation.law for violation in validate(chain(60, 60, 20), broken)}


def moved_to(**memories):
    where = zip(SPLIT.buffers, SPLIT.placement.buffers, strict=True)
    moved = tuple(memories.get(f"t{b.tensor}", memory) for b, memory in where)
    return replace(SPLIT, placement=replace(SPLIT.placement, buffers=moved))


def test_buffers_of_two_memories_may_have_the_same_offset():
    assert SPLIT.placement.buffers[:2] in [("one", "two"), ("two", "one")]
    assert SPLIT.offsets[:2] == (0, 0)
    assert laws(SPLIT) == set()


def test_a_buffer_in_the_other_memory_overlaps_there():
    assert Law.OVERLAP in laws(moved_to(t0=SPLIT.placement.buffers[1]))


def test_a_memory_that_is_not_there_is_told():
    assert laws(moved_to(t0="three")) == {Law.MISSING}


def test_an_arena_is_measured_in_each_memory():
    memories = tuple(replace(m, arena_bytes=m.arena_bytes + 16) for m in SPLIT.placement.memories)
    assert Law.WRONG_HEIGHT in laws(replace(SPLIT, placement=replace(SPLIT.placement, memories=memories)))


@pytest.mark.parametrize("chip", names())
@pytest.mark.parametrize("model", ["tflm_person_detect_mnv1_025_96_int8", "tflm_micro_speech_int8"])
def test_published_models_of_the_smallest_kind_fit_every_chip_with_proof(shared, chip, model):
    graph = tflite.read_file(shared / "models" / f"{model}.tflite")
    made = plan(graph, load(chip))
    assert validate(graph, made) == []
    assert made.placement.fits
    assert made.placement.proof is not Proof.NONE


def test_for_c_tensors_are_spread_where_an_arena_in_one_piece_fits_no_memory():
    graph = graph_of([60, 60], [((0,), (1,))], [0, 1])
    chip = chip_of(memory("one", 64, 8), memory("two", 64, 4))
    made = c_plan(graph, chip)
    assert made.placement.fits
    assert set(made.placement.buffers) == {"one", "two"}
    assert validate(graph, made) == []
