"""The operators that the emitted C has, and what is known of a graph before it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from export.c import layers, maps, reductions
from export.c.emitted import Emitted
from firmware_sim import ops
from firmware_sim.ops.kernel import Operands, Workspace
from graph.errors import UnsupportedOperatorError
from graph.op_kind import OpKind
from graph.types import Graph

Emit = Callable[[Operands], Emitted]

EMITTERS: Mapping[OpKind, Emit] = MappingProxyType(
    {
        OpKind.CONV_2D: layers.convolution,
        OpKind.DEPTHWISE_CONV_2D: layers.depthwise,
        OpKind.FULLY_CONNECTED: layers.dense,
        OpKind.MEAN: reductions.mean,
        OpKind.SOFTMAX: maps.softmax,
        OpKind.CONCATENATION: maps.joined,
        OpKind.PAD: maps.padded,
        OpKind.PADV2: maps.padded,
        OpKind.MUL: maps.multiplied,
        OpKind.RESIZE_NEAREST_NEIGHBOR: maps.nearest,
        OpKind.RESIZE_BILINEAR: maps.bilinear,
        **dict.fromkeys((OpKind.AVERAGE_POOL_2D, OpKind.MAX_POOL_2D), reductions.pool),
        **dict.fromkeys((OpKind.ADD, OpKind.SUB), maps.added),
        **dict.fromkeys((OpKind.MAXIMUM, OpKind.MINIMUM), maps.extreme),
        **dict.fromkeys((OpKind.RESHAPE, OpKind.SQUEEZE, OpKind.EXPAND_DIMS), maps.copied),
        **dict.fromkeys((OpKind.ARG_MAX, OpKind.ARG_MIN), maps.chosen),
        **dict.fromkeys((OpKind.RELU, OpKind.RELU6, OpKind.RELU_N1_TO_1), maps.looked_up),
        **dict.fromkeys((OpKind.LOGISTIC, OpKind.TANH, OpKind.HARD_SWISH, OpKind.LEAKY_RELU), maps.looked_up),
        **dict.fromkeys((OpKind.QUANTIZE, OpKind.ABS, OpKind.NEG), maps.looked_up),
    }
)
"""Those that compute; what looks at shapes alone is computed at export."""


def emitted(graph: Graph) -> dict[int, Emitted]:
    """Every operator that computes something, by index; those whose output is known are left out.

    Raises: UnsupportedOperatorError naming the first operator that the emitted C lacks.
    """
    known = with_known(graph)
    found = {}
    for op in graph.ops:
        if all(known.tensors[i].is_constant for i in op.outputs):
            continue
        if op.kind not in EMITTERS:
            lacking = {o.kind for o in graph.ops} - set(EMITTERS) - SHAPES
            kinds = ", ".join(sorted(kind.value for kind in lacking))
            raise UnsupportedOperatorError(
                f"{op}: the emitted C has no kernel for it (missing here: {kinds})"
            )
        found[op.index] = EMITTERS[op.kind](Operands.of(known, op))
    return found


SHAPES = frozenset({OpKind.SHAPE, OpKind.STRIDED_SLICE, OpKind.PACK})


def with_known(graph: Graph) -> Graph:
    """The graph with what follows from shapes and constants alone as constants; its operators stay.

    TFLite writes a batch of unknown size as SHAPE, STRIDED_SLICE, PACK before a RESHAPE.
    """
    tensors = list(graph.tensors)
    for op in graph.ops:
        inputs = [tensors[i] if i >= 0 else None for i in op.inputs]
        if op.kind not in SHAPES or not (op.kind is OpKind.SHAPE or all(t and t.is_constant for t in inputs)):
            continue
        operands = replace(Operands.of(graph, op), inputs=tuple(inputs))
        outputs = [np.empty(t.shape, t.dtype.numpy) for t in operands.outputs]
        read = [
            t.data if t and t.data is not None else np.empty(t.shape, t.dtype.numpy) if t else None
            for t in inputs
        ]
        ops.KERNELS[op.kind](operands)(read, outputs, Workspace())
        for index, values in zip(op.outputs, outputs, strict=True):
            tensors[index] = replace(tensors[index], data=values)
    return replace(graph, tensors=tuple(tensors))
