"""The simulation runs inside the plan: a wrong plan is refused, and where it is not, it gives wrong bits."""

from dataclasses import replace

import numpy as np
import pytest

from firmware_sim.arena import Arena
from firmware_sim.program import prepare
from firmware_sim.run import Machine, run
from graph.attrs import Activation, AddAttrs
from graph.errors import PlanError
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, QuantParams, Tensor
from memory_planner import chip
from memory_planner.plan import plan
from memory_planner.types import Lifetime
from tests.chips import chip_of, memory

QUANT = QuantParams((0.5,), (3,))
SIDES = (1, 5, 7, 3)
SIZE = 5 * 7 * 3


def diamond() -> Graph:
    """t1 = t0 + t0; t2 = t1 + t1; t3 = t1 + t2: t1 must outlive t2's making."""
    attrs = AddAttrs(Activation.NONE, False)
    return Graph(
        tensors=tuple(Tensor(i, f"t{i}", SIDES, DType.INT8, QUANT) for i in range(4)),
        ops=tuple(
            Op(i, OpKind.ADD, inputs, (i + 1,), attrs) for i, inputs in enumerate([(0, 0), (1, 1), (1, 2)])
        ),
        inputs=(0,),
        outputs=(3,),
    )


@pytest.fixture
def ifm():
    return np.random.default_rng(5).integers(-128, 128, SIDES, np.int8)


GRAPH = diamond()
PLAN = plan(GRAPH, chip.load("npu6m"))


def planted(**offsets: int):
    moved = tuple(offsets.get(f"t{b.tensor}", o) for b, o in zip(PLAN.buffers, PLAN.offsets, strict=True))
    return replace(PLAN, offsets=moved)


def bits(wrong, ifm) -> bytes:
    return Machine(prepare(GRAPH, wrong, check_plan=False)).infer([ifm]).outputs[0].tobytes()


def test_two_tensors_at_one_place_are_refused_and_would_change_the_bits(ifm):
    wrong = planted(t2=PLAN.offset_of[1])
    with pytest.raises(PlanError, match="OVERLAP"):
        run(GRAPH, wrong, ifm)
    assert bits(PLAN, ifm) != bits(wrong, ifm)


def test_a_lifetime_that_ends_too_early_is_refused_and_would_change_the_bits(ifm):
    buffers = tuple(
        replace(b, lifetime=Lifetime(b.lifetime.start, 2)) if b.tensor == 1 else b for b in PLAN.buffers
    )
    wrong = replace(PLAN, buffers=buffers)
    with pytest.raises(PlanError, match="READ_AFTER_FREE"):
        run(GRAPH, wrong, ifm)
    assert bits(PLAN, ifm) != bits(wrong, ifm)


def test_a_buffer_past_the_end_is_refused(ifm):
    with pytest.raises(PlanError, match="OUT_OF_ARENA"):
        run(GRAPH, planted(t3=PLAN.arena_bytes), ifm)


def test_another_plan_of_the_same_graph_gives_the_same_bits(ifm):
    apart = {f"t{i}": i * 256 for i in range(4)}
    roomy = replace(planted(**apart), arena_bytes=3 * 256 + 112)
    assert run(GRAPH, PLAN, ifm).outputs[0].tobytes() == run(GRAPH, roomy, ifm).outputs[0].tobytes()


TWO = plan(GRAPH, chip_of(memory("one", 108, 8), memory("two", 288, 4)))


def test_a_plan_over_two_memories_gives_the_same_bits(ifm):
    assert {"one", "two"} == set(TWO.placement.buffers)
    assert len(TWO.offsets) > len(set(TWO.offsets))  # offsets count in each memory for itself
    assert run(GRAPH, PLAN, ifm).outputs[0].tobytes() == run(GRAPH, TWO, ifm).outputs[0].tobytes()


def test_a_buffer_in_the_wrong_memory_is_refused_and_would_change_the_bits(ifm):
    t1, t2 = (TWO.placement.buffers[i] for i in (1, 2))
    assert t1 != t2  # both are alive when t2 is made
    memories = tuple(
        t1 if b.tensor == 2 else m for b, m in zip(TWO.buffers, TWO.placement.buffers, strict=True)
    )
    wrong = replace(TWO, placement=replace(TWO.placement, buffers=memories))
    with pytest.raises(PlanError, match=r"OVERLAP|WRONG_HEIGHT"):
        run(GRAPH, wrong, ifm)
    assert bits(PLAN, ifm) != bits(wrong, ifm)


def test_every_activation_is_a_view_into_one_bytearray():
    arena = Arena(GRAPH, PLAN)
    assert len(arena.memory) == PLAN.arena_bytes
    for tensor, offset in PLAN.offset_of.items():
        arena.views[tensor][...] = tensor + 1
        assert bytes(arena.memory[offset : offset + SIZE]) == bytes([tensor + 1]) * SIZE


def test_bytes_are_poisoned_before_a_run_and_when_their_tensor_dies():
    arena = Arena(GRAPH, PLAN)
    arena.reset()
    poison = bytes(arena.memory)
    assert len(set(poison)) > 64
    arena.views[0].fill(0)
    arena.free(0)
    assert bytes(arena.memory) == poison


@pytest.mark.parametrize(("dtype", "zero"), [(DType.INT8, 3), (DType.INT16, 0), (DType.FLOAT32, 0)])
def test_state_is_outside_the_arena_and_zero_when_an_inference_begins(dtype, zero):
    """Zero as both runtimes reset it: int8 to its zero point, which is 3 here, any other type to 0."""
    state = Tensor(4, "state", (1, 2), dtype, QUANT, is_variable=True)
    arena = Arena(replace(GRAPH, tensors=(*GRAPH.tensors, state)), PLAN)
    arena.views[4].fill(7)
    arena.reset()
    assert [[zero, zero]] == arena.views[4].tolist()
    assert len(arena.memory) == PLAN.arena_bytes


def test_activations_are_kept_as_they_were_when_written(ifm):
    kept = run(GRAPH, PLAN, ifm, keep_activations=True)
    assert sorted(kept.activations) == [0, 1, 2, 3]
    assert ifm.tobytes() == kept.activations[0].tobytes()
    doubled = np.clip(2 * (ifm.astype(int) - 3) + 3, -128, 127)
    np.testing.assert_array_equal(doubled, kept.activations[1])
    assert run(GRAPH, PLAN, ifm).activations == {}


def test_saturations_count_what_the_type_cut_off(ifm):
    doubled = 2 * (ifm.astype(int) - 3) + 3
    expected = int(((doubled < -128) | (doubled > 127)).sum())
    assert expected == run(GRAPH, PLAN, ifm).saturations[0]
