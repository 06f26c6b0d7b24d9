"""Under a given height, buffers in the order in which they come to life, by depth-first search."""

from __future__ import annotations

from collections.abc import Sequence

from memory_planner.conflicts import Conflicts
from memory_planner.types import Buffer

NODES = 20_000
"""Buffers placed before the search gives up; what is found so depends on the buffers alone."""


def fitted(buffers: Sequence[Buffer], between: Conflicts, height: int) -> tuple[int, ...] | None:
    """Offsets with which everything lies under `height`, or None where the search finds none.

    Each buffer touches the bottom, the top, or the edge of what a buffer placed before forbids. What is left
    to place depends only on those placed that live on, so no such state is tried twice. It finds the packings
    of chains, in which two ends take turns; it is no proof where it finds none.
    """
    order = sorted(range(len(buffers)), key=lambda i: (buffers[i].lifetime.start, -buffers[i].size_bytes, i))
    search = _Search(between, order, height)
    return tuple(search.offsets[i] for i in range(len(buffers))) if search.succeeds() else None


class _Search:
    def __init__(self, between: Conflicts, order: Sequence[int], height: int) -> None:
        self.order = order
        self.offsets: dict[int, int] = {}
        place = {i: k for k, i in enumerate(order)}
        lasts = [max([place[j] for j, _, _ in between.forbidden[i]], default=0) for i in order]
        self._tops = [height - between.sizes[i] for i in order]
        self._before = [[f for f in between.forbidden[i] if place[f[0]] < k] for k, i in enumerate(order)]
        self._seen = [[order[n] for n in range(k) if lasts[n] >= k] for k in range(len(order) + 1)]
        self._left = NODES
        self._dead: set[tuple[int, tuple[int, ...]]] = set()

    def succeeds(self) -> bool:
        """Whether all buffers are placed."""
        stack = [(0, iter(self._choices(0)))] if self.order else []
        while stack:
            k, choices = stack[-1]
            offset = next(choices, None)
            if offset is None or self._left == 0:
                stack.pop()
                self._dead.add(self._state(k))
                self.offsets.pop(self.order[k - 1] if k else -1, None)
                continue
            self._left -= 1
            self.offsets[self.order[k]] = offset
            if k + 1 == len(self.order):
                return True
            if self._state(k + 1) in self._dead:
                del self.offsets[self.order[k]]
                continue
            stack.append((k + 1, iter(self._choices(k + 1))))
        return not self.order

    def _state(self, k: int) -> tuple[int, tuple[int, ...]]:
        """What the buffers from `order[k]` on can see of those before."""
        return k, tuple([self.offsets[i] for i in self._seen[k]])

    def _choices(self, k: int) -> list[int]:
        """Offsets to try, the lowest and the highest first."""
        top = self._tops[k]
        closed = sorted((self.offsets[j] + low, self.offsets[j] + high) for j, low, high in self._before[k])
        edges = sorted({at for pair in ((0, top), *closed) for at in pair if 0 <= at <= top})
        free, covered, n = [], 0, 0
        for at in edges:
            while n < len(closed) and closed[n][0] < at:
                covered = max(covered, closed[n][1])
                n += 1
            if covered <= at:
                free.append(at)
        return [*free[:1], *free[:0:-1]]
