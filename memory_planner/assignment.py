"""Which item goes to which memory: the cheapest assignment, by branch and bound."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from memory_planner.rooms import Room
from memory_planner.traffic import Item, Kind

NODE_LIMIT = 20_000


class Choice(NamedTuple):
    """One place for one item: where it is read, and the flash that keeps it (-1: none)."""

    cost: int
    room: int
    home: int

    @property
    def taken(self) -> tuple[int, ...]:
        """The rooms in which it takes its bytes."""
        return (self.room,) if self.home in (self.room, -1) else (self.room, self.home)


@dataclass(frozen=True, slots=True)
class Assignment:
    """A choice for each item; none cheaper than `bound` exists, and none at all where `choices` is None."""

    choices: tuple[Choice, ...] | None
    cost: int
    bound: int
    is_exact: bool


def choices_of(item: Item, rooms: Sequence[Room]) -> list[Choice]:
    """Where `item` may go, cheapest first."""
    if item.kind is Kind.STATE:
        found = [Choice(item.traffic_bytes * r.activation_cost, k, -1) for k, r in enumerate(rooms)]
        return sorted(c for c in found if rooms[c.room].holds_activations and not rooms[c.room].is_flash)
    homes = [k for k, r in enumerate(rooms) if r.is_flash] or [-1]
    found = []
    for k, room in enumerate(rooms):
        if room.runs_weights:
            cost = item.traffic_bytes * room.weight_cost
            found += [Choice(cost, k, k)] if room.is_flash else [Choice(cost, k, home) for home in homes]
    return sorted(found)


def assign(items: Sequence[Item], rooms: Sequence[Room], node_limit: int = NODE_LIMIT) -> Assignment:
    """The assignment of `items` to `rooms` with the least cost; depends on the arguments alone.

    Depth first, the densest traffic first, cut off by `Relaxation`. Exact unless it meets `node_limit`.
    """
    order = sorted(range(len(items)), key=lambda i: (-items[i].density, -items[i].size_bytes, i))
    search = _Search([items[i] for i in order], rooms)
    ended = search.run(node_limit)
    if search.best is None:
        return Assignment(None, 0, search.bound or 0, ended)
    choices = dict(zip(order, search.best, strict=True))
    return Assignment(
        choices=tuple(choices[i] for i in range(len(items))),
        cost=search.cost,
        bound=search.cost if ended else search.bound or 0,
        is_exact=ended,
    )


class _Search:
    """The best choices found for items in an order, and the bytes left on the way to others."""

    def __init__(self, items: Sequence[Item], rooms: Sequence[Room]) -> None:
        self._sizes = [item.size_bytes for item in items]
        self._options = [choices_of(item, rooms) for item in items]
        self._relaxed = Relaxation(items, rooms)
        self._left = [room.bytes for room in rooms]
        self._path: list[Choice] = []
        self._spent = 0
        self.bound = self._relaxed.bound(0, self._left)
        self.best = _first_fit(items, rooms)
        self.cost = sum(c.cost for c in self.best or ())

    def run(self, node_limit: int) -> bool:
        """Whether nothing is left to look at."""
        tried = [0] * (len(self._options) + 1)
        nodes = 0
        while self.bound is not None and not (self.best is not None and self.cost == self.bound):
            depth = len(self._path)
            if depth == len(self._options):
                self.best, self.cost = list(self._path), self._spent
            elif tried[depth] < len(self._options[depth]):
                if nodes == node_limit:
                    return False
                nodes += 1
                tried[depth] += 1
                if self._enter(self._options[depth][tried[depth] - 1]):
                    tried[depth + 1] = 0
                continue
            if not self._path:
                return True
            self._leave()
        return True

    def _enter(self, choice: Choice) -> bool:
        """Take `choice` for the next item if it has room and something better may come of it."""
        size = self._sizes[len(self._path)]
        if any(self._left[k] < size for k in choice.taken):
            return False
        self._take(choice, size)
        rest = self._relaxed.bound(len(self._path), self._left)
        if rest is None or (self.best is not None and self._spent + rest >= self.cost):
            self._leave()
            return False
        return True

    def _take(self, choice: Choice, size: int) -> None:
        self._path.append(choice)
        self._spent += choice.cost
        for k in choice.taken:
            self._left[k] -= size

    def _leave(self) -> None:
        choice = self._path.pop()
        self._spent -= choice.cost
        for k in choice.taken:
            self._left[k] += self._sizes[len(self._path)]


class Relaxation:
    """What the items from the k-th on cost at least: as if they could be cut into bytes.

    Cut up, the bytes with most traffic each go to the cheapest memory, then to the next: no exchange of two
    bytes is cheaper. Homes are left out, except that all weights must find room in flash where there is one.
    """

    def __init__(self, items: Sequence[Item], rooms: Sequence[Room]) -> None:
        self._sizes = [0, *accumulate(i.size_bytes for i in items)]
        self._traffic = [0, *accumulate(i.traffic_bytes for i in items)]
        weights = [i.size_bytes if i.kind is Kind.WEIGHTS else 0 for i in items]
        self._weights = [0, *accumulate(weights)]
        self._flashes = [k for k, r in enumerate(rooms) if r.is_flash]
        has_state = any(i.kind is Kind.STATE for i in items)
        self._rooms = []
        for k, room in enumerate(rooms):
            costs = [room.weight_cost] if room.runs_weights else []
            costs += [room.activation_cost] if has_state and room.holds_activations else []
            if costs:
                self._rooms.append((min(costs), k))
        self._rooms.sort()

    def bound(self, first: int, left: Sequence[int]) -> int | None:
        """None where they cannot all be placed in the bytes `left`."""
        if self._flashes:
            weights = self._weights[-1] - self._weights[first]
            if weights > sum(max(0, left[k]) for k in self._flashes):
                return None
        at, total, cost, before = self._sizes[first], self._sizes[-1], 0, self._traffic[first]
        for per_byte, k in self._rooms:
            if at == total:
                break
            at = min(total, at + max(0, left[k]))
            until = self._traffic_to(at)
            cost += per_byte * (until - before)
            before = until
        return cost if at == total else None

    def _traffic_to(self, at: int) -> int:
        """Traffic of the first `at` bytes, rounded up: it is the cheaper side of a cut."""
        k = bisect_right(self._sizes, at) - 1
        if k + 1 >= len(self._sizes):
            return self._traffic[-1]
        size = self._sizes[k + 1] - self._sizes[k]
        part = (self._traffic[k + 1] - self._traffic[k]) * (at - self._sizes[k])
        return self._traffic[k] - (-part // size)


def _first_fit(items: Sequence[Item], rooms: Sequence[Room]) -> list[Choice] | None:
    """The largest first, each where it is cheapest of what still has room; a start for the search."""
    left = [room.bytes for room in rooms]
    found: dict[int, Choice] = {}
    for i in sorted(range(len(items)), key=lambda i: (-items[i].size_bytes, i)):
        size = items[i].size_bytes
        fitting = [c for c in choices_of(items[i], rooms) if all(left[k] >= size for k in c.taken)]
        if not fitting:
            return None
        found[i] = fitting[0]
        for k in fitting[0].taken:
            left[k] -= size
    return [found[i] for i in range(len(items))]
