"""A good way to spread buffers over several memories, found soon: placed in turn, then moved and swapped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from memory_planner.rooms import Room
from memory_planner.types import Buffer

ROUNDS = 8


class Spreading:
    """The room of each buffer, and what is alive in each room at each step."""

    def __init__(
        self, buffers: Sequence[Buffer], sizes: Sequence[int], traffic: Sequence[int], rooms: Sequence[Room]
    ) -> None:
        self._lives = [slice(b.lifetime.start, b.lifetime.end) for b in buffers]
        self._sizes, self._traffic, self._rooms = sizes, traffic, rooms
        self._targets = sorted(
            (k for k, room in enumerate(rooms) if room.holds_activations),
            key=lambda k: (rooms[k].activation_cost, k),
        )
        steps = max((b.lifetime.end for b in buffers), default=0)
        self.alive = np.zeros((len(rooms), steps), np.int64)
        self.rooms = [-1] * len(buffers)

    def fits(self, i: int, k: int) -> bool:
        """Whether there is room at `k` for as long as buffer `i` lives."""
        return int(self.alive[k, self._lives[i]].max(initial=0)) + self._sizes[i] <= self._rooms[k].bytes

    def put(self, i: int, k: int) -> None:
        """Place or move a buffer; -1 takes it away."""
        if self.rooms[i] >= 0:
            self.alive[self.rooms[i], self._lives[i]] -= self._sizes[i]
        self.rooms[i] = k
        if k >= 0:
            self.alive[k, self._lives[i]] += self._sizes[i]

    def fill(self, order: Sequence[int]) -> bool:
        """Each of `order` where it is cheapest of what has room; whether all found some."""
        for i in order:
            k = next((k for k in self._targets if self.fits(i, k)), None)
            if k is None:
                return False
            self.put(i, k)
        return True

    def improve(self) -> None:
        """Move buffers to cheaper rooms, and swap where what comes saves more than what goes costs."""
        for _ in range(ROUNDS):
            changed = [i for i in sorted(range(len(self.rooms)), key=self._by_gain) if self._settle(i)]
            if not changed:
                return

    def _by_gain(self, i: int) -> tuple[int, int]:
        dearest = self._rooms[self._targets[-1]].activation_cost
        return (-self._traffic[i] * dearest, i)

    def _cost(self, i: int, k: int) -> int:
        return self._traffic[i] * self._rooms[k].activation_cost

    def _settle(self, i: int) -> bool:
        """Whether buffer `i` went to a cheaper room, or another made way for it."""
        now = self.rooms[i]
        for k in self._targets[: self._targets.index(now)]:
            saves = self._cost(i, now) - self._cost(i, k)
            if saves <= 0:
                continue
            if self.fits(i, k):
                self.put(i, k)
                return True
            for other in self._neighbours(i, k):
                self.put(other, -1)
                self.put(i, -1)
                if self.fits(i, k):
                    self.put(i, k)
                    to = next((m for m in self._targets if m != k and self.fits(other, m)), None)
                    if to is not None and self._cost(other, to) - self._cost(other, k) < saves:
                        self.put(other, to)
                        return True
                    self.put(i, -1)
                self.put(other, k)
                self.put(i, now)
        return False

    def _neighbours(self, i: int, k: int) -> Iterator[int]:
        """Who lives at `k` while `i` does, the least moved first."""
        mine = self._lives[i]
        there = [
            j
            for j, room in enumerate(self.rooms)
            if room == k and self._lives[j].start < mine.stop and mine.start < self._lives[j].stop
        ]
        yield from sorted(there, key=lambda j: (self._traffic[j], j))


def spread(
    buffers: Sequence[Buffer], sizes: Sequence[int], traffic: Sequence[int], rooms: Sequence[Room]
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Ways that fit, as far as what is alive at once goes: rooms by buffer, and the fullest step by room."""
    index = range(len(buffers))
    orders = (
        sorted(index, key=lambda i: (-traffic[i], i)),
        sorted(index, key=lambda i: (-sizes[i], i)),
        sorted(index, key=lambda i: (buffers[i].lifetime.start, -sizes[i], i)),
    )
    found = {}
    for order in orders:
        spreading = Spreading(buffers, sizes, traffic, rooms)
        if spreading.fill(order):
            spreading.improve()
            heights = tuple(int(row.max(initial=0)) for row in spreading.alive)
            found[tuple(spreading.rooms)] = heights
    return list(found.items())
