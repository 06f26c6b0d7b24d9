"""What TensorFlow Lite Micro asks of its arena, in order, and the smallest arena in which it all succeeds."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from memory_planner.types import aligned

ALIGNMENT_BYTES = 16
"""Of buffers that kernels ask for and of every tensor. Source: micro_arena_constants.h."""
PLANNER_BYTES_PER_BUFFER = 16 + 4 + 4 + 12 + 4
"""Source: greedy_memory_planner.h per_buffer_size."""


class Part(StrEnum):
    """What bytes of the tail are for."""

    ALLOCATOR = "allocator"
    TENSORS = "tensor_structs"
    NODES = "node_and_registrations"
    OPTIONS = "operator_options"
    KERNELS = "kernel_data"
    SCRATCH_HANDLES = "scratch_handles"
    VARIABLES = "variables"
    BORDER_POINTERS = "input_output_pointers"
    BORDER = "input_output_tensors"
    QUANTIZATION = "quantization_params"


class Verb(StrEnum):
    """How the arena is asked.

    TAIL grows the tail down for good; TEMP grows the temporary bytes above the head, until RESET; HEAD sets
    the head anew; PLAN wants room for the planner's own table between temporary bytes and tail.
    """

    TAIL = "tail"
    TEMP = "temp"
    RESET = "reset"
    HEAD = "head"
    PLAN = "plan"


@dataclass(frozen=True, slots=True)
class Request:
    """One demand on the arena; `part` and `op` say for whom bytes of the tail are (-1: for no operator)."""

    verb: Verb
    size_bytes: int = 0
    alignment_bytes: int = 1
    part: Part = Part.ALLOCATOR
    op: int = -1


def tails(requests: Sequence[Request], arena_bytes: int) -> list[int]:
    """Bytes from the tail's start to the arena's end after each request, for an arena that begins aligned.

    Source: single_arena_buffer_allocator.cc AllocatePersistentBuffer.
    """
    at, taken = arena_bytes, []
    for request in requests:
        if request.verb is Verb.TAIL:
            at = (at - request.size_bytes) // request.alignment_bytes * request.alignment_bytes
        taken.append(arena_bytes - at)
    return taken


def suffices(requests: Sequence[Request], arena_bytes: int, *, checked: bool = True) -> bool:
    """Whether every request succeeds in an arena of `arena_bytes` that begins at a multiple of 16.

    Not `checked`: whether the runtime thinks so, which does not see a tail that grows into temporary bytes.

    Source: single_arena_buffer_allocator.cc; greedy_memory_planner.cc Init, AddBuffer.
    """
    head = temp = 0
    tail = arena_bytes
    for request in requests:
        size, alignment = request.size_bytes, request.alignment_bytes
        if request.verb is Verb.TAIL:
            tail = (tail - size) // alignment * alignment
        elif request.verb is Verb.TEMP:
            start = aligned(temp, alignment)
            temp = start + size
            if temp > tail >= start:
                return False
        elif request.verb is Verb.RESET:
            temp = head
        elif request.verb is Verb.HEAD:
            head = temp = size
        else:
            room = tail // ALIGNMENT_BYTES * ALIGNMENT_BYTES - aligned(temp, ALIGNMENT_BYTES)
            if room < size:
                return False
        if tail < head or (checked and tail < temp):
            return False
    return True


def needed_bytes(requests: Sequence[Request], *, checked: bool = True) -> int:
    """The smallest arena that suffices: one byte less does not.

    More bytes never hurt: what is asked for from below lies where it lies, and the tail only moves up.
    """
    most = sum(r.size_bytes + r.alignment_bytes + 2 * ALIGNMENT_BYTES for r in requests) + 1
    return bisect_left(range(most), True, key=lambda size: suffices(requests, size, checked=checked))
