"""Longer runs where a step has room: fewer passes over weights."""

from __future__ import annotations

from memory_planner.streams import Order, Segment


def with_longer_runs(order: Order, segment: Segment, allowed_bytes: int) -> Segment:
    """The segment with passes halved, operator by operator, while it needs no more than `allowed_bytes`.

    Always of the operator that reads most bytes of weights then; one for which there is no room is left.
    The search over cuts has one length of run for all operators of a segment; this is what it leaves.
    """
    runs, open_ = list(segment.step.runs), set(range(len(segment.step.runs)))
    constants = order.constant_bytes

    def passes(k: int) -> int:
        return len(order.run_ends(segment.first + k, runs[k]))

    while open_:
        k = max(open_, key=lambda k: (passes(k) * constants[segment.first + k], -k))
        if passes(k) == 1 or not constants[segment.first + k]:
            open_.remove(k)
            continue
        before, runs[k] = runs[k], order.longer(segment.first + k, runs[k])
        made = order.with_runs(segment, runs)
        if made.live_bytes <= allowed_bytes:
            segment = made
        else:
            runs[k] = before
            open_.remove(k)
    return segment
