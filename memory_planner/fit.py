"""Whether a model fits a budget: an answer, not an exception."""

from __future__ import annotations

from dataclasses import dataclass

from graph.types import Graph, Op
from memory_planner.lifetimes import state_bytes
from memory_planner.types import Plan

# What our own C keeps for each requantized channel: an int32 multiplier and an int8 shift.
REQUANTIZATION_BYTES_PER_CHANNEL = 4 + 1

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
class Fit:
    """Required against available; `required_bytes` is what must be resident, as `required_basis` says."""

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


def constants_bytes(graph: Graph) -> int:
    """Bytes of the constants that operators read; constants that share a buffer of the file count once."""
    used = {i for op in graph.ops for i in op.inputs if i >= 0 and graph.tensors[i].is_constant}
    return sum({graph.tensors[i].buffer: graph.tensors[i].size_bytes for i in sorted(used)}.values())


def requantized_channels(graph: Graph, op: Op) -> int:
    """How many multipliers `op` scales its accumulators by: one, or one for each channel of its weights."""
    constants = (graph.tensors[i] for i in op.inputs if i >= 0 and graph.tensors[i].is_constant)
    return max((len(t.quant.scales) for t in constants if t.quant), default=0)


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


def fit(graph: Graph, plan: Plan, budget_bytes: int, file_bytes: int) -> Fit:
    """Hold what `graph` needs under `plan` against `budget_bytes`.

    `file_bytes` is the .tflite's size, which TensorFlow Lite Micro keeps whole; it is told, not counted.
    """
    constants, quantization, state = constants_bytes(graph), quantization_bytes(graph), state_bytes(graph)
    required = constants + quantization + state + plan.arena_bytes
    return Fit(
        fits=required <= budget_bytes,
        budget_bytes=budget_bytes,
        required_bytes=required,
        required_basis=REQUIRED_BASIS,
        weights_bytes=constants + quantization,
        constants_bytes=constants,
        quantization_bytes=quantization,
        state_bytes=state,
        arena_bytes=plan.arena_bytes,
        lower_bound_bytes=plan.lower_bound_bytes,
        file_bytes=file_bytes,
        margin_bytes=budget_bytes - required,
        margin_to_6000000_bytes=6_000_000 - required,
        worst_step=worst_step(graph, plan),
        algorithm=plan.algorithm,
    )
