"""A plan for our own C: steps that overlap and stream, buffers for them, and how far they may overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from graph.types import Graph, Op
from memory_planner.cuts import cut
from memory_planner.lifetimes import buffers_of
from memory_planner.packing import pack
from memory_planner.runs import rasters_of, weight_reads
from memory_planner.streams import Order, Segment, separations
from memory_planner.types import Buffer, Lifetime, Plan, Role, Schedule, Step


def streamed_plan(
    graph: Graph,
    ops: Sequence[Op],
    alignment_bytes: int,
    delivered: frozenset[int] = frozenset(),
    budget_bytes: int | None = None,
) -> Plan:
    """The arena of `ops` in their order: with the least peak, or the cheapest inside the budget.

    `delivered` are inputs of the graph that a sensor gives row by row.
    """
    order = Order(graph, tuple(ops), alignment_bytes, delivered)
    segments = cut(order, budget_bytes).segments
    buffers = _buffers(graph, segments)
    packing = pack(buffers, alignment_bytes, _separations(graph, segments, buffers, alignment_bytes))
    at = {b.tensor: o for b, o in zip(buffers, packing.offsets, strict=True) if b.role is Role.WHOLE}
    return Plan(
        schedule=Schedule(tuple(_directed(graph, s, at, alignment_bytes) for s in segments)),
        buffers=buffers,
        offsets=packing.offsets,
        arena_bytes=packing.height_bytes,
        lower_bound_bytes=packing.lower_bound_bytes,
        algorithm=packing.algorithm,
        alignment_bytes=alignment_bytes,
    )


def weight_bytes_read(graph: Graph, plan: Plan) -> int:
    """Bytes of constants that an inference reads: an operator's own, once for each of its runs."""
    total = 0
    for step in plan.schedule.steps:
        runs = weight_reads(rasters_of(graph, step), step.runs) if step.runs else (1,) * len(step.ops)
        for index, times in zip(step.ops, runs, strict=True):
            constants = {i for i in graph.ops[index].inputs if i >= 0 and graph.tensors[i].is_constant}
            total += times * sum(graph.tensors[i].size_bytes for i in constants)
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
