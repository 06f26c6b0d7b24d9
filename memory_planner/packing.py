"""Where buffers lie: the smallest arena found, and what proves that there is no smaller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from memory_planner.conflicts import NO_SEPARATIONS, Separations, conflicts
from memory_planner.first_fit import packings
from memory_planner.lower_bound import lower_bound_bytes
from memory_planner.types import Buffer, aligned

Proof = Literal["lower-bound", "search", "none"]


@dataclass(frozen=True, slots=True)
class Packing:
    """Where each buffer lies; `offsets` run parallel to the buffers that were packed.

    `proof` says why no packing of these buffers is lower than `height_bytes`: it equals
    `lower_bound_bytes` ("lower-bound"), or there is nothing below as a search that ended found ("search");
    "none" where neither is known, and the gap between the two is open.
    """

    offsets: tuple[int, ...]
    height_bytes: int
    lower_bound_bytes: int
    proof: Proof
    algorithm: str

    @property
    def gap_bytes(self) -> int:
        """How much lower a packing might be: 0 where the height is proven."""
        return self.height_bytes - self.lower_bound_bytes if self.proof == "none" else 0


def height_bytes(buffers: Sequence[Buffer], offsets: Sequence[int], alignment_bytes: int) -> int:
    """The arena that a packing needs."""
    ends = (o + b.size_bytes for o, b in zip(offsets, buffers, strict=True))
    return aligned(max(ends, default=0), alignment_bytes)


def pack(
    buffers: Sequence[Buffer], alignment_bytes: int, separations: Separations = NO_SEPARATIONS
) -> Packing:
    """A packing of `buffers`, the lowest found; depends on the arguments alone.

    Buffers that share a step share no byte, unless `separations` says otherwise. Its key is (below, above),
    two positions in `buffers`; its value is the least `offset[above] - offset[below]` of a packing in which
    `above` lies above `below`. What is not in it keeps apart: the size of `below`, rounded up to the
    alignment. A smaller value, zero or a negative one lets the two overlap. So each pair that shares a step
    forbids one open interval of differences: from `-separation(above, below)` to `separation(below, above)`.

    >>> from memory_planner.types import Lifetime
    >>> ifm, ofm = Buffer(0, 64, Lifetime(0, 2)), Buffer(1, 64, Lifetime(1, 3))
    >>> pack([ifm, ofm], 16).height_bytes
    128
    >>> pack([ifm, ofm], 16, {(1, 0): 16})  # the input may lie as little as 16 bytes above the output
    Packing(offsets=(16, 0), height_bytes=80, lower_bound_bytes=80, proof='lower-bound', \
algorithm='greedy by size from above')
    """
    between = conflicts(buffers, alignment_bytes, separations)
    bound = lower_bound_bytes(buffers, alignment_bytes, separations)
    best: tuple[int, tuple[int, ...], str] | None = None
    for algorithm, offsets in packings(buffers, between, bound, bool(separations)):
        height = height_bytes(buffers, offsets, alignment_bytes)
        if best is None or height < best[0]:
            best = height, offsets, algorithm
        if height == bound:
            break
    assert best is not None
    height, offsets, algorithm = best
    return Packing(offsets, height, bound, "lower-bound" if height == bound else "none", algorithm)
