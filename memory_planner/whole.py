"""A model that stays in one piece, as TensorFlow Lite Micro keeps it: one file, one arena."""

from __future__ import annotations

from dataclasses import dataclass, replace

from memory_planner.assignment import Choice, choices_of
from memory_planner.chip import Chip
from memory_planner.rooms import Room, rooms_of
from memory_planner.traffic import Item, Kind
from memory_planner.types import MemoryUse


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that lie together, and how many of them an inference moves."""

    size_bytes: int
    traffic_bytes: int


def lie_whole(file: Piece, arena: Piece, chip: Chip) -> tuple[MemoryUse, ...]:
    """What each memory holds with the file in one and the arena in one.

    All pairs are tried: the fewest bytes too many come first, then the fewest cycles of moving bytes.
    """
    rooms, _ = rooms_of(chip)
    item = Item(Kind.WEIGHTS, (), -1, file.size_bytes, file.traffic_bytes)
    ways = [
        (_overflow_bytes(rooms, k, choice, file, arena), choice.cost + _moving(rooms[k], arena), k, choice)
        for k, room in enumerate(rooms)
        if room.holds_activations
        for choice in choices_of(item, rooms)
    ]
    _, _, at, chosen = min(ways)
    return tuple(
        MemoryUse(
            name=memory.name,
            capacity_bytes=memory.bytes.value,
            reserved_bytes=chip.reserved_bytes(memory.name),
            weights_bytes=file.size_bytes if k in chosen.taken else 0,
            activations_bytes=arena.size_bytes if k == at else 0,
            arena_bytes=arena.size_bytes if k == at else 0,
            traffic_bytes=file.traffic_bytes * (k == chosen.room) + arena.traffic_bytes * (k == at),
        )
        for k, memory in enumerate(chip.memory)
    )


def _overflow_bytes(rooms: tuple[Room, ...], at: int, choice: Choice, file: Piece, arena: Piece) -> int:
    left = list(rooms)
    left[at] = replace(left[at], bytes=left[at].bytes - arena.size_bytes)
    for k in choice.taken:
        left[k] = replace(left[k], bytes=left[k].bytes - file.size_bytes)
    return sum(max(0, -room.bytes) for room in left)


def _moving(room: Room, arena: Piece) -> int:
    return arena.traffic_bytes * room.activation_cost
