"""Which offset differences two buffers may not have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from memory_planner.types import Buffer, aligned

Separations = Mapping[tuple[int, int], int]
Forbidden = tuple[int, int, int]

NO_SEPARATIONS: Separations = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Sizes rounded up, and by buffer who else is in the way.

    (j, low, high) in `forbidden[i]`: `low < offset[i] - offset[j] < high` is forbidden.
    """

    sizes: tuple[int, ...]
    forbidden: tuple[tuple[Forbidden, ...], ...]

    def mirrored(self) -> Conflicts:
        """The same buffers counted from the top of the arena downwards: `height - offset - size`."""
        turned = (
            tuple((j, self.sizes[j] - size - high, self.sizes[j] - size - low) for j, low, high in row)
            for size, row in zip(self.sizes, self.forbidden, strict=True)
        )
        return Conflicts(self.sizes, tuple(turned))


def separation_bytes(
    buffers: Sequence[Buffer], below: int, above: int, alignment_bytes: int, separations: Separations
) -> int:
    """The least difference of offsets where `above` lies above `below`."""
    least = separations.get((below, above), buffers[below].size_bytes)
    return aligned(least, alignment_bytes)


def conflicts(buffers: Sequence[Buffer], alignment_bytes: int, separations: Separations) -> Conflicts:
    """The forbidden differences of each pair that shares a step; a buffer of no bytes is in nobody's way."""

    def pairs(i: int) -> Iterable[Forbidden]:
        for j in alive[i]:
            low = -separation_bytes(buffers, i, j, alignment_bytes, separations)
            high = separation_bytes(buffers, j, i, alignment_bytes, separations)
            if low < high:
                yield j, low, high

    alive: list[list[int]] = [[] for _ in buffers]
    present: list[int] = []
    for i in sorted(range(len(buffers)), key=lambda i: buffers[i].lifetime.start):
        if not buffers[i].size_bytes:
            continue
        present = [j for j in present if buffers[j].lifetime.end > buffers[i].lifetime.start]
        for j in present:
            if buffers[j].lifetime.overlaps(buffers[i].lifetime):
                alive[i].append(j)
                alive[j].append(i)
        present.append(i)
    sizes = tuple(aligned(b.size_bytes, alignment_bytes) for b in buffers)
    return Conflicts(sizes, tuple(tuple(pairs(i)) for i in range(len(buffers))))
