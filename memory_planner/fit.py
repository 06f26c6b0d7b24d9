"""Whether a model fits a budget: an answer, not an exception."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graph.types import Graph
from memory_planner.chip import Chip
from memory_planner.lifetimes import state_bytes
from memory_planner.placement import placed
from memory_planner.traffic import REQUANTIZATION_BYTES_PER_CHANNEL, requantized_channels
from memory_planner.types import MemoryUse, Plan

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
    return fit_of(
        chip,
        placement.memories,
        required_bytes=constants + quantization + state + plan.arena_bytes,
        required_basis=REQUIRED_BASIS,
        weights_bytes=constants + quantization,
        constants_bytes=constants,
        quantization_bytes=quantization,
        state_bytes=state,
        arena_bytes=plan.arena_bytes,
        lower_bound_bytes=plan.lower_bound_bytes,
        file_bytes=file_bytes,
        worst_step=worst_step(graph, plan),
        algorithm=plan.algorithm,
    )


def fit_of(chip: Chip, uses: Sequence[MemoryUse], *, required_bytes: int, **parts: Any) -> Fit:
    """The verdict for what lies in each memory of `chip`; `parts` are the rest of `Fit`."""
    lack = sum(max(0, -use.margin_bytes) for use in uses)
    return Fit(
        fits=lack == 0,
        budget_bytes=chip.budget_bytes,
        required_bytes=required_bytes,
        margin_bytes=-lack if lack else chip.budget_bytes - required_bytes,
        margin_to_6000000_bytes=6_000_000 - required_bytes,
        memories=tuple(_memory(use) for use in uses),
        **parts,
    )


def _memory(use: MemoryUse) -> MemoryFit:
    return MemoryFit(
        name=use.name,
        capacity_bytes=use.capacity_bytes,
        reserved_bytes=use.reserved_bytes,
        weights_bytes=use.weights_bytes,
        activations_bytes=use.activations_bytes,
        arena_bytes=use.arena_bytes,
        used_bytes=use.used_bytes,
        margin_bytes=use.margin_bytes,
        traffic_bytes=use.traffic_bytes,
    )
