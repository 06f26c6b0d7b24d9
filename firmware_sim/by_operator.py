"""Operators one at a time over many pictures: what is done to a layer is seen before the next one runs."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from firmware_sim.numerics import Numerics
from firmware_sim.ops.kernel import Workspace
from firmware_sim.program import prepare_operator
from firmware_sim.run import one_blas_thread
from graph.errors import UnsupportedOperatorError
from graph.types import Graph, Op

Stacks = dict[int, np.ndarray]
"""Activations of many pictures by tensor: (samples, *shape)."""


def run_operator(
    graph: Graph, op: Op, stacks: Mapping[int, np.ndarray], numerics: Numerics = Numerics.TFLM
) -> tuple[Stacks, int]:
    """The outputs of `op` for every picture, and how many elements the output's type cut off.

    The bits are those of `run_batch`; no arena is laid out, so each tensor is whole and apart.

    Shapes: stacks (samples, *shape) for each input that is no constant; outputs likewise.
    Raises: UnsupportedOperatorError for an operator without a kernel, or one that keeps state.
    """
    kernel = prepare_operator(graph, op, numerics)
    fed = [i for i in op.inputs if i >= 0 and graph.tensors[i].data is None]
    if any(graph.tensors[i].is_variable for i in fed):
        raise UnsupportedOperatorError(f"{op}: it keeps state between pictures; give a feed-forward net")
    samples = len(stacks[fed[0]]) if fed else 1
    tensors = [graph.tensors[i] for i in op.outputs]
    results = {t.index: np.empty((samples, *t.shape), t.dtype.numpy) for t in tensors}
    constants = {i: np.array(graph.tensors[i].data) for i in op.inputs if i >= 0 and i not in fed}
    own = threading.local()

    def infer(sample: int) -> int:
        if not hasattr(own, "space"):
            own.space = Workspace()
        inputs = [None if i < 0 else constants[i] if i in constants else stacks[i][sample] for i in op.inputs]
        return int(kernel(inputs, [results[i][sample] for i in op.outputs], own.space))

    with one_blas_thread(), ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        saturated = sum(pool.map(infer, range(samples)))
    return results, saturated


def drop_unread(graph: Graph, stacks: Stacks, done: Op) -> None:
    """Forget activations that no operator after `done` reads and that are no output of the graph."""
    wanted = set(graph.outputs).union(*(op.inputs for op in graph.ops[done.index + 1 :]))
    for index in set(stacks) - wanted:
        del stacks[index]
