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
    place = {i: k for k, i in enumerate(order)}
    lasts = [max([place[j] for j, _, _ in between.forbidden[i]], default=0) for i in range(len(buffers))]
    search = _Search(between, order, lasts, height)
    return tuple(search.offsets[i] for i in range(len(buffers))) if search.succeeds() else None


class _Search:
    def __init__(self, between: Conflicts, order: Sequence[int], lasts: Sequence[int], height: int) -> None:
        self.between, self.order, self.lasts, self.height = between, order, lasts, height
        self.offsets: dict[int, int] = {}
        self._left = NODES
        self._dead: set[tuple[int, tuple[tuple[int, int], ...]]] = set()

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

    def _state(self, k: int) -> tuple[int, tuple[tuple[int, int], ...]]:
        """What the buffers from `order[k]` on can see of those before."""
        seen = ((i, self.offsets[i]) for i in self.order[:k] if self.lasts[i] >= k)
        return k, tuple(seen)

    def _choices(self, k: int) -> list[int]:
        """Offsets to try, the lowest and the highest first."""
        i = self.order[k]
        top = self.height - self.between.sizes[i]
        closed = [
            (self.offsets[j] + low, self.offsets[j] + high)
            for j, low, high in self.between.forbidden[i]
            if j in self.offsets
        ]
        edges = {0, top, *(edge for pair in closed for edge in pair)}
        free = sorted(
            at for at in edges if 0 <= at <= top and not any(low < at < high for low, high in closed)
        )
        return [*free[:1], *free[:0:-1]]
