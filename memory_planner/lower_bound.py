"""What no packing can go below."""

from __future__ import annotations

from collections.abc import Sequence

from memory_planner.conflicts import NO_SEPARATIONS, Separations, separation_bytes
from memory_planner.types import Buffer, aligned


def lower_bound_bytes(
    buffers: Sequence[Buffer], alignment_bytes: int, separations: Separations = NO_SEPARATIONS
) -> int:
    """The most that any one step needs, however its buffers lie.

        need(S)       = sum of size(i) - sum of shared(i, j), pairs i < j of S, for any set S alive in a step
        shared(i, j)  = size(i) + size(j) - common(i, j), or 0 where that is negative
        common(i, j)  = least height of the two alone, either above the other

    The bytes that a packing of S covers are at least `need(S)`: a byte that m of the buffers cover is counted
    m times by the sizes and m (m - 1) / 2 times by the pairs' common bytes, and m - m (m - 1) / 2 <= 1. The
    bytes that two share are at most `shared`, for where they share any, what both cover is one range, no
    lower than `common`. The arena is at least as high as what is covered. Any S will do: where buffers share
    more than one of them adds, it is left out. Without `separations`, shared is 0 and this is the most that
    is alive in one step.
    """
    sizes = [aligned(b.size_bytes, alignment_bytes) for b in buffers]
    shared = _shared_bytes(buffers, sizes, alignment_bytes, separations)
    live = peak = 0
    events: dict[int, tuple[list[int], list[int]]] = {}
    for i, b in enumerate(buffers):
        if b.lifetime.start < b.lifetime.end:
            events.setdefault(b.lifetime.start, ([], []))[0].append(i)
            events.setdefault(b.lifetime.end, ([], []))[1].append(i)
    alive: set[int] = set()
    for step in sorted(events):
        starting, ending = events[step]
        live += sum(sizes[i] for i in starting) - sum(sizes[i] for i in ending)
        alive = (alive | set(starting)) - set(ending)
        if live > peak:
            peak = max(peak, _need_bytes(alive, sizes, shared) if shared else live)
    return peak


def _shared_bytes(
    buffers: Sequence[Buffer], sizes: Sequence[int], alignment_bytes: int, separations: Separations
) -> dict[tuple[int, int], int]:
    """The most bytes that two buffers can have in common, for pairs (i < j) that can have any."""
    shared = {}
    for i, j in sorted({(min(pair), max(pair)) for pair in separations}):
        up = max(0, separation_bytes(buffers, i, j, alignment_bytes, separations))
        down = max(0, separation_bytes(buffers, j, i, alignment_bytes, separations))
        common = min(max(sizes[i], up + sizes[j]), max(sizes[j], down + sizes[i]))
        if common < sizes[i] + sizes[j]:
            shared[i, j] = sizes[i] + sizes[j] - common
    return shared


def _need_bytes(alive: set[int], sizes: Sequence[int], shared: dict[tuple[int, int], int]) -> int:
    """The largest `need` of `alive` and what is left of it, leaving out the worst buffer again and again."""
    pairs = {pair: common for pair, common in shared.items() if alive.issuperset(pair)}
    kept = set(alive)
    while True:
        adds = {i: sizes[i] for i in kept}
        for (i, j), common in pairs.items():
            adds[i] -= common
            adds[j] -= common
        worst = min(kept, key=lambda i: (adds[i], i), default=None)
        if worst is None or adds[worst] >= 0:
            return sum(sizes[i] for i in kept) - sum(pairs.values())
        kept.remove(worst)
        pairs = {pair: common for pair, common in pairs.items() if worst not in pair}
