"""Independent check of a plan: names the law that broke, and shares no code with what made the plan.

What a streamed step does, run by run, is not the planner's to choose: `runs` and `reach` say it to both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from graph.types import Graph
from memory_planner.replay import Replay
from memory_planner.types import Buffer, Plan, Role


class Law(StrEnum):
    """What every plan must obey."""

    OVERLAP = "OVERLAP"
    MISALIGNED = "MISALIGNED"
    OUT_OF_ARENA = "OUT_OF_ARENA"
    MISSING = "MISSING"
    WRONG_HEIGHT = "WRONG_HEIGHT"
    READ_AFTER_FREE = "READ_AFTER_FREE"
    OVERWRITTEN = "OVERWRITTEN"


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken law, and by whom."""

    law: Law
    message: str


def validate(graph: Graph, plan: Plan) -> list[Violation]:
    """All laws that `plan` breaks for `graph`; empty for a plan that can be run.

    O(n^2) in the number of buffers.
    """
    found = [*_missing(graph, plan), *_placed(graph, plan), *_lifetimes(graph, plan)]
    steps = [] if found else list(enumerate(plan.schedule.steps))
    replays = {when: Replay(graph, step) for when, step in steps if step.runs}
    return [*found, *_streams(plan, replays), *_overlaps(plan, replays)]


def _missing(graph: Graph, plan: Plan) -> list[Violation]:
    found = []
    planned = [b.tensor for b in plan.buffers if b.role is not Role.SUMS]
    needed = {*graph.inputs, *graph.outputs}
    for op in graph.ops:
        needed |= {*op.inputs, *op.outputs} - {-1}
    for i in sorted(needed):
        tensor = graph.tensors[i]
        resident = tensor.data is not None or tensor.is_variable
        if not resident and planned.count(i) != 1:
            found.append(Violation(Law.MISSING, f"tensor {i} ({tensor.name}) has {planned.count(i)} buffers"))
    for b in plan.buffers:
        if b.role is Role.RING and b.tensor in graph.outputs:
            found.append(Violation(Law.MISSING, f"output tensor {b.tensor} is never whole"))
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
        if buffer.size_bytes != graph.tensors[buffer.tensor].size_bytes and buffer.role is Role.WHOLE:
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
    life = {b.tensor: b.lifetime for b in plan.buffers if b.role is not Role.SUMS}
    last = len(plan.schedule.steps)
    for when, step in enumerate(plan.schedule.steps):
        for op in (graph.ops[i] for i in step.ops if i < len(graph.ops)):
            for i in (*op.inputs, *op.outputs):
                if i in life and not life[i].start <= when < life[i].end:
                    found.append(Violation(Law.READ_AFTER_FREE, f"{op} needs tensor {i} at step {when}"))
    delivered = {i for step in plan.schedule.steps for i in step.delivered}
    for i in graph.inputs:
        if i in life and life[i].start > 0 and i not in delivered:
            found.append(Violation(Law.READ_AFTER_FREE, f"input tensor {i} is not there at step 0"))
    for i in graph.outputs:
        if i in life and life[i].end < last:
            found.append(Violation(Law.READ_AFTER_FREE, f"output tensor {i} is freed before the end"))
    return found


def _streams(plan: Plan, replays: Mapping[int, Replay]) -> list[Violation]:
    """Every pixel is written before it is read, and stays in its ring until it is read for the last time."""
    found = []
    for when, replay in replays.items():
        for times in replay.times.values():
            found += [Violation(Law.READ_AFTER_FREE, f"step {when}: {what}") for what in times.missing[:1]]
        inner = {replay.graph.ops[i].outputs[0] for i in replay.step.ops[:-1]} | set(replay.step.delivered)
        rings = [b for b in plan.buffers if b.role is Role.RING and b.lifetime.start == when]
        for buffer in rings:
            lost = replay.ring_faults(buffer) if buffer.tensor in inner else 1
            if lost or buffer.lifetime.end != when + 1:
                what = f"step {when}: the ring of tensor {buffer.tensor} loses {lost} pixels"
                found.append(Violation(Law.OVERWRITTEN, what))
        sums = {b.tensor: b for b in plan.buffers if b.role is Role.SUMS and b.lifetime.start == when}
        for tensor, need in replay.sums_bytes.items():
            if tensor not in sums or sums[tensor].size_bytes != need:
                found.append(Violation(Law.MISSING, f"step {when}: tensor {tensor} has no room for its sums"))
    return found


def _overlaps(plan: Plan, replays: Mapping[int, Replay]) -> list[Violation]:
    found = []
    placed = list(zip(plan.buffers, plan.offsets, _arenas(plan)[1], strict=False))
    for n, (a, at, memory) in enumerate(placed):
        for b, bt in ((b, bt) for b, bt, other in placed[n + 1 :] if other == memory):
            begin = max(a.lifetime.start, b.lifetime.start)
            end = min(a.lifetime.end, b.lifetime.end)
            in_space = max(at, bt) < min(at + a.size_bytes, bt + b.size_bytes)
            if begin >= end or not in_space:
                continue
            if end == begin + 1 and begin in replays and _shares(replays[begin], (a, at), (b, bt)):
                continue
            found.append(Violation(Law.OVERLAP, f"tensors {a.tensor} and {b.tensor} share bytes in time"))
    return found


def _shares(replay: Replay, one: tuple[Buffer, int], other: tuple[Buffer, int]) -> bool:
    """Whether two buffers may share bytes in a streamed step: output and input, or sums, or brief rings."""
    if one[0].role is other[0].role is Role.RING:
        return replay.never_meet(one[0].tensor, other[0].tensor)
    for (low, at), (high, bt) in ((one, other), (other, one)):
        if high.role is Role.SUMS and low.tensor == high.tensor:
            return at <= bt
        is_output = low.tensor == replay.graph.ops[replay.step.ops[-1]].outputs[0]
        if is_output and low.role is high.role is Role.WHOLE and high.tensor in replay.times:
            return replay.overlap_faults(low.tensor, at, high.tensor, bt) == 0
    return False
