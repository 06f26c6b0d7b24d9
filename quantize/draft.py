"""An int8 graph on its way, beside the float one: which operators pair, and how weights become int8."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, QuantParams, Tensor

Array = NDArray[np.float64]

WEIGHTED = frozenset({OpKind.CONV_2D, OpKind.DEPTHWISE_CONV_2D, OpKind.FULLY_CONNECTED})
LARGEST_WEIGHT = 127
LARGEST_BIAS = 1 << 30  # the converter's own bound; sums of products have the other half of int32


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """An operator with weights: in int8 (`op`), in float, and its float weights and bias.

    Shapes: weights as the graph has them; bias (O,).
    """

    op: Op
    float_op: Op
    weights: Array
    bias: Array

    @property
    def has_bias(self) -> bool:
        """Whether the int8 operator has a bias; the converter leaves one of zeros out."""
        return len(self.op.inputs) > 2 and self.op.inputs[2] >= 0


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """`graph` is int8, a converter's, edited; `layers` by operator; `pairs`: its tensors to float ones.

    `gains`: what a float activation is multiplied with in this network, by channel, where not with 1.
    """

    graph: Graph
    floats: Graph
    layers: Mapping[int, Layer]
    pairs: Mapping[int, int]
    gains: Mapping[int, Array] = field(default_factory=dict)

    def with_tensors(self, edited: Mapping[int, Tensor]) -> Draft:
        """The draft whose int8 graph has other tensors at these indices."""
        return replace(self, graph=with_tensors(self.graph, edited))


def with_tensors(graph: Graph, edited: Mapping[int, Tensor]) -> Graph:
    return replace(graph, tensors=tuple(edited.get(t.index, t) for t in graph.tensors))


def draft(graph: Graph, floats: Graph) -> Draft:
    """Pair the operators of an int8 graph with a float one's, in their order, by kind and output's shape.

    Layers are those whose weights and bias no other operator reads.
    """
    pairs: dict[int, int] = dict(zip(graph.inputs, floats.inputs, strict=True))
    layers: dict[int, Layer] = {}
    for op, float_op in paired_operators(graph, floats):
        pairs |= dict(zip(op.outputs, float_op.outputs, strict=True))
        layer = _layer(graph, floats, op, float_op)
        if layer is not None:
            layers[op.index] = layer
    for op in graph.ops:  # a change of scale alone is the same tensor
        if op.kind is OpKind.QUANTIZE and op.inputs[0] in pairs and op.outputs[0] not in pairs:
            pairs[op.outputs[0]] = pairs[op.inputs[0]]
    return Draft(graph, floats, layers, pairs)


def paired_operators(graph: Graph, floats: Graph) -> list[tuple[Op, Op]]:
    """Operators that stand for each other in two graphs of one network."""

    def keys(one: Graph) -> list[tuple[object, ...]]:
        return [(op.kind, *(one.tensors[i].shape for i in op.outputs)) for op in one.ops]

    matcher = SequenceMatcher(None, keys(graph), keys(floats), autojunk=False)
    return [
        (graph.ops[a + i], floats.ops[b + i]) for a, b, n in matcher.get_matching_blocks() for i in range(n)
    ]


def _layer(graph: Graph, floats: Graph, op: Op, float_op: Op) -> Layer | None:
    if op.kind not in WEIGHTED or len(float_op.inputs) < 2:
        return None
    weights, float_weights = graph.tensors[op.inputs[1]], floats.tensors[float_op.inputs[1]]
    if weights.dtype != DType.INT8 or weights.data is None or float_weights.data is None:
        return None
    if any(_is_shared(graph, op, index) for index in op.inputs[1:3] if index >= 0):
        return None
    if weights.shape != float_weights.shape or float_weights.dtype != DType.FLOAT32:
        return None
    bias = np.zeros(weights.shape[channel_axis(op)])
    if len(float_op.inputs) > 2 and float_op.inputs[2] >= 0:
        bias = np.asarray(floats.tensors[float_op.inputs[2]].data, np.float64)
    return Layer(op, float_op, np.asarray(float_weights.data, np.float64), bias)


def _is_shared(graph: Graph, op: Op, index: int) -> bool:
    """Whether another operator reads this constant, or another tensor has its bytes."""
    read = any(index in other.inputs for other in graph.ops if other is not op)
    return read or any(t.buffer == graph.tensors[index].buffer for t in graph.tensors if t.index != index)


def channel_axis(op: Op) -> int:
    """Which axis of the weights is the output channel's."""
    return 3 if op.kind is OpKind.DEPTHWISE_CONV_2D else 0


def by_channel(values: NDArray[Any], op: Op) -> NDArray[Any]:
    """(O,) shaped so that it goes with the weights.

    >>> from graph.types import Op
    >>> by_channel(np.zeros(5), Op(0, OpKind.FULLY_CONNECTED, (), ())).shape
    (5, 1)
    """
    if op.kind is OpKind.DEPTHWISE_CONV_2D:
        return values.reshape(1, 1, 1, -1)
    return values.reshape(-1, *([1] * (1 if op.kind is OpKind.FULLY_CONNECTED else 3)))


def least_scales(layer: Layer, bias: Array, input_scale: float) -> Array:
    """The smallest scale of each output channel for which no weight and no bias is cut off.

        scale = max(max(abs(weights)) / 127, abs(bias) / (input_scale * 2**30))

    The second keeps dead channels, whose weights are all but zero, from a bias beyond int32.

    Shapes: bias (O,) -> (O,).
    """
    axis = channel_axis(layer.op)
    over = tuple(i for i in range(layer.weights.ndim) if i != axis)
    largest = np.abs(layer.weights).max(axis=over) / LARGEST_WEIGHT
    return np.maximum(largest, np.abs(bias) / (input_scale * LARGEST_BIAS))


def rounded(values: Array) -> Array:
    """The nearest integers, ties away from zero.

    >>> rounded(np.array([0.5, -0.5, 1.4])).tolist()
    [1.0, -1.0, 1.0]
    """
    return np.copysign(np.floor(np.abs(values) + 0.5), values)


def weights_tensor(tensor: Tensor, layer: Layer, scales: Array) -> Tensor:
    """The weights' tensor with `scales`, rounded to the nearest; one scale for all where it has one.

    Shapes: scales (O,).
    """
    assert tensor.quant is not None
    per_channel = len(tensor.quant.scales) > 1
    kept = (scales if per_channel else scales.max(keepdims=True)).astype(np.float32).astype(np.float64)
    steps = by_channel(np.broadcast_to(kept, scales.shape).copy(), layer.op)
    data = np.clip(rounded(layer.weights / steps), -LARGEST_WEIGHT, LARGEST_WEIGHT).astype(np.int8)
    quant = QuantParams(tuple(kept.tolist()), (0,) * len(kept), tensor.quant.axis)
    return replace(tensor, quant=quant, data=data)


def scales_of(tensor: Tensor, channels: int) -> Array:
    """A weights' scale for each output channel."""
    assert tensor.quant is not None
    return np.broadcast_to(np.array(tensor.quant.scales), (channels,)).copy()


def bias_tensor(tensor: Tensor, bias: Array, steps: Array) -> Tensor:
    """The bias' tensor that holds `bias` in steps of input scale times weight scale.

    Shapes: bias, steps (O,).
    """
    data = np.clip(rounded(bias / steps), -(2**31 - 1), 2**31 - 1)
    kept = steps if tensor.quant is None or len(tensor.quant.scales) > 1 else steps[:1]
    scales = tuple(kept.astype(np.float32).astype(np.float64).tolist())
    return replace(tensor, quant=QuantParams(scales, (0,) * len(scales), 0), data=data.astype("<i4"))
