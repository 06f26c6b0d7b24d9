"""Ways to spread buffers over several memories: those that no other way beats."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from memory_planner.rooms import Room
from memory_planner.types import Buffer, aligned

LABEL_LIMIT = 4_000


@dataclass(frozen=True, slots=True, order=True)
class Split:
    """The room of each buffer, what the fullest step takes of each room, and what moving the bytes costs."""

    cost: int
    heights: tuple[int, ...]
    rooms: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Label:
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
    label_limit: int = LABEL_LIMIT,
) -> tuple[list[Split], bool]:
    """All ways that may be best, whatever is placed beside them, and whether none was dropped.

    Dynamic programming over time. A state is where the buffers that are alive lie; of the ways that lead to
    one state, those stay that no other beats in cost and in the height of every room in `wanted`, the rooms
    that something else may want too. Heights are what is alive at once, which a packing may exceed. More
    than `label_limit` ways at once are cut, the cheapest stay.
    """
    targets = [k for k, room in enumerate(rooms) if room.holds_activations]
    sizes = [aligned(b.size_bytes, alignment_bytes) for b in buffers]
    order = sorted(range(len(buffers)), key=lambda i: (buffers[i].lifetime.start, i))
    states: _States = {(): [_Label(0, (0,) * len(rooms), None, -1)]}
    is_complete = True
    for i in order:
        grown: _States = {}
        for state, labels in states.items():
            alive = tuple((j, k) for j, k in state if buffers[j].lifetime.end > buffers[i].lifetime.start)
            for k in targets:
                live = sizes[i] + sum(sizes[j] for j, other in alive if other == k)
                if live > rooms[k].bytes:
                    continue
                cost = traffic[i] * rooms[k].activation_cost
                found = grown.setdefault((*alive, (i, k)), [])
                for label in labels:
                    heights = label.heights
                    if live > heights[k] and k in wanted:
                        heights = (*heights[:k], live, *heights[k + 1 :])
                    _add(found, _Label(label.cost + cost, heights, label, k))
        kept = sorted(
            (label.cost, label.heights, state) for state, labels in grown.items() for label in labels
        )
        if len(kept) > label_limit:
            is_complete = False
            last = kept[label_limit - 1]
            grown = {
                state: [x for x in labels if (x.cost, x.heights, state) <= last]
                for state, labels in grown.items()
            }
        states = grown
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
    if any(old.cost <= new.cost and _below(old.heights, new.heights) for old in labels):
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
