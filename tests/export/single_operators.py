"""The oracles' cases of one operator as graphs that an export takes: one input, a batch of 1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import HealthCheck, Phase, given, settings

from graph import tflite
from graph.op_kind import OpKind
from graph.types import Graph, Op
from tests.oracle.cases import CASES
from tests.oracle.single_op import Case


def chosen(kind: str, count: int, accepted: Callable[[Graph], bool]) -> list[Case]:
    """Cases that one kind is accepted in, the same in each run."""
    cases: list[Case] = []

    @settings(
        max_examples=20 * count,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(CASES[kind])
    def choose(case: Case) -> None:
        if len(cases) < count and accepted(one_input(case)):
            cases.append(case)

    choose()
    return cases


def one_input(case: Case) -> Graph:
    """The graph with all inputs but the first as constants, and that one reshaped from a batch of 1."""
    graph = tflite.read(case.blob)
    given = dict(zip(graph.inputs[1:], case.inputs[1:], strict=True))
    tensors = tuple(replace(t, data=given.get(t.index, t.data)) for t in graph.tensors)
    if not graph.inputs:
        return graph
    first, added = tensors[graph.inputs[0]], len(tensors)
    flat = replace(first, index=added, name="flat", shape=(1, first.elements))
    ops = tuple(replace(op, index=op.index + 1) for op in graph.ops)
    reshape = Op(0, OpKind.RESHAPE, (added,), (first.index,))
    return replace(graph, tensors=(*tensors, flat), ops=(reshape, *ops), inputs=(added,))
