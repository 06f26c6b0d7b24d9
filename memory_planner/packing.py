"""Where buffers lie: first fit in a given order, for a few orders that are good at different graphs."""

from __future__ import annotations

from collections.abc import Sequence

from memory_planner.types import Buffer, aligned

Order = list[int]


def lower_bound_bytes(buffers: Sequence[Buffer], alignment_bytes: int) -> int:
    """The most that is alive in one step: no packing without overlap can be smaller."""
    events: dict[int, int] = {}
    for b in buffers:
        size = aligned(b.size_bytes, alignment_bytes)
        events[b.lifetime.start] = events.get(b.lifetime.start, 0) + size
        events[b.lifetime.end] = events.get(b.lifetime.end, 0) - size
    live = peak = 0
    for step in sorted(events):
        live += events[step]
        peak = max(peak, live)
    return peak


def by_size(buffers: Sequence[Buffer]) -> Order:
    """Largest first, the order of TensorFlow Lite Micro's greedy planner."""
    return sorted(range(len(buffers)), key=lambda i: (-buffers[i].size_bytes, buffers[i].lifetime.start, i))


def by_breadth(buffers: Sequence[Buffer]) -> Order:
    """The buffers of the fullest step first, then of the next fullest; within a step the largest first.

    Source: Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020.
    """
    steps = range(max((b.lifetime.end for b in buffers), default=0))
    alive = [[i for i, b in enumerate(buffers) if b.lifetime.start <= s < b.lifetime.end] for s in steps]
    fullest_first = sorted(steps, key=lambda s: (-sum(buffers[i].size_bytes for i in alive[s]), s))
    order: Order = []
    seen: set[int] = set()
    for step in fullest_first:
        for i in sorted(alive[step], key=lambda i: (-buffers[i].size_bytes, i)):
            if i not in seen:
                seen.add(i)
                order.append(i)
    return order


def outward(buffers: Sequence[Buffer]) -> Order:
    """The fullest step first, then its neighbours in time on either side; within a distance the largest."""
    steps = range(max((b.lifetime.end for b in buffers), default=0))
    sizes = [sum(b.size_bytes for b in buffers if b.lifetime.start <= s < b.lifetime.end) for s in steps]
    peak = max(steps, key=lambda s: sizes[s], default=0)

    def distance(b: Buffer) -> int:
        return max(b.lifetime.start - peak, peak - (b.lifetime.end - 1), 0)

    return sorted(range(len(buffers)), key=lambda i: (distance(buffers[i]), -buffers[i].size_bytes, i))


def by_duration(buffers: Sequence[Buffer]) -> Order:
    """Longest-lived first, so that what bridges a branch does not stand in the middle; then the largest."""
    steps = [b.lifetime.end - b.lifetime.start for b in buffers]
    return sorted(range(len(buffers)), key=lambda i: (-steps[i], -buffers[i].size_bytes, i))


ORDERS = {
    "greedy by size": by_size,
    "greedy by breadth": by_breadth,
    "greedy outward from the peak": outward,
    "greedy by duration": by_duration,
}


def first_fit(buffers: Sequence[Buffer], order: Order, alignment_bytes: int) -> tuple[int, ...]:
    """Offsets by placing each buffer of `order` in the lowest gap among those placed that live with it.

    >>> from memory_planner.types import Lifetime
    >>> pair = [Buffer(0, 16, Lifetime(0, 2)), Buffer(1, 8, Lifetime(1, 3)), Buffer(2, 16, Lifetime(2, 3))]
    >>> first_fit(pair, [0, 1, 2], 8)
    (0, 16, 0)
    """
    offsets: dict[int, int] = {}
    for i in order:
        taken = sorted(
            (offsets[j], offsets[j] + aligned(buffers[j].size_bytes, alignment_bytes))
            for j in offsets
            if buffers[j].lifetime.overlaps(buffers[i].lifetime)
        )
        offset = 0
        for low, high in taken:
            if offset + buffers[i].size_bytes <= low:
                break
            offset = max(offset, high)
        offsets[i] = offset
    return tuple(offsets[i] for i in range(len(buffers)))


def height_bytes(buffers: Sequence[Buffer], offsets: Sequence[int], alignment_bytes: int) -> int:
    """The arena that a packing needs."""
    ends = (o + b.size_bytes for o, b in zip(offsets, buffers, strict=True))
    return aligned(max(ends, default=0), alignment_bytes)


def pack(buffers: Sequence[Buffer], alignment_bytes: int) -> tuple[str, tuple[int, ...]]:
    """The name of the best of `ORDERS` and its offsets; the first named wins a tie."""
    packings = {name: first_fit(buffers, order(buffers), alignment_bytes) for name, order in ORDERS.items()}
    best = min(packings, key=lambda name: height_bytes(buffers, packings[name], alignment_bytes))
    return best, packings[best]
