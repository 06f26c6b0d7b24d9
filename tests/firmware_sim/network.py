"""A small network on which causes can be told apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from graph.attrs import (
    Activation,
    AddAttrs,
    Conv2DAttrs,
    DepthwiseConv2DAttrs,
    FullyConnectedAttrs,
    Padding,
    Pool2DAttrs,
    ReshapeAttrs,
    SoftmaxAttrs,
)
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, QuantParams, Tensor

SAME, RELU6, RELU, NONE = Padding.SAME, Activation.RELU6, Activation.RELU, Activation.NONE
CONV, DEPTHWISE, POINTWISE, ADD, POOL, RESHAPE, DENSE, SOFTMAX = range(8)


def network() -> Graph:
    """CONV_2D, DEPTHWISE_CONV_2D, CONV_2D 1x1, ADD, AVERAGE_POOL_2D, RESHAPE, FULLY_CONNECTED, SOFTMAX.

    Some multipliers are powers of two and weights are small, so that sums lie on ties; SAME's padding is odd;
    zero points are not 0.
    """
    rng = np.random.default_rng(7)
    tensors: list[Tensor] = []

    def add(
        name: str, shape: tuple[int, ...], scales: Any, zero: int = 0, axis: int = 0, data: Any = None
    ) -> int:
        dtype = DType.INT8 if data is None else DType(str(data.dtype))
        quant = QuantParams(tuple(map(float, scales)), (zero,) * len(scales), axis) if len(scales) else None
        tensors.append(Tensor(len(tensors), name, shape, dtype, quant, data))
        return len(tensors) - 1

    def weights(
        shape: tuple[int, ...], scales: list[float], axis: int, ifm_scale: float, largest: int = 3
    ) -> list[int]:
        values = rng.integers(-largest, largest + 1, shape).astype(np.int8)
        bias = rng.integers(-200, 200, shape[axis]).astype(np.int32)
        steps = [ifm_scale * s for s in scales]
        return [add("weights", shape, scales, 0, axis, values), add("bias", bias.shape, steps, 0, 0, bias)]

    image = add("image", (1, 28, 20, 3), [0.5], -5)
    scales = [2.0**-6, 2.0**-5, 0.016, 0.022, 0.013]
    conv = [image, *weights((5, 3, 3, 3), scales, 0, 0.5)]
    t_conv = add("net/conv 1/Relu6;net/bn", (1, 14, 10, 5), [0.25], -100)
    depth = [t_conv, *weights((1, 3, 3, 5), [2.0**-6, 0.02, 0.03, 2.0**-5, 0.025], 3, 0.25, 40)]
    t_depth = add("net/depthwise", (1, 7, 5, 5), [0.125], -7)
    point = [t_depth, *weights((5, 1, 1, 5), [2.0**-2, 0.3, 0.4, 2.0**-3, 0.35], 0, 0.125)]
    t_point = add("net/pointwise", (1, 7, 5, 5), [0.25], 3)
    t_sum = add("net/add", (1, 7, 5, 5), [0.25], -20)
    t_pool = add("net/pool", (1, 4, 3, 5), [0.25], -20)
    shape = add("shape", (2,), [], data=np.array([1, 60], np.int32))
    t_flat = add("net/flat", (1, 60), [0.25], -20)
    dense = [t_flat, *weights((60, 60), [2.0**-5], 0, 0.25)]
    t_dense = add("net/dense", (1, 60), [0.0625], 11)
    t_soft = add("net/softmax", (1, 60), [1 / 256], -128)
    window = (SAME, 2, 2, 1, 1)
    ops = [
        (OpKind.CONV_2D, conv, t_conv, Conv2DAttrs(*window, RELU6)),
        (OpKind.DEPTHWISE_CONV_2D, depth, t_depth, DepthwiseConv2DAttrs(*window, 1, RELU)),
        (OpKind.CONV_2D, point, t_point, Conv2DAttrs(SAME, 1, 1, 1, 1, NONE)),
        (OpKind.ADD, [t_depth, t_point], t_sum, AddAttrs(RELU, False)),
        (OpKind.AVERAGE_POOL_2D, [t_sum], t_pool, Pool2DAttrs(SAME, 2, 2, 2, 2, NONE)),
        (OpKind.RESHAPE, [t_pool, shape], t_flat, ReshapeAttrs((1, 60))),
        (OpKind.FULLY_CONNECTED, dense, t_dense, FullyConnectedAttrs(NONE, False, False)),
        (OpKind.SOFTMAX, [t_dense], t_soft, SoftmaxAttrs(1.0)),
    ]
    made = tuple(Op(i, kind, tuple(ins), (out,), attrs) for i, (kind, ins, out, attrs) in enumerate(ops))
    graph = Graph(tuple(tensors), made, (image,), (t_soft,))
    graph.validate()
    return graph


def picture(graph: Graph) -> np.ndarray:
    return np.random.default_rng(11).integers(-128, 128, graph.tensors[0].shape).astype(np.int8)
