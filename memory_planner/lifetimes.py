"""From a graph to buffers: what must be kept, from which step to which."""

from __future__ import annotations

from graph.types import Graph
from memory_planner.types import Buffer, Lifetime, Schedule, Step


def file_order(graph: Graph) -> Schedule:
    """One operator a step, in the file's order."""
    return Schedule(tuple(Step((op.index,)) for op in graph.ops))


def buffers_of(graph: Graph, schedule: Schedule) -> tuple[Buffer, ...]:
    """A buffer for every tensor that lives in the arena, by tensor index.

    Graph inputs are there from step 0, graph outputs stay to the end, everything else lives from the step
    that writes it through the last that reads it. Constants and state that outlives an inference are not
    in the arena.
    """
    start = dict.fromkeys(graph.inputs, 0)
    end: dict[int, int] = {}
    for when, step in enumerate(schedule.steps):
        for op in (graph.ops[index] for index in step.ops):
            for tensor in op.outputs:
                start.setdefault(tensor, when)
            for tensor in (*op.inputs, *op.outputs):
                end[tensor] = when + 1
    steps = len(schedule.steps)
    for tensor in graph.outputs:
        end[tensor] = steps
    return tuple(
        Buffer(index, graph.tensors[index].size_bytes, Lifetime(start[index], end.get(index, 1)))
        for index in sorted(start)
        if not graph.tensors[index].is_constant and not graph.tensors[index].is_variable
    )


def state_bytes(graph: Graph) -> int:
    """Bytes of the tensors that outlive an inference (SVDF's and LSTM's state)."""
    return sum(t.size_bytes for t in graph.tensors if t.is_variable and not t.is_constant)
