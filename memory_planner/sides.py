"""The smallest arena of buffers that may overlap one way round: a search over who lies above whom."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from memory_planner.conflicts import Conflicts
from memory_planner.effort import Effort
from memory_planner.heights import EXHAUSTED, FOUND, OUT_OF_NODES, lowered

_UNDECIDED, _ABOVE, _BELOW = range(3)
_STATE_COST = 100  # placements that take as long in `section_search`, which is compiled


@dataclass(frozen=True, slots=True)
class _Pair:
    """`upper` above `lower` by `up` at least, or below it by `down` at least."""

    lower: int
    upper: int
    up: int
    down: int


@dataclass(slots=True)
class _State:
    """The range of each offset, and by pair what is decided."""

    least: list[int]
    most: list[int]
    ways: bytearray


class Sides:
    """Pairs that cannot lie anyhow, and the search for a packing of them."""

    def __init__(self, between: Conflicts) -> None:
        self.found: list[int] | None = None
        self._sizes = between.sizes
        self._pairs = [
            _Pair(j, i, high, -low)
            for i, row in enumerate(between.forbidden)
            for j, low, high in row
            if j < i
        ]
        self._of: list[list[int]] = [[] for _ in self._sizes]
        for k, pair in enumerate(self._pairs):
            self._of[pair.lower].append(k)
            self._of[pair.upper].append(k)
        numbers = [*self._sizes, *(p.up for p in self._pairs), *(p.down for p in self._pairs)]
        self.step = math.gcd(*numbers) or 1

    @property
    def height(self) -> int:
        """Of the last packing found."""
        return max(offset + size for offset, size in zip(self.found or (), self._sizes, strict=True))

    def within(self, capacity: int, placements: int, effort: Effort) -> int:
        """FOUND, EXHAUSTED where no packing is as low, or OUT_OF_NODES after so many placements.

        Each offset has a least and a most. A pair that cannot lie one way within them lies the other, which
        narrows them; where a pair still collides with all at their least, both ways are tried. The least
        offsets of a state in which no pair collides are a packing.
        """
        most = [capacity - size for size in self._sizes]
        states = [_State([0] * len(most), most, bytearray(len(self._pairs)))]
        if min(most, default=0) < 0 or not self._narrow(states[0], range(len(self._pairs))):
            return EXHAUSTED
        for _ in range(placements):
            if effort.is_spent or not states:
                break
            effort.spend(_STATE_COST, 0.0)
            state = states.pop()
            colliding = self._colliding(state)
            if colliding is None:
                self.found = state.least
                return FOUND
            pair = self._pairs[colliding]
            raises = (
                state.least[pair.lower] + pair.up - state.least[pair.upper],
                state.least[pair.upper] + pair.down - state.least[pair.lower],
            )
            ways = (_ABOVE, _BELOW) if raises[0] <= raises[1] else (_BELOW, _ABOVE)
            for way in reversed(ways):
                child = _State(list(state.least), list(state.most), bytearray(state.ways))
                child.ways[colliding] = way
                if self._narrow(child, [colliding]):
                    states.append(child)
        return OUT_OF_NODES if states else EXHAUSTED

    def _colliding(self, state: _State) -> int | None:
        """The undecided pair that collides and has the least room, with all offsets at their least."""
        best, room = None, math.inf
        for k, pair in enumerate(self._pairs):
            if state.ways[k] == _UNDECIDED:
                apart = state.least[pair.upper] - state.least[pair.lower]
                if -pair.down < apart < pair.up:
                    above = state.most[pair.upper] - state.least[pair.lower] - pair.up
                    below = state.most[pair.lower] - state.least[pair.upper] - pair.down
                    if above + below < room:
                        best, room = k, above + below
        return best

    def _narrow(self, state: _State, changed: Sequence[int]) -> bool:
        """Decide what can lie only one way, and keep to what is decided; false where something cannot lie."""
        queue, queued = list(changed), set(changed)
        while queue:
            k = queue.pop()
            queued.discard(k)
            pair = self._pairs[k]
            if state.ways[k] == _UNDECIDED:
                above = state.least[pair.lower] + pair.up <= state.most[pair.upper]
                below = state.least[pair.upper] + pair.down <= state.most[pair.lower]
                if not above and not below:
                    return False
                if above and below:
                    continue
                state.ways[k] = _ABOVE if above else _BELOW
            if state.ways[k] == _ABOVE:
                low, high, gap = pair.lower, pair.upper, pair.up
            else:
                low, high, gap = pair.upper, pair.lower, pair.down
            moved = []
            if state.least[high] < state.least[low] + gap:
                state.least[high] = state.least[low] + gap
                moved.append(high)
            if state.most[low] > state.most[high] - gap:
                state.most[low] = state.most[high] - gap
                moved.append(low)
            for i in moved:
                if state.least[i] > state.most[i]:
                    return False
                fresh = [other for other in self._of[i] if other not in queued]
                queue.extend(fresh)
                queued.update(fresh)
        return True


def lower(
    between: Conflicts, offsets: Sequence[int], bound: int, capacity: int | None, effort: Effort
) -> tuple[list[int], int]:
    """Offsets of a packing no higher than that of `offsets`, and a height that no packing is lower than.

    The search ends where the two meet or the effort is spent; with a `capacity`, as soon as it is known
    whether there is a packing within. No packing may be lower than `bound`.
    """
    sides = Sides(between)
    high = max((o + size for o, size in zip(offsets, between.sizes, strict=True)), default=0)
    proven = lowered(sides, bound, high, capacity, effort, 4 * len(offsets))
    return sides.found or list(offsets), proven
