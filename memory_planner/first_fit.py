"""First fit in a given order, for a few orders that are good at different graphs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter

from memory_planner.conflicts import Conflicts
from memory_planner.types import Buffer

Order = list[int]


def by_size(buffers: Sequence[Buffer]) -> Order:
    """Largest first, the order of TensorFlow Lite Micro's greedy planner."""
    return sorted(range(len(buffers)), key=lambda i: (-buffers[i].size_bytes, buffers[i].lifetime.start, i))


def by_breadth(buffers: Sequence[Buffer]) -> Order:
    """The buffers of the fullest step first, then of the next fullest; within a step the largest first.

    Source: Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020.
    """
    steps = sorted({b.lifetime.start for b in buffers})
    alive = {s: [i for i, b in enumerate(buffers) if b.lifetime.start <= s < b.lifetime.end] for s in steps}
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
    steps = sorted({b.lifetime.start for b in buffers})
    sizes = {s: sum(b.size_bytes for b in buffers if b.lifetime.start <= s < b.lifetime.end) for s in steps}
    peak = max(steps, key=lambda s: sizes[s], default=0)

    def distance(b: Buffer) -> int:
        return max(b.lifetime.start - peak, peak - (b.lifetime.end - 1), 0)

    return sorted(range(len(buffers)), key=lambda i: (distance(buffers[i]), -buffers[i].size_bytes, i))


def by_duration(buffers: Sequence[Buffer]) -> Order:
    """Longest-lived first, so that what bridges a branch does not stand in the middle; then the largest."""
    steps = [b.lifetime.end - b.lifetime.start for b in buffers]
    return sorted(range(len(buffers)), key=lambda i: (-steps[i], -buffers[i].size_bytes, i))


def by_start(buffers: Sequence[Buffer]) -> Order:
    """In the order in which they come to life; those of one step by size."""
    return sorted(range(len(buffers)), key=lambda i: (buffers[i].lifetime.start, -buffers[i].size_bytes, i))


ORDERS = {
    "greedy by size": by_size,
    "greedy by breadth": by_breadth,
    "greedy outward from the peak": outward,
    "greedy by duration": by_duration,
    "greedy by start": by_start,
}


def lowest_fit(between: Conflicts, i: int, offsets: dict[int, int]) -> int:
    """The lowest offset of buffer `i` that those placed allow."""
    closed = [(offsets[j] + low, offsets[j] + high) for j, low, high in between.forbidden[i] if j in offsets]
    offset = 0
    for low, high in sorted(closed):
        if offset <= low:
            break
        offset = max(offset, high)
    return offset


def highest_fit(between: Conflicts, i: int, offsets: dict[int, int], height: int) -> int:
    """The highest offset of buffer `i` under `height` that those placed allow; negative: there is none."""
    closed = [(offsets[j] + low, offsets[j] + high) for j, low, high in between.forbidden[i] if j in offsets]
    offset = height - between.sizes[i]
    for low, high in sorted(closed, key=itemgetter(1), reverse=True):
        if offset >= high:
            break
        offset = min(offset, low)
    return offset


def first_fit(between: Conflicts, order: Order) -> tuple[int, ...]:
    """Offsets by placing each buffer of `order` in the lowest gap among those placed that live with it.

    >>> from memory_planner.conflicts import conflicts
    >>> from memory_planner.types import Lifetime
    >>> pair = [Buffer(0, 16, Lifetime(0, 2)), Buffer(1, 8, Lifetime(1, 3)), Buffer(2, 16, Lifetime(2, 3))]
    >>> first_fit(conflicts(pair, 8, {}), [0, 1, 2])
    (0, 16, 0)
    """
    offsets: dict[int, int] = {}
    for i in order:
        offsets[i] = lowest_fit(between, i, offsets)
    return tuple(offsets[i] for i in range(len(offsets)))


def first_fit_from_above(between: Conflicts, order: Order) -> tuple[int, ...]:
    """`first_fit` seen in a mirror: each buffer in the highest gap, and the arena ends where the lowest lies.

    It differs from `first_fit` where two buffers may overlap one way round and not the other.
    """
    mirror = first_fit(between.mirrored(), order)
    height = max((o + size for o, size in zip(mirror, between.sizes, strict=True)), default=0)
    return tuple(height - o - size for o, size in zip(mirror, between.sizes, strict=True))


def from_both_ends(between: Conflicts, order: Order, height: int, top_first: bool) -> tuple[int, ...]:
    """By turns the lowest gap and the highest under `height`; the lowest where nothing fits under it.

    A chain of operators packs so: the output of one lies at the other end of its input.
    """
    offsets: dict[int, int] = {}
    top = top_first
    for i in order:
        high = highest_fit(between, i, offsets, height) if top else -1
        offsets[i] = high if high >= 0 else lowest_fit(between, i, offsets)
        top = not top
    return tuple(offsets[i] for i in range(len(offsets)))


def packings(
    buffers: Sequence[Buffer], between: Conflicts, height: int, one_sided: bool
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The name of each way to pack, and its offsets; `height` is the arena that is hoped for.

    `one_sided`: whether some pair may overlap one way round, so that up and down differ.
    """
    orders = {name: order(buffers) for name, order in ORDERS.items()}
    for name, order in orders.items():
        yield name, first_fit(between, order)
    if one_sided:
        for name, order in orders.items():
            yield f"{name} from above", first_fit_from_above(between, order)
    for name, order in orders.items():
        for top_first in (False, True):
            offsets = from_both_ends(between, order, height, top_first)
            yield f"{name} from {'above and below' if top_first else 'below and above'}", offsets
