"""The plan of a graph, as a value."""

from __future__ import annotations

from graph.types import Graph
from memory_planner.chip import Chip
from memory_planner.lifetimes import buffers_of, file_order
from memory_planner.order import Ordering, order
from memory_planner.packing import pack
from memory_planner.placement import placed
from memory_planner.types import Plan, Schedule


def plan(graph: Graph, chip: Chip) -> Plan:
    """Schedule and offsets for `graph` in the memories of `chip`; depends on these two alone.

    Packed are the file's own order and the one with the smallest peak; the smaller arena wins, the file's own
    order on ties.

    Raises: ModelError where a tensor has no fixed size.
    """
    alignment_bytes = chip.alignment_bytes.value
    ordering = order(graph, alignment_bytes)
    schedules = dict.fromkeys((file_order(graph), ordering.schedule))
    plans = [_packed(graph, schedule, alignment_bytes, ordering) for schedule in schedules]
    return placed(graph, min(plans, key=lambda made: made.arena_bytes), chip)


def _packed(graph: Graph, schedule: Schedule, alignment_bytes: int, ordering: Ordering) -> Plan:
    buffers = buffers_of(graph, schedule)
    packing = pack(buffers, alignment_bytes)
    return Plan(
        schedule=schedule,
        buffers=buffers,
        offsets=packing.offsets,
        arena_bytes=packing.height_bytes,
        lower_bound_bytes=packing.lower_bound_bytes,
        algorithm=packing.algorithm,
        alignment_bytes=alignment_bytes,
        order_lower_bound_bytes=ordering.lower_bound_bytes,
        order_proof=ordering.proof,
        proof=packing.proof,
    )
