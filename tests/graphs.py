"""Small graphs made by hand: a chain, a branch, and random ones for hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, Tensor


def graph_of(
    sizes: list[int], ops: list[tuple[tuple[int, ...], tuple[int, ...]]], outputs: list[int]
) -> Graph:
    """A graph of int8 vectors of `sizes`; tensor 0 is the input; `ops` are (inputs, outputs)."""
    return Graph(
        tensors=tuple(Tensor(i, f"t{i}", (size,), DType.INT8) for i, size in enumerate(sizes)),
        ops=tuple(Op(i, OpKind.ADD, ins, outs) for i, (ins, outs) in enumerate(ops)),
        inputs=(0,),
        outputs=tuple(outputs),
    )


def chain(*sizes: int) -> Graph:
    """t0 -> t1 -> t2 -> ..."""
    steps = [((i,), (i + 1,)) for i in range(len(sizes) - 1)]
    return graph_of(list(sizes), steps, [len(sizes) - 1])


@st.composite
def graphs(draw: st.DrawFn, max_ops: int = 8, max_size: int = 97) -> Graph:
    """A random DAG: each operator reads one or two earlier tensors and writes one."""
    count = draw(st.integers(1, max_ops))
    sizes = draw(st.lists(st.integers(1, max_size), min_size=count + 1, max_size=count + 1))
    ops = []
    for i in range(count):
        inputs = draw(st.lists(st.integers(0, i), min_size=1, max_size=2, unique=True))
        ops.append((tuple(inputs), (i + 1,)))
    extra = draw(st.sets(st.integers(1, count), max_size=2))
    return graph_of(sizes, ops, sorted(extra | {count}))
