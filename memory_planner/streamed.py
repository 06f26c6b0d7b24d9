"""A plan for our own C: steps that overlap and stream, buffers for them, and how far they may overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from itertools import permutations

from graph.types import Graph, Op
from memory_planner.chip import Chip
from memory_planner.cuts import Cuts
from memory_planner.lifetimes import buffers_of, file_order
from memory_planner.longer_runs import with_longer_runs
from memory_planner.order import order
from memory_planner.packing import pack
from memory_planner.placement import placed
from memory_planner.plan import plan
from memory_planner.runs import rasters_of, weight_reads
from memory_planner.streams import Order, Segment, separations
from memory_planner.traffic import items_of
from memory_planner.types import Buffer, Lifetime, Plan, Proof, Role, Schedule, Step

CALM_PERCENT = 70
"""Of the peak: where the cheapest steps cannot be laid out, those are tried that crowd each other less."""


class Minimize(StrEnum):
    """What a plan for C has least of: bytes at the peak, or bytes of weights read inside the budget."""

    PEAK = "peak"
    LATENCY = "latency"


def streamed_plan(
    graph: Graph,
    ops: Sequence[Op],
    alignment_bytes: int,
    delivered: frozenset[int] = frozenset(),
    budget_bytes: int | None = None,
) -> Plan:
    """The arena of `ops` in their order: with the least peak, or the cheapest inside the budget.

    `delivered` are inputs that a sensor gives row by row. Without a budget the plan's lower bound is the
    least peak that any cuts of this order have: `proof` is of cuts and offsets together.
    """
    cuts = Cuts(Order(graph, tuple(ops), alignment_bytes, delivered), budget_bytes)
    bound = cuts.least_peak_bytes if budget_bytes is None else 0
    segments = cuts.cheapest()
    longer = tuple(with_longer_runs(cuts.order, s, cuts.allowed_bytes) for s in segments)
    with_longer = _laid_out(graph, longer, alignment_bytes, bound)
    if with_longer.arena_bytes == with_longer.lower_bound_bytes:
        return with_longer
    cheapest = _laid_out(graph, segments, alignment_bytes, bound)
    if cheapest.arena_bytes == cheapest.lower_bound_bytes:
        return cheapest
    calm = _laid_out(graph, cuts.cheapest(CALM_PERCENT), alignment_bytes, bound)
    return min(cheapest, calm, key=lambda made: made.arena_bytes)


def _laid_out(graph: Graph, segments: Sequence[Segment], alignment_bytes: int, bound_bytes: int) -> Plan:
    """The plan with these steps; `bound_bytes` is what no other steps go below, 0 where that is not asked."""
    buffers = _buffers(graph, segments)
    packing = pack(buffers, alignment_bytes, _separations(graph, segments, buffers, alignment_bytes))
    bound = bound_bytes or packing.lower_bound_bytes
    at = {b.tensor: o for b, o in zip(buffers, packing.offsets, strict=True) if b.role is Role.WHOLE}
    return Plan(
        schedule=Schedule(tuple(_directed(graph, s, at, alignment_bytes) for s in segments)),
        buffers=buffers,
        offsets=packing.offsets,
        arena_bytes=packing.height_bytes,
        lower_bound_bytes=bound,
        algorithm=packing.algorithm,
        alignment_bytes=alignment_bytes,
        proof=Proof.LOWER_BOUND if packing.height_bytes == bound else Proof.NONE,
    )


def c_plan(
    graph: Graph,
    chip: Chip,
    *,
    streamed_input: bool = False,
    minimize: Minimize = Minimize.PEAK,
    arena_bytes: int | None = None,
) -> Plan:
    """The plan for our own C, which runs every schedule, in the memories of `chip`.

    Of the file's own order and the one with the smallest peak, the one with the smaller arena; the file's own
    on ties. An arena that overlaps or streams stays whole in one memory; where it fits none and tensors kept
    whole fit several, those are taken. With `streamed_input` the graph's first input comes row by row and is
    never whole in memory. To minimize latency is to read as few weights as an arena of
    `arena_bytes` allows, or as the chip's memory leaves room for.

    Raises: PlanError where the input cannot come row by row; ModelError where a tensor has no fixed size.
    """
    alignment_bytes = chip.alignment_bytes.value
    ordering = order(graph, alignment_bytes)
    schedules = dict.fromkeys((file_order(graph), ordering.schedule))
    delivered = frozenset(graph.inputs[:1] if streamed_input else ())
    budget = None
    if minimize is Minimize.LATENCY:
        budget = _room_bytes(graph, chip) if arena_bytes is None else arena_bytes
    plans = [
        replace(
            streamed_plan(graph, [graph.ops[i] for i in s.op_order], alignment_bytes, delivered, budget),
            order_lower_bound_bytes=ordering.lower_bound_bytes,
            order_proof=ordering.proof,
        )
        for s in schedules
    ]
    best = min(plans, key=lambda made: made.arena_bytes)
    made = placed(graph, best, chip, passes_of(graph, best))
    if delivered or (made.placement and made.placement.fits):
        return made
    apart = plan(graph, chip)
    return apart if apart.placement and apart.placement.fits else made


def _room_bytes(graph: Graph, chip: Chip) -> int:
    """What the largest memory for activations leaves an arena, weights in all others first."""
    largest = max((m for m in chip.memory if m.holds_activations), key=lambda m: chip.available_bytes(m.name))
    others = [m.name for m in chip.memory if m.runs_weights and m is not largest]
    weights = sum(item.size_bytes for item in items_of(graph)) - sum(map(chip.available_bytes, others))
    return max(0, chip.available_bytes(largest.name) - max(0, weights))


def passes_of(graph: Graph, plan: Plan) -> dict[int, int]:
    """How often each operator goes through its constants: once a run."""
    passes: dict[int, int] = {}
    for step in plan.schedule.steps:
        runs = weight_reads(rasters_of(graph, step), step.runs) if step.runs else (1,) * len(step.ops)
        passes |= dict(zip(step.ops, runs, strict=True))
    return passes


def weight_bytes_read(graph: Graph, plan: Plan) -> int:
    """Bytes of constants that an inference reads: an operator's own, once for each of its runs."""
    passes, total = passes_of(graph, plan), 0
    for op in graph.ops:
        constants = {i for i in op.inputs if i >= 0 and graph.tensors[i].is_constant}
        total += passes[op.index] * sum(graph.tensors[i].size_bytes for i in constants)
    return total


def _buffers(graph: Graph, segments: Sequence[Segment]) -> tuple[Buffer, ...]:
    """Whole tensors by index, then what each step works in."""
    workers = [
        Buffer(w.tensor, w.size_bytes, Lifetime(when, when + 1), w.role)
        for when, segment in enumerate(segments)
        for w in segment.workers
    ]
    in_rings = {b.tensor for b in workers if b.role is Role.RING}
    whole = buffers_of(graph, Schedule(tuple(segment.step for segment in segments)))
    return tuple(b for b in whole if b.tensor not in in_rings) + tuple(workers)


def _separations(
    graph: Graph, segments: Sequence[Segment], buffers: Sequence[Buffer], alignment_bytes: int
) -> dict[tuple[int, int], int]:
    """As `pack` takes them: by positions of buffers, the lower one first."""
    found = {}
    place = {(b.tensor, b.role): i for i, b in enumerate(buffers)}
    for overlap in (overlap for segment in segments for overlap in segment.overlaps):
        ifm, ofm = place[overlap.ifm, Role.WHOLE], place[overlap.ofm, Role.WHOLE]
        forwards, backwards = separations(graph, overlap, alignment_bytes)
        found[ofm, ifm] = min(forwards, buffers[ofm].size_bytes)
        if backwards is not None:
            found[ifm, ofm] = min(backwards, buffers[ifm].size_bytes)
    for segment in segments:
        rings = [w for w in segment.workers if w.role is Role.RING]
        for one, other in permutations(rings, 2):
            if not one.meets(other):
                pair = place[one.tensor, Role.RING], place[other.tensor, Role.RING]
                found[pair] = -one.size_bytes - other.size_bytes
    for i, b in enumerate(buffers):
        if b.role is Role.SUMS:  # the output is written over them, from the start
            ofm = place.get((b.tensor, Role.RING), place.get((b.tensor, Role.WHOLE), i))
            found[ofm, i] = 0
    return found


def _directed(graph: Graph, segment: Segment, at: dict[int, int], alignment_bytes: int) -> Step:
    """The segment's step, backwards where its output lies so that only that way nothing is lost."""
    for overlap in segment.overlaps:
        forwards, _ = separations(graph, overlap, alignment_bytes)
        above = at[overlap.ifm] - at[overlap.ofm]
        apart = -above >= graph.tensors[overlap.ifm].size_bytes
        if above < forwards and not apart:
            return replace(segment.step, backwards=True)
    return segment.step
