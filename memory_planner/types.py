"""The planner's values: what runs when, what must be kept from when to when, and where it lies."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Proof(StrEnum):
    """Why nothing smaller exists: a lower bound is met, a search ended, or it is not known."""

    LOWER_BOUND = "lower-bound"
    SEARCH = "search"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of time; `ops` are the operators (by index) that run in it.

    One operator without `runs` reads its inputs and writes its output in any order. With `runs`, operator
    ops[k] writes runs[k] pixels at a time, in raster order, or from the last pixel to the first where
    `backwards`; each run as late as an operator after it allows (`memory_planner/runs.py`). The graph's
    inputs in `delivered` come row by row from a sensor while the step runs.
    """

    ops: tuple[int, ...]
    runs: tuple[int, ...] = ()
    backwards: bool = False
    delivered: tuple[int, ...] = ()

    @property
    def kind(self) -> str:
        """`stream` where several operators run interleaved, row by row or pixel by pixel."""
        return "stream" if len(self.ops) > 1 else "op"


@dataclass(frozen=True, slots=True)
class Schedule:
    """What runs when."""

    steps: tuple[Step, ...]

    @property
    def op_order(self) -> tuple[int, ...]:
        """Operators by index, in the order they run."""
        return tuple(op for step in self.steps for op in step.ops)


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Half-open steps: the bytes are needed in start, start+1, ..., end-1."""

    start: int
    end: int

    def overlaps(self, other: Lifetime) -> bool:
        """Whether the two share a step.

        >>> Lifetime(0, 2).overlaps(Lifetime(2, 3)), Lifetime(0, 3).overlaps(Lifetime(2, 3))
        (False, True)
        """
        return self.start < other.end and other.start < self.end


class Role(StrEnum):
    """What a buffer holds of its tensor: all, the pixels still needed, or sums on the way to it."""

    WHOLE = "whole"
    RING = "ring"
    SUMS = "sums"


@dataclass(frozen=True, slots=True)
class Buffer:
    """Bytes of one tensor, and how long they must be kept."""

    tensor: int
    size_bytes: int
    lifetime: Lifetime
    role: Role = Role.WHOLE


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """What one memory of the chip holds, and the bytes that an inference moves in and out of it.

    `activations_bytes` is its arena and the state that lies there; `weights_bytes` counts what a flash keeps
    for a RAM to load, `traffic_bytes` does not.
    """

    name: str
    capacity_bytes: int
    reserved_bytes: int
    weights_bytes: int
    activations_bytes: int
    arena_bytes: int
    traffic_bytes: int

    @property
    def used_bytes(self) -> int:
        return self.weights_bytes + self.activations_bytes

    @property
    def available_bytes(self) -> int:
        return self.capacity_bytes - self.reserved_bytes

    @property
    def margin_bytes(self) -> int:
        """Below zero where more is needed than there is."""
        return self.available_bytes - self.used_bytes


@dataclass(frozen=True, slots=True)
class Placement:
    """Which memory holds what: `buffers` runs parallel to the plan's, by memory's name.

    `constants` and `state` say it by tensor index, `requantization` by operator index. `traffic_cycles` is
    what moving the bytes takes; `gap_cycles` how much less another placement might take, 0 where `proof` is
    given. Of a placement that does not fit, `proof` says whether none does.
    """

    memories: tuple[MemoryUse, ...]
    buffers: tuple[str, ...]
    constants: tuple[tuple[int, str], ...]
    requantization: tuple[tuple[int, str], ...]
    state: tuple[tuple[int, str], ...]
    traffic_cycles: int
    gap_cycles: int
    proof: Proof

    @property
    def fits(self) -> bool:
        return all(m.margin_bytes >= 0 for m in self.memories)

    @property
    def base_of(self) -> dict[str, int]:
        """Where each memory's arena begins when they are laid one after another."""
        bases, at = {}, 0
        for memory in self.memories:
            bases[memory.name] = at
            at += memory.arena_bytes
        return bases


@dataclass(frozen=True, slots=True)
class Plan:
    """Where each buffer lies in the arena; `offsets` run parallel to `buffers`, in bytes.

    Where the chip has several memories for activations, each has an arena of its own: `placement` says which
    holds a buffer, offsets count from that arena's beginning, and `arena_bytes` is the sum of all.

    `lower_bound_bytes` is what no packing of this schedule can go below, `proof` why it is as low as this.
    `order_lower_bound_bytes` is what no packing of any order can, with buffers whole and apart; `order_proof`
    says why some order's peak is it.
    """

    schedule: Schedule
    buffers: tuple[Buffer, ...]
    offsets: tuple[int, ...]
    arena_bytes: int
    lower_bound_bytes: int
    algorithm: str
    alignment_bytes: int
    order_lower_bound_bytes: int = 0
    order_proof: Proof = Proof.NONE
    proof: Proof = Proof.NONE
    placement: Placement | None = None

    @property
    def memories(self) -> tuple[str | None, ...]:
        """The memory of each buffer, by name; None where none is chosen."""
        return self.placement.buffers if self.placement else (None,) * len(self.buffers)

    @property
    def places(self) -> tuple[int, ...]:
        """Offsets of the buffers with the arenas of all memories laid one after another."""
        if self.placement is None or len(set(self.placement.buffers)) < 2:
            return self.offsets
        base = self.placement.base_of
        return tuple(base[m] + o for m, o in zip(self.placement.buffers, self.offsets, strict=True))

    @property
    def gap_bytes(self) -> int:
        """0 where the packing is proven smallest for its schedule."""
        return self.arena_bytes - self.lower_bound_bytes if self.proof is Proof.NONE else 0

    @property
    def offset_of(self) -> dict[int, int]:
        """Byte offset in the arena by tensor index; of sums that become a tensor, the tensor's."""
        placed = zip(self.buffers, self.offsets, strict=True)
        return {b.tensor: offset for b, offset in placed if b.role is not Role.SUMS}

    def live_bytes(self, step: int) -> int:
        """Bytes needed in `step`, each buffer rounded up to the alignment; what two share counts once."""
        placed = zip(self.buffers, self.places, strict=True)
        alive = sorted(
            (at, at + aligned(b.size_bytes, self.alignment_bytes))
            for b, at in placed
            if b.lifetime.start <= step < b.lifetime.end
        )
        total = top = 0
        for low, high in alive:
            total += max(0, high - max(low, top))
            top = max(top, high)
        return total


def aligned(size_bytes: int, alignment_bytes: int) -> int:
    """The next multiple.

    >>> aligned(1, 16), aligned(16, 16), aligned(0, 16)
    (16, 16, 0)
    """
    return -(-size_bytes // alignment_bytes) * alignment_bytes
