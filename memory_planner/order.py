"""Which of a graph's orders needs least memory at its worst step, and whether that is proven.

Operators that touch state (SVDF, LSTM, variables) keep the file's order among themselves; any other order
that the data allows is open. How the search keeps to few sets of operators, and why none of its rules loses
the best order, stands in order_blocks.py and order_search.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from graph.types import Graph
from memory_planner.lifetimes import buffers_of, file_order
from memory_planner.lower_bound import lower_bound_bytes
from memory_planner.order_blocks import contracted, flow_of
from memory_planner.order_bound import any_order_bytes
from memory_planner.order_search import Moves, beam, search
from memory_planner.types import Proof, Schedule, Step

# Sets of operators that the exact search may reach.
STATES = 20_000
# Sets of each size that a beam keeps: before the search, and after one that gave up and in all.
NARROW, WIDE, WIDE_IN_ALL = 4, 64, 6_400


@dataclass(frozen=True, slots=True)
class Ordering:
    """An order, the most that is alive in one of its steps, and what no order of the graph goes below.

    `proof` says how `peak_bytes` is known to be the least: it equals a bound computed beforehand
    (lower-bound), or an exact search ended (search); none means that `gap_bytes` are open.
    """

    schedule: Schedule
    peak_bytes: int
    lower_bound_bytes: int
    proof: Proof

    @property
    def gap_bytes(self) -> int:
        """0 where no order is better."""
        return self.peak_bytes - self.lower_bound_bytes


def order(graph: Graph, alignment_bytes: int, limit: int = STATES) -> Ordering:
    """The order of `graph` with the smallest peak, the file's own on ties.

    Past `limit` states the exact search gives up, and the best order that a beam finds is given.

    Raises: ModelError where a tensor has no fixed size.
    """
    own = file_order(graph)
    best, peak = own, _peak(graph, own, alignment_bytes)
    if not graph.ops:
        return Ordering(own, peak, peak, Proof.LOWER_BOUND)
    flow = flow_of(graph, alignment_bytes)
    bound = any_order_bytes(flow)
    if peak == bound:
        return Ordering(own, peak, bound, Proof.LOWER_BOUND)
    blocks = contracted(flow)
    moves = Moves(flow, blocks)

    def better(found: list[int]) -> tuple[Schedule, int]:
        schedule = Schedule(tuple(Step((op,)) for b in found for op in blocks[b].ops))
        found_peak = _peak(graph, schedule, alignment_bytes)
        return (schedule, found_peak) if found_peak < peak else (best, peak)

    best, peak = better(beam(moves, bound, NARROW)[1])
    if peak == bound:
        return Ordering(best, peak, bound, Proof.LOWER_BOUND)
    found = search(moves, bound, peak, limit)
    if found.is_complete:
        best, peak = better(found.blocks) if found.blocks else (best, peak)
        return Ordering(best, peak, peak, Proof.SEARCH)
    width = max(NARROW, min(WIDE, WIDE_IN_ALL // len(blocks)))
    best, peak = better(beam(moves, found.bound_bytes, width)[1])
    return Ordering(
        best, peak, found.bound_bytes, Proof.LOWER_BOUND if peak == found.bound_bytes else Proof.NONE
    )


def _peak(graph: Graph, schedule: Schedule, alignment_bytes: int) -> int:
    return lower_bound_bytes(buffers_of(graph, schedule), alignment_bytes)
