"""Where TensorFlow Lite Micro's greedy planner lays buffers, some of which come with an offset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ONLINE = -1
"""The offset of a buffer that the planner itself is to place.

Source: greedy_memory_planner.h kOnlinePlannedBuffer.
"""


@dataclass(frozen=True, slots=True)
class Requirement:
    """A buffer as the planner sees it: aligned size, first and last step of use, its offset if it is given.

    The runtime counts both steps in, unlike `Lifetime`.
    """

    size_bytes: int
    first: int
    last: int
    offline_offset: int = ONLINE


def greedy_offsets(requirements: Sequence[Requirement]) -> tuple[int, ...]:
    """Offsets by first fit, the given ones first and as given; then the largest, of equals the last.

    A buffer goes into the lowest gap between those in use with it, taken in the order of their offsets.

    >>> greedy_offsets([Requirement(16, 0, 1), Requirement(32, 1, 2), Requirement(16, 2, 2, 0)])
    (0, 16, 0)

    Source: greedy_memory_planner.cc CalculateOffsetsIfNeeded.
    """
    offline = [i for i, r in enumerate(requirements) if r.offline_offset != ONLINE]
    online = [i for i in reversed(range(len(requirements))) if requirements[i].offline_offset == ONLINE]
    offsets = {i: requirements[i].offline_offset for i in offline}
    placed = sorted(offline, key=lambda i: offsets[i])
    for i in sorted(online, key=lambda i: -requirements[i].size_bytes):
        offsets[i] = _first_gap(requirements, i, placed, offsets)
        place = next((n for n, j in enumerate(placed) if offsets[j] > offsets[i]), len(placed))
        placed.insert(place, i)
    return tuple(offsets[i] for i in range(len(requirements)))


def _first_gap(
    requirements: Sequence[Requirement], wanted: int, placed: Sequence[int], offsets: dict[int, int]
) -> int:
    mine, at = requirements[wanted], 0
    for other in placed:
        theirs = requirements[other]
        if theirs.first > mine.last or mine.first > theirs.last:
            continue
        if offsets[other] - at >= mine.size_bytes:
            break
        at = max(at, offsets[other] + theirs.size_bytes)
    return at


def height_bytes(requirements: Sequence[Requirement], offsets: Sequence[int]) -> int:
    """The head that these offsets need."""
    return max((o + r.size_bytes for r, o in zip(requirements, offsets, strict=True)), default=0)
