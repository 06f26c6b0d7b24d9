"""Independent check of a plan: names the law that broke, and shares no code with what made the plan."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from graph.types import Graph
from memory_planner.types import Plan


class Law(StrEnum):
    """What every plan must obey."""

    OVERLAP = "OVERLAP"
    MISALIGNED = "MISALIGNED"
    OUT_OF_ARENA = "OUT_OF_ARENA"
    MISSING = "MISSING"
    WRONG_HEIGHT = "WRONG_HEIGHT"
    READ_AFTER_FREE = "READ_AFTER_FREE"


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken law, and by whom."""

    law: Law
    message: str


def validate(graph: Graph, plan: Plan) -> list[Violation]:
    """All laws that `plan` breaks for `graph`; empty for a plan that can be run.

    O(n^2) in the number of buffers.
    """
    return [*_missing(graph, plan), *_placed(graph, plan), *_lifetimes(graph, plan), *_overlaps(plan)]


def _missing(graph: Graph, plan: Plan) -> list[Violation]:
    found = []
    planned = [b.tensor for b in plan.buffers]
    needed = {*graph.inputs, *graph.outputs}
    for op in graph.ops:
        needed |= {*op.inputs, *op.outputs} - {-1}
    for i in sorted(needed):
        tensor = graph.tensors[i]
        resident = tensor.data is not None or tensor.is_variable
        if not resident and planned.count(i) != 1:
            found.append(Violation(Law.MISSING, f"tensor {i} ({tensor.name}) has {planned.count(i)} buffers"))
    order = [op for step in plan.schedule.steps for op in step.ops]
    if sorted(order) != list(range(len(graph.ops))):
        found.append(Violation(Law.MISSING, f"the schedule runs operators {order}, not each of them once"))
    if len(plan.offsets) != len(plan.buffers):
        found.append(Violation(Law.MISSING, f"{len(plan.buffers)} buffers, {len(plan.offsets)} offsets"))
    return found


def _arenas(plan: Plan) -> tuple[dict[str, int], list[str]]:
    """Bytes of each memory's arena by name, and the memory of each buffer."""
    if plan.placement is None or len(set(plan.placement.buffers)) < 2:
        return {"": plan.arena_bytes}, [""] * len(plan.buffers)
    return {m.name: m.arena_bytes for m in plan.placement.memories}, list(plan.placement.buffers)


def _placed(graph: Graph, plan: Plan) -> list[Violation]:
    found = []
    arenas, memories = _arenas(plan)
    tops = dict.fromkeys(arenas, 0)
    if len(memories) != len(plan.buffers) or not set(memories) <= set(arenas):
        return [Violation(Law.MISSING, f"{len(plan.buffers)} buffers, in the memories {memories}")]
    for buffer, offset, memory in zip(plan.buffers, plan.offsets, memories, strict=False):
        end = offset + buffer.size_bytes
        tops[memory] = max(tops[memory], end)
        if offset % plan.alignment_bytes:
            found.append(Violation(Law.MISALIGNED, f"tensor {buffer.tensor} lies at {offset}"))
        if offset < 0 or end > arenas[memory]:
            found.append(Violation(Law.OUT_OF_ARENA, f"tensor {buffer.tensor} takes {offset} to {end}"))
        if buffer.size_bytes != graph.tensors[buffer.tensor].size_bytes:
            found.append(Violation(Law.MISSING, f"tensor {buffer.tensor} has a buffer of another size"))
    for memory, top in tops.items():
        if not top <= arenas[memory] < top + plan.alignment_bytes:
            what = f"the arena {memory}".rstrip()
            found.append(Violation(Law.WRONG_HEIGHT, f"{what} has {arenas[memory]} bytes, {top} are used"))
    if sum(arenas.values()) != plan.arena_bytes:
        found.append(Violation(Law.WRONG_HEIGHT, f"{plan.arena_bytes} bytes are not the sum of all arenas"))
    return found


def _lifetimes(graph: Graph, plan: Plan) -> list[Violation]:
    found = []
    life = {b.tensor: b.lifetime for b in plan.buffers}
    last = len(plan.schedule.steps)
    for when, step in enumerate(plan.schedule.steps):
        for op in (graph.ops[i] for i in step.ops if i < len(graph.ops)):
            for i in (*op.inputs, *op.outputs):
                if i in life and not life[i].start <= when < life[i].end:
                    found.append(Violation(Law.READ_AFTER_FREE, f"{op} needs tensor {i} at step {when}"))
    for i in graph.inputs:
        if i in life and life[i].start > 0:
            found.append(Violation(Law.READ_AFTER_FREE, f"input tensor {i} is not there at step 0"))
    for i in graph.outputs:
        if i in life and life[i].end < last:
            found.append(Violation(Law.READ_AFTER_FREE, f"output tensor {i} is freed before the end"))
    return found


def _overlaps(plan: Plan) -> list[Violation]:
    found = []
    placed = list(zip(plan.buffers, plan.offsets, _arenas(plan)[1], strict=False))
    for n, (a, at, memory) in enumerate(placed):
        for b, bt in ((b, bt) for b, bt, other in placed[n + 1 :] if other == memory):
            in_time = max(a.lifetime.start, b.lifetime.start) < min(a.lifetime.end, b.lifetime.end)
            in_space = max(at, bt) < min(at + a.size_bytes, bt + b.size_bytes)
            if in_time and in_space:
                found.append(Violation(Law.OVERLAP, f"tensors {a.tensor} and {b.tensor} share bytes in time"))
    return found
