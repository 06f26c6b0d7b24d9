"""What buffers that are not placed yet cost at least."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from memory_planner.rooms import Room
from memory_planner.types import Buffer


class Outlook:
    """Least costs of the buffers from the n-th on, in the `order` of their lifetimes' starts.

    Each lies at best where moving is cheapest. In a step where more is alive than fits there, some lies in
    the next cheapest memory or a dearer one: at least what that costs if buffers could be cut into bytes and
    those moved least went. Steps that share no buffer each add theirs.
    """

    def __init__(
        self, buffers: Sequence[Buffer], sizes: Sequence[int], traffic: Sequence[int], rooms: Sequence[Room]
    ) -> None:
        costs = sorted((r.activation_cost, r.bytes) for r in rooms if r.holds_activations)
        self._cheapest, self._room_bytes = costs[0]
        self._dearer = costs[1][0] - costs[0][0] if len(costs) > 1 else 0
        self._sizes, self._traffic = sizes, traffic
        self._starts = [b.lifetime.start for b in buffers]
        self.order = sorted(range(len(buffers)), key=lambda i: (self._starts[i], i))
        self._density = [Fraction(t, max(1, size)) for t, size in zip(traffic, sizes, strict=True)]
        self._alive: dict[int, list[int]] = {}
        for i, b in enumerate(buffers):
            for step in range(b.lifetime.start, b.lifetime.end):
                self._alive.setdefault(step, []).append(i)
        self._least = self._leasts()

    @property
    def least(self) -> int:
        """What all of them cost at least."""
        return self.least_after(-1)

    def least_after(self, n: int) -> int:
        """What the buffers after the n-th of `order` cost at least."""
        return self._least[n + 1]

    def _leasts(self) -> list[int]:
        """By how many of `order` are placed; of a step in which some are, crowding is not counted."""
        apart, crowding, later = 0, 0, None
        found = [0]
        for i in reversed(self.order):
            if self._starts[i] != later:
                crowding = 0 if later is None else self._crowded(later)
                later = self._starts[i]
            apart += self._traffic[i] * self._cheapest
            found.append(apart + crowding)
        found.reverse()
        if later is not None:
            found[0] = apart + self._crowded(later)
        return found

    def _crowded(self, start: int) -> int:
        """What crowded steps add, over buffers that begin at `start` or later."""
        best = 0
        ends = [(-1, 0)]  # by step: the most that steps up to it add
        for step in sorted(s for s in self._alive if s >= start):
            members = [i for i in self._alive[step] if self._starts[i] >= start]
            extra = self._extra(members)
            if extra:
                first = min(self._starts[i] for i in members)
                before = next(value for at, value in reversed(ends) if at < first)
                best = max(best, before + extra)
            ends.append((step, best))
        return best

    def _extra(self, members: Sequence[int]) -> int:
        """By how much what is alive at once costs more than if all of it lay where moving is cheapest."""
        left = sum(self._sizes[i] for i in members) - self._room_bytes
        if left <= 0 or not self._dearer:
            return 0
        moved = 0
        for i in sorted(members, key=lambda i: (self._density[i], i)):
            part = min(self._sizes[i], left)
            moved += int(self._density[i] * part)
            left -= part
        return self._dearer * moved
