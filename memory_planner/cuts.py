"""Where to cut a graph into steps: an exact search over what runs whole and what is streamed together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graph.errors import PlanError
from memory_planner.streams import Order, Segment

Cost = tuple[int, int]
"""Bytes of weights read, and runs; less is better, in this order."""


@dataclass(frozen=True, slots=True)
class Cuts:
    """The segments in order, and the smallest peak that any choice of segments has."""

    segments: tuple[Segment, ...]
    least_peak_bytes: int


def cut(order: Order, budget_bytes: int | None = None) -> Cuts:
    """The cheapest segments among those that keep the peak at its least, or, where given, in the budget.

    Dynamic programming over the positions of the order: the least peak of the first n operators is the
    least, over the segments that end at n, of the larger of the segment's own bytes and the least peak
    before it. Then the same with costs, over the segments that stay below what is allowed. Exact for the
    segments that `Order.ending_at` knows, with runs of 1, 2, 4, ... pixels.

    Raises: PlanError where an input cannot come row by row.
    """
    bound = max(_plain_peak(order), budget_bytes or 0)
    finest = [list(_candidates(order, last, 1, bound)) for last in range(len(order.ops))]
    least = _least_peak(order, finest)
    allowed = least if budget_bytes is None else max(least, budget_bytes)
    return Cuts(_cheapest(order, finest, allowed), least)


def _least_peak(order: Order, finest: Sequence[Sequence[Segment]]) -> int:
    best = [0]
    for last, segments in enumerate(finest):
        if not segments:
            raise PlanError(
                f"{order.ops[last]} reads an input row by row and runs whole, or so does what reads it too; "
                "plan without a streamed input"
            )
        best.append(min(max(best[segment.first], segment.live_bytes) for segment in segments))
    return best[-1]


def _plain_peak(order: Order) -> int:
    """The peak where every operator runs whole; nothing above it is worth a look."""
    if order.delivered:
        return sum(order.bytes_of(tensor) for tensor in order.made_at)
    return max((order.whole(k).live_bytes for k in range(len(order.ops))), default=0)


def _candidates(order: Order, last: int, run: int, limit_bytes: int) -> Iterator[Segment]:
    reads_delivered = order.delivered & set(order.ops[last].inputs)
    if run == 1 and not reads_delivered:
        yield order.whole(last)
    yield from order.ending_at(last, run, limit_bytes)


def _cheapest(order: Order, finest: Sequence[Sequence[Segment]], allowed_bytes: int) -> tuple[Segment, ...]:
    """By dynamic programming over positions; the runs of a segment are doubled while it stays allowed."""
    count = len(order.ops)
    best: list[tuple[Cost, Segment | None] | None] = [((0, 0), None)] + [None] * count
    for last in range(count):
        run, found = 1, True
        while found:
            found = False
            segments = finest[last] if run == 1 else order.ending_at(last, run, allowed_bytes)
            for segment in segments:
                before = best[segment.first]
                if segment.live_bytes > allowed_bytes or before is None:
                    continue
                found = found or bool(segment.step.runs)
                cost = (before[0][0] + segment.weight_bytes_read, before[0][1] + segment.runs)
                now = best[last + 1]
                if now is None or cost < now[0]:
                    best[last + 1] = (cost, segment)
            run *= 2
            found = found and run < 2 * order.longest_raster(last)
    return tuple(reversed(list(_back(best, count))))


def _back(best: list[tuple[Cost, Segment | None] | None], count: int) -> Iterator[Segment]:
    at = count
    while at:
        entry = best[at]
        assert entry is not None and entry[1] is not None
        yield entry[1]
        at = entry[1].first
