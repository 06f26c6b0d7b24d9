"""A small network, and a firmware that runs it element by element and can be told to make a mistake.

It shares nothing with the simulator but the graph: plain Python integers, written to be read beside a bug.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from firmware_sim.ops import KERNELS
from firmware_sim.ops.kernel import Operands, Workspace
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


def dump(
    graph: Graph, image: np.ndarray, wrong: dict[int, Callable[..., np.ndarray]]
) -> dict[int, np.ndarray]:
    """Every tensor, where the operators in `wrong` compute otherwise and the others as they should."""
    values = {t.index: t.data for t in graph.tensors if t.data is not None} | {0: image}
    for op in graph.ops:
        inputs = [values[i] for i in op.inputs]
        ofm = np.zeros(graph.tensors[op.outputs[0]].shape, np.int8)
        if op.index in wrong:
            ofm[...] = wrong[op.index](graph, op, *inputs).reshape(ofm.shape)
        else:
            KERNELS[op.kind](Operands.of(graph, op))(inputs, [ofm], Workspace())
        values[op.outputs[0]] = ofm
    return {i: v for i, v in values.items() if graph.tensors[i].data is None}


def twice(acc: int, multiplier: int, shift: int) -> int:
    """gemmlowp's two roundings."""
    product = (acc << max(shift, 0)) * multiplier
    nudge = 1 << 30 if product >= 0 else 1 - (1 << 30)
    high = int(abs(product + nudge) >> 31) * (1 if product + nudge >= 0 else -1)
    down = max(-shift, 0)
    rest, half = high & ((1 << down) - 1), (1 << down) >> 1
    return (high >> down) + (rest > half - (0 if high < 0 or not down else 1) if down else 0)


def once(acc: int, multiplier: int, shift: int) -> int:
    return (acc * multiplier + (1 << (30 - shift))) >> (31 - shift)


def twice_half_up(acc: int, multiplier: int, shift: int) -> int:
    high = ((acc << max(shift, 0)) * multiplier + (1 << 30)) >> 31
    down = max(-shift, 0)
    return (high + ((1 << down) >> 1)) >> down


def cut_off(acc: int, multiplier: int, shift: int) -> int:
    return (acc * multiplier) >> (31 - shift)


def in_float(acc: int, multiplier: int, shift: int) -> int:
    return int(np.rint(np.float32(acc) * np.float32(multiplier * 2.0 ** (shift - 31))))


@dataclass(frozen=True)
class Firmware:
    """Convolutions and matrix products; every field is a place for a mistake. None: as it should be."""

    scale: Callable[[int, int, int], int] = twice
    odd_row_first: bool = False
    padding: int | None = None
    ifm_zero_point: int | None = None
    ofm_zero_point: int | None = None
    wraps: bool = False
    activation: Activation | None = None
    one_scale: bool = False
    weights: Callable[[np.ndarray], np.ndarray] = lambda weights: weights
    bias: Callable[[np.ndarray], np.ndarray] = lambda bias: bias
    ifm: Callable[[np.ndarray], np.ndarray] = lambda ifm: ifm

    def __call__(
        self, graph: Graph, op: Op, ifm: np.ndarray, weights: np.ndarray, bias: np.ndarray
    ) -> np.ndarray:
        before, filters, after = (graph.tensors[i].quant for i in (op.inputs[0], op.inputs[1], op.outputs[0]))
        ifm, bias, weights = self.ifm(ifm), self.bias(bias), self.weights(weights)
        zero = before.zero_point if self.ifm_zero_point is None else self.ifm_zero_point
        padding = (zero if self.padding is None else self.padding) - zero
        ofm = np.zeros(graph.tensors[op.outputs[0]].shape, np.int8)
        for at in np.ndindex(ofm.shape):
            channel = at[-1]
            acc = int(bias[channel])
            for value, weight in self._taps(op, ifm, weights, at):
                acc += (padding if value is None else value - zero) * weight
            scales = filters.scales
            scale = scales[0 if self.one_scale or len(scales) == 1 else channel]
            fraction, shift = math.frexp(before.scale * scale / after.scale)
            ofm[at] = self._byte(self.scale(acc, round(fraction * (1 << 31)), shift), op, after)
        return ofm

    def _taps(
        self, op: Op, ifm: np.ndarray, weights: np.ndarray, at: tuple[int, ...]
    ) -> Iterator[tuple[int | None, int]]:
        """What a window covers, None for padding, and the weights."""
        if op.kind is OpKind.FULLY_CONNECTED:
            yield from zip(ifm.reshape(-1).tolist(), weights[at[-1]].tolist(), strict=True)
            return
        a: Any = op.attrs
        _, y, x, channel = at
        size, (_, h, w, _) = weights.shape[1:3], ifm.shape
        top, left = (
            self._before(side, k, stride)
            for side, k, stride in ((h, size[0], a.stride_h), (w, size[1], a.stride_w))
        )
        depthwise = op.kind is OpKind.DEPTHWISE_CONV_2D
        for ky, kx in np.ndindex(*size):
            iy, ix = y * a.stride_h - top + ky, x * a.stride_w - left + kx
            inside = 0 <= iy < h and 0 <= ix < w
            for c in [channel] if depthwise else range(ifm.shape[3]):
                weight = weights[0, ky, kx, channel] if depthwise else weights[channel, ky, kx, c]
                yield (int(ifm[0, iy, ix, c]) if inside else None), int(weight)

    def _before(self, side: int, size: int, stride: int) -> int:
        missing = max(0, (-(-side // stride) - 1) * stride + size - side)
        return missing - missing // 2 if self.odd_row_first else missing // 2

    def _byte(self, scaled: int, op: Op, quant: QuantParams) -> int:
        attrs: Any = op.attrs
        activation = self.activation or attrs.activation
        value = scaled + (quant.zero_point if self.ofm_zero_point is None else self.ofm_zero_point)
        if self.wraps:
            return (value + 128) % 256 - 128
        low = -128 if activation is NONE else max(-128, quant.zero_point)
        high = min(127, quant.zero_point + round(6 / quant.scale)) if activation is RELU6 else 127
        return min(max(value, low), high)
