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
        order, best = self.order, [0]
        crowded, limit = _crowded(order, _surely_bytes(order)), _single_peak(order)
        for last in range(len(order.ops)):
            segments = list(_candidates(order, last, 1, limit, crowded[last]))
            if not segments:
                raise PlanError(
                    f"{order.ops[last]} reads an input row by row and runs whole, or so does what reads "
                    "it too; plan without a streamed input"
                )
            best.append(min(max(best[segment.first], segment.live_bytes) for segment in segments))
        return best[-1]

    @cached_property
    def allowed_bytes(self) -> int:
        """What a segment may need."""
        return max(self.least_peak_bytes, self.budget_bytes or 0)

    def cheapest(self, pressed_percent: int = 100) -> tuple[Segment, ...]:
        """The segments that cost least; runs are doubled while a segment stays within what is allowed.

        The pressure of a segment is the square of what it needs above that part of what is allowed: with
        less than 100 % there is more room between tensors that outlive a step, which are easier to lay out.
        """
        order, count = self.order, len(self.order.ops)
        allowed = self.allowed_bytes
        calm = allowed * pressed_percent // 100
        crowded = _crowded(order, calm)
        best: list[tuple[Cost, Segment | None] | None] = [((0, 0, 0), None)] + [None] * count
        for last in range(count):
            run, found = 1, True
            while found:
                found = False
                for segment in _candidates(order, last, run, allowed, crowded[last]):
                    before = best[segment.first]
                    if segment.live_bytes > allowed or before is None:
                        continue
                    found = found or bool(segment.step.runs)
                    pressure = max(0, segment.live_bytes - calm) ** 2
                    weights, runs = segment.weight_bytes_read, segment.runs
                    cost = (before[0][0] + pressure, before[0][1] + weights, before[0][2] + runs)
                    now = best[last + 1]
                    if now is None or cost < now[0]:
                        best[last + 1] = (cost, segment)
                run *= 2
                found = found and run < 2 * order.longest_raster(last)
        return tuple(reversed(list(_back(best, count))))


def _single_peak(order: Order) -> int:
    """The peak where every operator is a step of its own; nothing above it is worth a look."""
    if order.delivered:
        return sum(order.bytes_of(tensor) for tensor in order.made_at)
    return max((_least_alone(order, k) for k in range(len(order.ops))), default=0)


def _least_alone(order: Order, position: int) -> int:
    whole = order.whole(position).live_bytes
    alone = next(order.ending_at(position, 1, whole, position), None)
    return min(whole, alone.live_bytes) if alone and alone.first == position else whole


def _surely_bytes(order: Order) -> int:
    """No cuts have a smaller peak: what is there at the beginning, and operators that run whole."""
    whole = (order.whole(k).live_bytes for k, raster in enumerate(order.rasters) if raster[0] is None)
    return max(order.given_bytes, *whole, 0)


def _crowded(order: Order, calm_bytes: int) -> list[int]:
    """By position, the last up to it whose operator cannot run whole within so many bytes; -1 for none.

    Segments after it are not worth a look: run whole, their operators need no more than what does no harm,
    and nothing reads fewer weights, in fewer runs.
    """
    found, latest = [], -1
    for position, op in enumerate(order.ops):
        if order.delivered & set(op.inputs) or order.whole(position).live_bytes > calm_bytes:
            latest = position
        found.append(latest)
    return found


def _candidates(order: Order, last: int, run: int, limit_bytes: int, from_at_most: int) -> Iterator[Segment]:
    if run == 1 and not order.delivered & set(order.ops[last].inputs):
        yield order.whole(last)
    yield from order.ending_at(last, run, limit_bytes, from_at_most)


def _back(best: list[tuple[Cost, Segment | None] | None], count: int) -> Iterator[Segment]:
    at = count
    while at:
        entry = best[at]
        assert entry is not None and entry[1] is not None
        yield entry[1]
        at = entry[1].first
