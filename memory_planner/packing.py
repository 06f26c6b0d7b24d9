"""Where buffers lie: the smallest arena found, and what proves that there is no smaller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memory_planner.conflicts import NO_SEPARATIONS, Conflicts, Separations, conflicts
from memory_planner.effort import Effort
from memory_planner.first_fit import packings
from memory_planner.lower_bound import lower_bound_bytes
from memory_planner.time_search import fitted
from memory_planner.types import Buffer, Proof, aligned

PLACEMENTS = 20_000
"""What a plan's search may try, where first fit leaves a gap: some tenths of a second."""


@dataclass(frozen=True, slots=True)
class Packing:
    """Where each buffer lies; `offsets` run parallel to the buffers that were packed.

    No packing is lower than `lower_bound_bytes`, what the fullest step needs, nor than `proven_bytes`, which
    a search may have raised above it.
    """

    offsets: tuple[int, ...]
    height_bytes: int
    lower_bound_bytes: int
    proven_bytes: int
    algorithm: str

    @property
    def proof(self) -> Proof:
        """Why no packing of these buffers is lower than this, or that it is not known."""
        if self.height_bytes == self.lower_bound_bytes:
            return Proof.LOWER_BOUND
        return Proof.SEARCH if self.height_bytes == self.proven_bytes else Proof.NONE

    @property
    def gap_bytes(self) -> int:
        """How much lower a packing might be: 0 where the height is proven."""
        return self.height_bytes - self.proven_bytes


def height_bytes(buffers: Sequence[Buffer], offsets: Sequence[int], alignment_bytes: int) -> int:
    """The arena that a packing needs."""
    ends = (o + b.size_bytes for o, b in zip(offsets, buffers, strict=True))
    return aligned(max(ends, default=0), alignment_bytes)


def pack(
    buffers: Sequence[Buffer],
    alignment_bytes: int,
    separations: Separations = NO_SEPARATIONS,
    *,
    capacity_bytes: int | None = None,
    effort: Effort | None = None,
) -> Packing:
    """The lowest packing of `buffers` that was found: by first fit, and by search where that leaves a gap.

    Buffers that share a step share no byte, unless `separations` says otherwise. Its key is (below, above),
    two positions in `buffers`; its value is the least `offset[above] - offset[below]` of a packing in which
    `above` lies above `below`. What is not in it keeps apart: the size of `below`, rounded up to the
    alignment. A smaller value, zero or a negative one lets the two overlap. So each pair that shares a step
    forbids one open interval of differences: from `-separation(above, below)` to `separation(below, above)`.

    With `capacity_bytes`, any packing within will do, and `proven_bytes` above it says that there is none.
    The search tries `PLACEMENTS`, so that the packing depends on the buffers alone, or what `effort` allows.

    >>> from memory_planner.types import Lifetime
    >>> ifm, ofm = Buffer(0, 64, Lifetime(0, 2)), Buffer(1, 64, Lifetime(1, 3))
    >>> pack([ifm, ofm], 16).height_bytes
    128
    >>> overlapped = pack([ifm, ofm], 16, {(1, 0): 16})  # the input may lie 16 bytes above the output
    >>> overlapped.offsets, overlapped.height_bytes, overlapped.proof.value, overlapped.algorithm
    ((16, 0), 80, 'lower-bound', 'greedy by size from above')
    """
    between = conflicts(buffers, alignment_bytes, separations)
    bound = lower_bound_bytes(buffers, alignment_bytes, separations)
    enough = max(bound, capacity_bytes or 0)
    best: tuple[int, tuple[int, ...], str] | None = None
    for algorithm, offsets in packings(buffers, between, bound, bool(separations)):
        height = height_bytes(buffers, offsets, alignment_bytes)
        if best is None or height < best[0]:
            best = height, offsets, algorithm
        if height <= enough:
            break
    assert best is not None
    if separations and best[0] > enough:
        best = _below(buffers, between, enough, best, alignment_bytes)
    height, offsets, algorithm = best
    proven = bound
    if height > enough and (capacity_bytes is None or bound <= capacity_bytes):
        effort = effort or Effort(PLACEMENTS)
        found, proven = _searched(buffers, between, offsets, bound, bool(separations), capacity_bytes, effort)
        if found != offsets:
            offsets, algorithm = found, "search"
            height = height_bytes(buffers, offsets, alignment_bytes)
    return Packing(offsets, height, bound, proven, algorithm)


def _searched(
    buffers: Sequence[Buffer],
    between: Conflicts,
    offsets: tuple[int, ...],
    bound: int,
    may_overlap: bool,
    capacity: int | None,
    effort: Effort,
) -> tuple[tuple[int, ...], int]:
    """The two kinds of search, imported when they are needed: one of them brings a compiler along."""
    if may_overlap:
        from memory_planner import sides

        found, proven = sides.lower(between, offsets, bound, capacity, effort)
    else:
        from memory_planner import exact

        lifetimes = [b.lifetime for b in buffers]
        found, proven = exact.lower(between.sizes, lifetimes, offsets, capacity, effort)
    return tuple(found), proven


_Best = tuple[int, tuple[int, ...], str]


def _below(
    buffers: Sequence[Buffer], between: Conflicts, bound: int, best: _Best, alignment_bytes: int
) -> _Best:
    """The lowest that the search in time finds, by halving what is open between `bound` and `best`."""
    low, height = bound, bound
    while height < best[0]:
        offsets = fitted(buffers, between, height)
        if offsets is None:
            low = height + alignment_bytes
        else:
            best = height_bytes(buffers, offsets, alignment_bytes), offsets, "search in time"
        height = low + (best[0] - low) // 2 // alignment_bytes * alignment_bytes
    return best
