"""A plan for TensorFlow Lite Micro: an order and offsets with which its recorded head is our arena.

The file carries offsets of tensors alone. Scratch buffers that kernels ask for are laid by the runtime's
greedy planner into the gaps that the tensors leave: the plan keeps gaps for them, then asks that planner.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from graph.file_facts import FileFacts
from graph.op_kind import OpKind
from graph.types import Graph
from memory_planner.lifetimes import buffers_of, file_order
from memory_planner.order import Ordering, order
from memory_planner.packing import pack
from memory_planner.tflm.arena import prepared, requirements
from memory_planner.tflm.greedy import ONLINE, Requirement, greedy_offsets, height_bytes
from memory_planner.tflm.layout import HOST
from memory_planner.tflm.overlap import RULES, Kernels, least_distance
from memory_planner.tflm.requests import ALIGNMENT_BYTES
from memory_planner.tflm.sharing import Shared, apart, shared
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

    `offline_offsets` are by tensor, -1 for what the runtime places elsewhere.
    """

    plan: Plan
    scratch: tuple[Scratch, ...]
    offline_offsets: tuple[int, ...]


def reordered(graph: Graph, schedule: Schedule) -> Graph:
    """The graph as a file says it whose operators stand in the order of `schedule`."""
    ops = (graph.ops[op] for op in schedule.op_order)
    return replace(graph, ops=tuple(replace(op, index=index) for index, op in enumerate(ops)))


def tflm_plan(graph: Graph, facts: FileFacts, overlap: Kernels | None = None) -> TflmPlan:
    """The plan with the smallest head, of the file's own order and of the one with the smallest peak.

    The file's own order wins a tie. Depends on its arguments alone. With `overlap`, an output may lie over
    its input where the order in which kernels of that library read and write allows it.

    Raises: UnsupportedOperatorError where the scratch of an operator's kernel is not known.
    """
    ordering = order(graph, ALIGNMENT_BYTES)
    schedules = dict.fromkeys((file_order(graph), ordering.schedule))
    found = [_planned(graph, facts, schedule, ordering, overlap) for schedule in schedules]
    return min(found, key=lambda made: made.plan.arena_bytes)


def _planned(
    graph: Graph, facts: FileFacts, schedule: Schedule, ordering: Ordering, overlap: Kernels | None
) -> TflmPlan:
    ordered, online = reordered(graph, schedule), replace(facts, offline_offsets=None)
    asked = [p.scratch for p in prepared(ordered, online, HOST)]
    tensors, wanted = requirements(ordered, online, asked)
    placed, tops = wanted[: len(tensors)], wanted[len(tensors) :]
    sharing = shared(ordered, tensors, placed, overlap) if overlap else apart(placed)
    best = _best(_layings(placed, tops, sharing))
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
            proof=best.proof,
        ),
        scratch=tuple(map(Scratch, owners, sizes, best.offsets[len(tensors) :])),
        offline_offsets=tuple(offset_of.get(t.index, ONLINE) for t in graph.tensors),
    )


@dataclass(frozen=True, slots=True)
class _Laid:
    """Offsets of tensors and scratch as the runtime will have them."""

    offsets: tuple[int, ...]
    head_bytes: int
    lower_bound_bytes: int
    proof: Proof
    algorithm: str


def _best(layings: Iterator[_Laid]) -> _Laid:
    best = next(layings)
    while best.proof is Proof.NONE and (laid := next(layings, None)):
        best = min(best, laid, key=lambda one: one.head_bytes)
    return best


def _layings(tensors: Sequence[Requirement], tops: Sequence[Requirement], sharing: Shared) -> Iterator[_Laid]:
    """Packings with scratch buffers on their own, and with those of an operator in one piece.

    In one piece they lie where the greedy planner finds room for each: it lays them from below into gaps that
    are no smaller than the piece. On their own they may fit gaps that the piece does not.
    """
    pieces: list[Requirement] = []
    for r in tops:
        if pieces and pieces[-1].first == r.first:
            pieces[-1] = replace(r, size_bytes=pieces[-1].size_bytes + r.size_bytes)
        else:
            pieces.append(r)
    for scratch in (tops, pieces) if len(pieces) < len(tops) else (tops,):
        wanted = [_buffer(r) for r in (*sharing.wanted, *scratch)]
        packing = pack(wanted, ALIGNMENT_BYTES, sharing.separations)
        offline = [
            replace(r, offline_offset=packing.offsets[group])
            for r, group in zip(tensors, sharing.group_of, strict=True)
        ]
        offsets = greedy_offsets([*offline, *tops])
        head = height_bytes([*tensors, *tops], offsets)
        proof = Proof(packing.proof) if scratch is tops and head == packing.height_bytes else Proof.NONE
        if head == packing.lower_bound_bytes:
            proof = Proof.LOWER_BOUND
        yield _Laid(offsets, head, packing.lower_bound_bytes, proof, packing.algorithm)


def _buffer(r: Requirement) -> Buffer:
    """Steps of the runtime begin at -1, for what nothing uses, and are counted in at both ends."""
    return Buffer(_NO_TENSOR, r.size_bytes, Lifetime(r.first + 1, r.last + 2))


@dataclass(frozen=True, slots=True)
class Overlap:
    """The input of `op` lies `distance_bytes` above its output and shares bytes with it.

    `least_bytes` would do; `source` is where the kernel's order of access was read.
    """

    op: int
    input: int
    output: int
    distance_bytes: int
    least_bytes: int
    source: str


def overlaps(graph: Graph, made: TflmPlan, kernels: Kernels) -> list[Overlap]:
    """Inputs and outputs of one operator that share bytes under a plan, copies that cost nothing left out."""
    found = []
    at, size = made.plan.offset_of, {b.tensor: b.size_bytes for b in made.plan.buffers}
    for op in (graph.ops[index] for index in made.plan.schedule.op_order):
        output = op.outputs[0]
        for source in (i for i in dict.fromkeys(op.inputs) if i in at and output in at):
            distance = at[source] - at[output]
            if op.kind is not OpKind.RESHAPE and -size[source] < distance < size[output]:
                least = least_distance(graph, op, source, kernels)
                assert least is not None and least <= distance
                rule = RULES[kernels][op.kind]
                found.append(Overlap(op.index, source, output, distance, least, rule.source))
    return found
