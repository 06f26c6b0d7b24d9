"""Plans for TensorFlow Lite Micro: its greedy planner, given our offsets, needs no more than our arena."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from graph import file_facts, tflite
from graph.offline_plan import with_offline_plan
from graph.op_kind import OpKind
from memory_planner import validate
from memory_planner.tflm.arena import arena, arena_of, prepared
from memory_planner.tflm.greedy import ONLINE, Requirement
from memory_planner.tflm.layout import HOST
from memory_planner.tflm.overlap import Kernels
from memory_planner.tflm.planning import _layings, overlaps, reordered, tflm_plan
from memory_planner.tflm.sharing import apart
from memory_planner.types import Proof, Schedule, Step, aligned
from tests.graphs import chain, graphs
from tests.memory_planner.tflm.networks import networks
from tests.memory_planner.tflm.walks import walk
from tests.tflite_files import file_of


def planned(blob: bytes):
    made = tflm_plan(tflite.read(blob), file_facts.read(blob))
    return made, with_offline_plan(blob, made.plan.schedule.op_order, made.offline_offsets)


@settings(deadline=None)
@given(graphs())
def test_the_head_of_a_planned_file_is_the_plans_arena(graph):
    made, blob = planned(file_of(graph))
    before = arena_of(file_of(graph), HOST)
    after = arena_of(blob, HOST)
    assert after.head_bytes == made.plan.arena_bytes
    assert made.plan.lower_bound_bytes <= after.head_bytes <= before.head_bytes
    assert after.tail_bytes == before.tail_bytes
    assert (made.plan.proof is Proof.LOWER_BOUND) == (after.head_bytes == made.plan.lower_bound_bytes)


@settings(deadline=None)
@given(graphs())
def test_the_tensors_of_a_plan_obey_every_law(graph):
    made, _ = planned(file_of(graph))
    top = max(o + b.size_bytes for b, o in zip(made.plan.buffers, made.plan.offsets, strict=True))
    tensors_alone = replace(made.plan, arena_bytes=aligned(top, 16))
    assert validate(graph, tensors_alone) == []
    assert top <= made.plan.arena_bytes


REQUIREMENTS = st.builds(
    lambda size, first, length: Requirement(16 * size, first, first + length),
    st.integers(1, 9),
    st.integers(0, 5),
    st.integers(0, 3),
)
SCRATCH = st.lists(st.lists(st.integers(1, 9), max_size=4), min_size=1, max_size=6)


@settings(deadline=None)
@given(st.lists(REQUIREMENTS, min_size=1, max_size=8), SCRATCH)
def test_scratch_buffers_never_raise_the_head_above_a_packing_of_them_in_one_piece(tensors, scratch):
    tops = [Requirement(16 * size, step, step) for step, sizes in enumerate(scratch) for size in sizes]
    for laid in _layings(tensors, tops, apart(tensors)):
        placed = zip([*tensors, *tops], laid.offsets, strict=True)
        assert laid.head_bytes == max(o + r.size_bytes for r, o in placed)
        assert laid.lower_bound_bytes <= laid.head_bytes
    pieces = [Requirement(16 * sum(sizes), s, s) for s, sizes in enumerate(scratch) if sizes]
    (in_one_piece,) = _layings(tensors, pieces, apart(tensors))
    assert laid.head_bytes <= in_one_piece.head_bytes


def test_a_reordered_graph_numbers_its_operators_anew():
    graph = chain(3, 5, 7)
    turned = reordered(graph, Schedule((Step((1,)), Step((0,)))))
    assert [(op.index, op.inputs) for op in turned.ops] == [(0, (1,)), (1, (0,))]


def test_constants_and_state_are_left_to_the_runtime(shared):
    blob = (shared / "models" / "tflm_keyword_scrambled_8bit.tflite").read_bytes()
    graph = tflite.read(blob)
    made, _ = planned(blob)
    for tensor in graph.tensors:
        if tensor.is_constant or tensor.is_variable:
            assert made.offline_offsets[tensor.index] == ONLINE
    asked = [size for p in prepared(graph, file_facts.read(blob), HOST) for size in p.scratch]
    assert [s.size_bytes for s in made.scratch] == asked


def first_fault(graph, facts, made) -> str | None:
    """Runs every operator byte by byte in one arena, where each byte knows what lies in it."""
    arena: dict[int, tuple[int, int]] = {}
    at = made.plan.offset_of
    twins = {i: i for i in at}
    for tensor in graph.inputs:
        arena |= {at[tensor] + byte: (tensor, byte) for byte in range(graph.tensors[tensor].size_bytes)}
    for op in (graph.ops[index] for index in made.plan.schedule.op_order):
        source, output = op.inputs[0], op.outputs[0]
        if op.kind is OpKind.RESHAPE and at[source] == at[output]:
            twins[output] = twins[source]  # nothing is copied, the bytes stay the input's
            continue
        for verb, tensor, byte in walk(graph, op):
            if verb == "w":
                arena[at[tensor] + byte] = twins[tensor], byte
            elif arena.get(at[tensor] + byte) != (twins[tensor], byte):
                return (
                    f"{op} reads byte {byte} of tensor {tensor} after {arena.get(at[tensor] + byte)} took it"
                )
    for tensor in graph.outputs:
        for byte in range(graph.tensors[tensor].size_bytes):
            if arena.get(at[tensor] + byte) != (twins[tensor], byte):
                return f"output {tensor} has lost byte {byte}"
    return None


@settings(deadline=None, max_examples=150)
@given(networks())
def test_no_byte_is_overwritten_before_its_last_read(network):
    graph, facts = network
    plain, overlapped = (tflm_plan(graph, facts, kernels) for kernels in (None, Kernels.REFERENCE))
    assert first_fault(graph, facts, plain) is None
    assert first_fault(graph, facts, overlapped) is None
    assert overlapped.plan.arena_bytes <= plain.plan.arena_bytes


@settings(deadline=None, max_examples=60)
@given(networks())
def test_the_head_of_an_overlapped_plan_is_its_arena(network):
    graph, facts = network
    made = tflm_plan(graph, facts, Kernels.REFERENCE)
    planned_facts = replace(facts, offline_offsets=made.offline_offsets)
    assert (
        arena(reordered(graph, made.plan.schedule), planned_facts, HOST).head_bytes == made.plan.arena_bytes
    )


def test_overlaps_are_told_with_their_source(shared):
    blob = (shared / "models" / "tinymaix_cifar10_q.tflite").read_bytes()
    graph = tflite.read(blob)
    made = tflm_plan(graph, file_facts.read(blob), Kernels.REFERENCE)
    told = overlaps(graph, made, Kernels.REFERENCE)
    assert told
    for pair in told:
        assert pair.input in graph.ops[pair.op].inputs
        assert pair.least_bytes <= pair.distance_bytes
        assert "reference/" in pair.source


def test_a_plan_without_wishes_overlaps_nothing(shared):
    blob = (shared / "models" / "tinymaix_cifar10_q.tflite").read_bytes()
    graph = tflite.read(blob)
    assert overlaps(graph, tflm_plan(graph, file_facts.read(blob)), Kernels.REFERENCE) == []
