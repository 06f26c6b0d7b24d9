"""Where to cut a graph into steps: an exact search over what runs whole and what is streamed together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from graph.errors import PlanError
from memory_planner.streams import Order, Segment

Cost = tuple[int, int, int]
"""Pressure, bytes of weights read, and runs; less is better, in this order."""


@dataclass(frozen=True, eq=False)
class Cuts:
    """All ways to cut an order into steps whose peak is the least, or within a budget where one is given.

    Dynamic programming over the positions of the order: the least peak of the first n operators is the
    least, over the segments that end at n, of the larger of the segment's own bytes and the least peak
    before it. Then the same with costs, over the segments that stay below what is allowed. Exact for the
    segments that `Order.ending_at` knows, with runs of 1, 2, 4, ... pixels.
    """

    order: Order
    budget_bytes: int | None = None

    @cached_property
    def least_peak_bytes(self) -> int:
        """No choice of segments has a smaller peak.

        Raises: PlanError where an input cannot come row by row.
        """
        best = [0]
        for last, segments in enumerate(self._finest):
            if not segments:
                raise PlanError(
                    f"{self.order.ops[last]} reads an input row by row and runs whole, or so does what reads "
                    "it too; plan without a streamed input"
                )
            best.append(min(max(best[segment.first], segment.live_bytes) for segment in segments))
        return best[-1]

    @cached_property
    def _finest(self) -> tuple[tuple[Segment, ...], ...]:
        """Segments in runs of one pixel, by the position where they end."""
        limit = max(_plain_peak(self.order), self.budget_bytes or 0)
        return tuple(tuple(_candidates(self.order, last, limit)) for last in range(len(self.order.ops)))

    def cheapest(self, pressed_percent: int = 100) -> tuple[Segment, ...]:
        """The segments that cost least; runs are doubled while a segment stays within what is allowed.

        The pressure of a segment is the square of what it needs above that part of what is allowed: with
        less than 100 % there is more room between tensors that outlive a step, which are easier to lay out.
        """
        order, count = self.order, len(self.order.ops)
        allowed = max(self.least_peak_bytes, self.budget_bytes or 0)
        best: list[tuple[Cost, Segment | None] | None] = [((0, 0, 0), None)] + [None] * count
        for last in range(count):
            run, found = 1, True
            while found:
                found = False
                segments = self._finest[last] if run == 1 else order.ending_at(last, run, allowed)
                for segment in segments:
                    before = best[segment.first]
                    if segment.live_bytes > allowed or before is None:
                        continue
                    found = found or bool(segment.step.runs)
                    pressure = max(0, segment.live_bytes - allowed * pressed_percent // 100) ** 2
                    weights, runs = segment.weight_bytes_read, segment.runs
                    cost = (before[0][0] + pressure, before[0][1] + weights, before[0][2] + runs)
                    now = best[last + 1]
                    if now is None or cost < now[0]:
                        best[last + 1] = (cost, segment)
                run *= 2
                found = found and run < 2 * order.longest_raster(last)
        return tuple(reversed(list(_back(best, count))))


def _plain_peak(order: Order) -> int:
    """The peak where every operator runs whole; nothing above it is worth a look."""
    if order.delivered:
        return sum(order.bytes_of(tensor) for tensor in order.made_at)
    return max((order.whole(k).live_bytes for k in range(len(order.ops))), default=0)


def _candidates(order: Order, last: int, limit_bytes: int) -> Iterator[Segment]:
    if not order.delivered & set(order.ops[last].inputs):
        yield order.whole(last)
    yield from order.ending_at(last, 1, limit_bytes)


def _back(best: list[tuple[Cost, Segment | None] | None], count: int) -> Iterator[Segment]:
    at = count
    while at:
        entry = best[at]
        assert entry is not None and entry[1] is not None
        yield entry[1]
        at = entry[1].first
