"""Ways to spread buffers over several memories: those that no other way beats."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from memory_planner.outlook import Outlook
from memory_planner.rooms import Room
from memory_planner.types import Buffer, aligned

LABEL_LIMIT = 1_000


@dataclass(frozen=True, slots=True, order=True)
class Split:
    """The room of each buffer, what the fullest step takes of each room, and what moving the bytes costs."""

    cost: int
    heights: tuple[int, ...]
    rooms: tuple[int, ...]


class _Label(NamedTuple):
    """A way to place the buffers so far; `before` and `room` lead back to it."""

    cost: int
    heights: tuple[int, ...]
    before: _Label | None
    room: int


_States = dict[tuple[tuple[int, int], ...], list[_Label]]
"""Labels by where the buffers lie that are alive: (buffer, room)."""


def splits(
    buffers: Sequence[Buffer],
    traffic: Sequence[int],
    rooms: Sequence[Room],
    wanted: Container[int],
    alignment_bytes: int,
    *,
    below: int | None = None,
    label_limit: int = LABEL_LIMIT,
) -> tuple[list[Split], bool]:
    """All ways that may be best, whatever is placed beside them, and whether none was dropped.

    Dynamic programming over time. A state is where the buffers that are alive lie; of the ways that lead to
    one state, those stay that no other beats in cost and in the height of every room in `wanted`, the rooms
    that something else may want too. Heights are what is alive at once, which a packing may exceed. Ways
    that cannot come to cost less than `below` go; more than `label_limit` at once are cut, the cheapest stay.
    """
    targets = [k for k, room in enumerate(rooms) if room.holds_activations]
    sizes = [aligned(b.size_bytes, alignment_bytes) for b in buffers]
    outlook = Outlook(buffers, sizes, traffic, rooms)
    order = outlook.order
    states: _States = {(): [_Label(0, (0,) * len(rooms), None, -1)]}
    is_complete = True
    for n, i in enumerate(order):
        most = None if below is None else below - outlook.least_after(n)
        grown: _States = {}
        for state, labels in states.items():
            alive = tuple(pair for pair in state if buffers[pair[0]].lifetime.end > buffers[i].lifetime.start)
            taken = [0] * len(rooms)
            for j, k in alive:
                taken[k] += sizes[j]
            for k in targets:
                live = sizes[i] + taken[k]
                if live > rooms[k].bytes:
                    continue
                cost = traffic[i] * rooms[k].activation_cost
                found = grown.setdefault((*alive, (i, k)), [])
                for label in labels:
                    if most is not None and label.cost + cost >= most:
                        continue
                    heights = label.heights
                    if live > heights[k] and k in wanted:
                        heights = (*heights[:k], live, *heights[k + 1 :])
                    _add(found, _Label(label.cost + cost, heights, label, k))
        states = _cut(grown, label_limit)
        is_complete = is_complete and states is grown
    ends = [label for labels in states.values() for label in labels]
    return sorted(_split(label, order) for label in ends), is_complete


def _cut(states: _States, label_limit: int) -> _States:
    """`states` itself, or what is cheapest of it where it holds too much."""
    if sum(map(len, states.values())) <= label_limit:
        return states
    kept = sorted((x.cost, x.heights, state) for state, labels in states.items() for x in labels)
    last = kept[label_limit - 1]
    cheap = {s: [x for x in labels if (x.cost, x.heights, s) <= last] for s, labels in states.items()}
    return {state: labels for state, labels in cheap.items() if labels}


def _add(labels: list[_Label], new: _Label) -> None:
    """Keep `new` if no label beats it, and drop what it beats."""
    for old in labels:
        if old.cost <= new.cost and _below(old.heights, new.heights):
            return
    labels[:] = [old for old in labels if old.cost < new.cost or not _below(new.heights, old.heights)]
    labels.append(new)


def _below(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return all(x <= y for x, y in zip(a, b, strict=True))


def _split(label: _Label, order: Sequence[int]) -> Split:
    rooms = dict(zip(reversed(order), _back(label), strict=True))
    return Split(label.cost, label.heights, tuple(rooms[i] for i in range(len(order))))


def _back(label: _Label) -> Iterator[int]:
    at: _Label | None = label
    while at is not None and at.before is not None:
        yield at.room
        at = at.before
