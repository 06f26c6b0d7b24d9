"""Which height to search under, until the lowest packing found and what is proven meet."""

from __future__ import annotations

from typing import Protocol

from memory_planner.effort import Effort

FOUND, EXHAUSTED, OUT_OF_NODES = 1, 0, -1


class Search(Protocol):
    """A search for a packing under a height; every height is a multiple of `step`."""

    step: int

    def within(self, capacity: int, placements: int, effort: Effort) -> int:
        """FOUND, EXHAUSTED where no packing is as low, or OUT_OF_NODES after `placements` or the effort."""

    @property
    def height(self) -> int:
        """Of the last packing found."""


def lowered(
    search: Search, low: int, high: int, capacity: int | None, effort: Effort, placements: int
) -> int:
    """A height that no packing is lower than; `search` holds the lowest packing found under `high`, if any.

    Heights are probed at `low`, then between what was not found and what was, again and again with twice the
    placements, until the two meet or the effort is spent; with a `capacity`, that alone, until it is known
    whether there is a packing within. `low` must be proven.
    """
    proven = low
    while proven < high and (capacity is None or proven <= capacity < high):
        hoped, probe = proven, max(proven, capacity or 0)
        while hoped < high:
            if effort.is_spent:
                return proven
            answer = search.within(probe, placements, effort)
            if answer == FOUND:
                high = search.height
            else:
                hoped = (probe // search.step + 1) * search.step
                if answer == EXHAUSTED:
                    proven = hoped
            if capacity is not None:
                break
            probe = (hoped + high) // 2
        placements *= 2
    return proven
