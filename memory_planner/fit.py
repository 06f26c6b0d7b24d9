"""Whether a model fits a budget: an answer, not an exception."""

from __future__ import annotations

from dataclasses import dataclass

from graph.types import Graph
from memory_planner.chip import Chip
from memory_planner.lifetimes import state_bytes
from memory_planner.placement import placed
from memory_planner.traffic import REQUANTIZATION_BYTES_PER_CHANNEL, requantized_channels
from memory_planner.types import Placement, Plan

REQUIRED_BASIS = "constants + quantization parameters + state + arena"


@dataclass(frozen=True, slots=True)
class WorstStep:
    """The step at which most bytes are alive, and who stands in it."""

    step: int
    op: int
    kind: str
    live_bytes: int
    tensors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MemoryFit:
    """Required against available in one memory: `used_bytes` in `capacity_bytes - reserved_bytes`.

    `traffic_bytes` is what an inference moves in and out of it.
    """

    name: str
    capacity_bytes: int
    reserved_bytes: int
    weights_bytes: int
    activations_bytes: int
    arena_bytes: int
    used_bytes: int
    margin_bytes: int
    traffic_bytes: int


@dataclass(frozen=True, slots=True)
class Fit:
    """Required against available; `required_bytes` is what must be resident, as `required_basis` says.

    A chip with several memories fits a model if each of them fits what lies there; `margin_bytes` is then
    what all of them have to spare, and below zero where some have too little, their lack.
    """

    fits: bool
    budget_bytes: int
    required_bytes: int
    required_basis: str
    weights_bytes: int
    constants_bytes: int
    quantization_bytes: int
    state_bytes: int
    arena_bytes: int
    lower_bound_bytes: int
    file_bytes: int
    margin_bytes: int
    margin_to_6000000_bytes: int
    worst_step: WorstStep
    algorithm: str
    memories: tuple[MemoryFit, ...]


def constants_bytes(graph: Graph) -> int:
    """Bytes of the constants that operators read; constants that share a buffer of the file count once."""
    used = {i for op in graph.ops for i in op.inputs if i >= 0 and graph.tensors[i].is_constant}
    return sum({graph.tensors[i].buffer: graph.tensors[i].size_bytes for i in sorted(used)}.values())


def quantization_bytes(graph: Graph) -> int:
    """Bytes of multipliers and shifts, as our own C keeps them."""
    return REQUANTIZATION_BYTES_PER_CHANNEL * sum(requantized_channels(graph, op) for op in graph.ops)


def worst_step(graph: Graph, plan: Plan) -> WorstStep:
    """Who is alive where the plan needs most; the first such step on a tie."""
    steps = plan.schedule.steps
    if not steps:
        return WorstStep(step=0, op=-1, kind="", live_bytes=0, tensors=())
    worst = max(range(len(steps)), key=plan.live_bytes)
    op = graph.ops[steps[worst].ops[0]]
    alive = [b for b in plan.buffers if b.lifetime.start <= worst < b.lifetime.end]
    alive.sort(key=lambda b: (-b.size_bytes, b.tensor))
    return WorstStep(
        step=worst,
        op=op.index,
        kind=op.kind.value,
        live_bytes=plan.live_bytes(worst),
        tensors=tuple(graph.tensors[b.tensor].name for b in alive),
    )


def fit(graph: Graph, plan: Plan, chip: Chip, file_bytes: int) -> Fit:
    """Hold what `graph` needs under `plan` against the memories of `chip`.

    `file_bytes` is the .tflite's size, which TensorFlow Lite Micro keeps whole; it is told, not counted.
    """
    placement = plan.placement or placed(graph, plan, chip).placement
    assert placement is not None
    constants, quantization, state = constants_bytes(graph), quantization_bytes(graph), state_bytes(graph)
    required = constants + quantization + state + plan.arena_bytes
    return Fit(
        fits=placement.fits,
        budget_bytes=chip.budget_bytes,
        required_bytes=required,
        required_basis=REQUIRED_BASIS,
        weights_bytes=constants + quantization,
        constants_bytes=constants,
        quantization_bytes=quantization,
        state_bytes=state,
        arena_bytes=plan.arena_bytes,
        lower_bound_bytes=plan.lower_bound_bytes,
        file_bytes=file_bytes,
        margin_bytes=chip.budget_bytes - required if placement.fits else -placement.overflow_bytes,
        margin_to_6000000_bytes=6_000_000 - required,
        worst_step=worst_step(graph, plan),
        algorithm=plan.algorithm,
        memories=_memories(placement),
    )


def _memories(placement: Placement) -> tuple[MemoryFit, ...]:
    return tuple(
        MemoryFit(
            name=m.name,
            capacity_bytes=m.capacity_bytes,
            reserved_bytes=m.reserved_bytes,
            weights_bytes=m.weights_bytes,
            activations_bytes=m.activations_bytes,
            arena_bytes=m.arena_bytes,
            used_bytes=m.used_bytes,
            margin_bytes=m.margin_bytes,
            traffic_bytes=m.traffic_bytes,
        )
        for m in placement.memories
    )
