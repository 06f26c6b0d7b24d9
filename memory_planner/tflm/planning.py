"""A plan for TensorFlow Lite Micro: an order and offsets with which its recorded head is our arena.

The file carries offsets of tensors alone. Scratch buffers that kernels ask for are laid by the runtime's
greedy planner into the gaps that the tensors leave: the plan keeps gaps for them, then asks that planner.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from graph.file_facts import FileFacts
from graph.types import Graph
from memory_planner.lifetimes import buffers_of, file_order
from memory_planner.order import Ordering, order
from memory_planner.packing import pack
from memory_planner.tflm.arena import prepared, requirements
from memory_planner.tflm.greedy import ONLINE, Requirement, greedy_offsets, height_bytes
from memory_planner.tflm.layout import HOST
from memory_planner.tflm.requests import ALIGNMENT_BYTES
from memory_planner.types import Buffer, Lifetime, Plan, Proof, Schedule

_NO_TENSOR = -1


@dataclass(frozen=True, slots=True)
class Scratch:
    """A buffer that operator `op` asks for, and where the runtime will lay it."""

    op: int
    size_bytes: int
    offset: int


@dataclass(frozen=True, slots=True)
class TflmPlan:
    """`plan.arena_bytes` is the head that the runtime will record; it counts `scratch` too.

    `offline_offsets` are by tensor, -1 for what the runtime places elsewhere. `proof` says whether no offsets
    give a lower head in this order.
    """

    plan: Plan
    scratch: tuple[Scratch, ...]
    offline_offsets: tuple[int, ...]
    proof: Proof


def reordered(graph: Graph, schedule: Schedule) -> Graph:
    """The graph as a file says it whose operators stand in the order of `schedule`."""
    ops = (graph.ops[op] for op in schedule.op_order)
    return replace(graph, ops=tuple(replace(op, index=index) for index, op in enumerate(ops)))


def tflm_plan(graph: Graph, facts: FileFacts) -> TflmPlan:
    """The plan with the smallest head, of the file's own order and of the one with the smallest peak.

    The file's own order wins a tie. Depends on its arguments alone.

    Raises: UnsupportedOperatorError where the scratch of an operator's kernel is not known.
    """
    ordering = order(graph, ALIGNMENT_BYTES)
    schedules = dict.fromkeys((file_order(graph), ordering.schedule))
    found = [_planned(graph, facts, schedule, ordering) for schedule in schedules]
    return min(found, key=lambda made: made.plan.arena_bytes)


def _planned(graph: Graph, facts: FileFacts, schedule: Schedule, ordering: Ordering) -> TflmPlan:
    ordered, online = reordered(graph, schedule), replace(facts, offline_offsets=None)
    asked = [p.scratch for p in prepared(ordered, online, HOST)]
    tensors, wanted = requirements(ordered, online, asked)
    best: _Laid | None = None
    for laid in _layings(tensors, wanted):
        if best is None or laid.head_bytes < best.head_bytes:
            best = laid
        if best.head_bytes == best.lower_bound_bytes:
            break
    assert best is not None
    offset_of = dict(zip(tensors, best.offsets, strict=False))
    buffers = buffers_of(graph, schedule)
    owners = [op for op, sizes in zip(schedule.op_order, asked, strict=True) for _ in sizes]
    sizes = [size for sizes in asked for size in sizes]
    return TflmPlan(
        plan=Plan(
            schedule=schedule,
            buffers=buffers,
            offsets=tuple(offset_of.get(b.tensor, 0) for b in buffers),
            arena_bytes=best.head_bytes,
            lower_bound_bytes=best.lower_bound_bytes,
            algorithm=best.algorithm,
            alignment_bytes=ALIGNMENT_BYTES,
            order_lower_bound_bytes=ordering.lower_bound_bytes,
            order_proof=ordering.proof,
        ),
        scratch=tuple(map(Scratch, owners, sizes, best.offsets[len(tensors) :])),
        offline_offsets=tuple(offset_of.get(t.index, ONLINE) for t in graph.tensors),
        proof=Proof.LOWER_BOUND if best.head_bytes == best.lower_bound_bytes else Proof.NONE,
    )


@dataclass(frozen=True, slots=True)
class _Laid:
    """Offsets of tensors and scratch as the runtime will have them."""

    offsets: tuple[int, ...]
    head_bytes: int
    lower_bound_bytes: int
    algorithm: str


def _layings(tensors: Sequence[int], wanted: Sequence[Requirement]) -> Iterator[_Laid]:
    """Packings with scratch buffers on their own, and with those of an operator in one piece.

    In one piece they lie where the greedy planner finds room for each: it lays them from below into gaps that
    are no smaller than the piece. On their own they may fit gaps that the piece does not.
    """
    tops = wanted[len(tensors) :]
    pieces: list[Requirement] = []
    for r in tops:
        if pieces and pieces[-1].first == r.first:
            pieces[-1] = replace(r, size_bytes=pieces[-1].size_bytes + r.size_bytes)
        else:
            pieces.append(r)
    for scratch in (tops, pieces) if len(pieces) < len(tops) else (tops,):
        packing = pack([_buffer(r) for r in (*wanted[: len(tensors)], *scratch)], ALIGNMENT_BYTES)
        offline = [
            replace(r, offline_offset=offset)
            for r, offset in zip(wanted[: len(tensors)], packing.offsets, strict=False)
        ]
        offsets = greedy_offsets([*offline, *tops])
        head = height_bytes(wanted, offsets)
        yield _Laid(offsets, head, packing.lower_bound_bytes, packing.algorithm)


def _buffer(r: Requirement) -> Buffer:
    """Steps of the runtime begin at -1, for what nothing uses, and are counted in at both ends."""
    return Buffer(_NO_TENSOR, r.size_bytes, Lifetime(r.first + 1, r.last + 2))
