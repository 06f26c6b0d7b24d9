"""Which tensors may share bytes on TensorFlow Lite Micro: copies that cost nothing, outputs over inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from graph.op_kind import OpKind
from graph.types import Graph
from memory_planner.tflm.greedy import Requirement
from memory_planner.tflm.overlap import Kernels, least_distance


@dataclass(frozen=True, slots=True)
class Shared:
    """Tensors put together: `group_of` by place among the planned tensors, the rest by group.

    `separations`: (below, above) to the least `offset[above] - offset[below]`, as `packing.pack` takes them.
    """

    group_of: tuple[int, ...]
    wanted: tuple[Requirement, ...]
    separations: dict[tuple[int, int], int]


def apart(wanted: Sequence[Requirement]) -> Shared:
    """Every tensor on its own."""
    return Shared(tuple(range(len(wanted))), tuple(wanted), {})


def shared(graph: Graph, tensors: Sequence[int], wanted: Sequence[Requirement], kernels: Kernels) -> Shared:
    """What the kernels' order of access lets share; the runtime's steps count operators from 1.

    Source: tflite-micro reshape.cc EvalReshapeReference, which copies nothing where both lie at one place.
    """
    position = {tensor: i for i, tensor in enumerate(tensors)}
    leader = list(range(len(tensors)))
    for op in graph.ops:
        ends = position.get(op.inputs[0], -1), position.get(op.outputs[0], -1)
        if op.kind is OpKind.RESHAPE and min(ends) >= 0:
            first, second = sorted(leader[end] for end in ends)
            leader = [first if one == second else one for one in leader]
    group = {one: number for number, one in enumerate(sorted(set(leader)))}
    group_of = tuple(group[one] for one in leader)
    merged: list[Requirement] = []
    for number in range(len(group)):
        members = [r for r, g in zip(wanted, group_of, strict=True) if g == number]
        first, last = min(r.first for r in members), max(r.last for r in members)
        merged.append(replace(members[0], first=first, last=last))
    kept = {group_of[position[tensor]] for tensor in graph.outputs if tensor in position}
    found: dict[tuple[int, int], int] = {}
    for step, op in enumerate(graph.ops, 1):
        for source in dict.fromkeys(op.inputs):
            if source not in position or op.outputs[0] not in position:
                continue
            below, above = group_of[position[op.outputs[0]]], group_of[position[source]]
            if below == above or above in kept:
                continue
            if merged[below].first != step or merged[above].last != step:
                continue
            least = least_distance(graph, op, source, kernels)
            if least is not None:
                found[below, above] = max(least, found.get((below, above), least))
    return Shared(group_of, tuple(merged), found)
