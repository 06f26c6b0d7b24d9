"""The plan of a graph, as a value."""

from __future__ import annotations

from graph.types import Graph
from memory_planner.chip import Chip
from memory_planner.lifetimes import buffers_of, file_order
from memory_planner.packing import pack
from memory_planner.placement import placed
from memory_planner.types import Plan


def plan(graph: Graph, chip: Chip) -> Plan:
    """Schedule and offsets for `graph` in the memories of `chip`; depends on these two alone.

    Raises: ModelError where a tensor has no fixed size.
    """
    schedule = file_order(graph)
    buffers = buffers_of(graph, schedule)
    packing = pack(buffers, chip.alignment_bytes.value)
    made = Plan(
        schedule=schedule,
        buffers=buffers,
        offsets=packing.offsets,
        arena_bytes=packing.height_bytes,
        lower_bound_bytes=packing.lower_bound_bytes,
        algorithm=packing.algorithm,
        alignment_bytes=chip.alignment_bytes.value,
    )
    return placed(graph, made, chip)
