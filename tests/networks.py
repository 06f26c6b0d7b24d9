"""Random picture networks made by hand, with weights: what streaming and overlap are tried on."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from graph.attrs import (
    Activation,
    AddAttrs,
    ConcatenationAttrs,
    Conv2DAttrs,
    DepthwiseConv2DAttrs,
    Padding,
    Pool2DAttrs,
    ReducerAttrs,
    ResizeAttrs,
    SoftmaxAttrs,
)
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, QuantParams, Tensor
from graph.windows import window_of


class Builder:
    """Grows a graph operator by operator; every activation has one scale and zero point."""

    def __init__(self, shape: tuple[int, ...], seed: int, zero_point: int = -3) -> None:
        self.rng = np.random.default_rng(seed)
        self.quant = QuantParams((0.0625,), (zero_point,))
        self.tensors: list[Tensor] = []
        self.ops: list[Op] = []
        self.input = self.activation(shape)

    def activation(self, shape: tuple[int, ...], dtype: DType = DType.INT8) -> int:
        quant = self.quant if dtype is DType.INT8 else None
        self.tensors.append(Tensor(len(self.tensors), f"t{len(self.tensors)}", shape, dtype, quant))
        return len(self.tensors) - 1

    def constant(self, data: np.ndarray, quant: QuantParams | None = None) -> int:
        dtype = DType(data.dtype.name)
        index = len(self.tensors)
        self.tensors.append(Tensor(index, f"t{index}", data.shape, dtype, quant, data, buffer=index + 1))
        return index

    def op(self, kind: OpKind, inputs: tuple[int, ...], shape: tuple[int, ...], attrs: Any = None) -> int:
        output = self.activation(shape)
        self.ops.append(Op(len(self.ops), kind, inputs, (output,), attrs))
        return output

    def shape(self, tensor: int) -> tuple[int, ...]:
        return self.tensors[tensor].shape

    def layer(
        self,
        ifm: int,
        kernel: tuple[int, int],
        channels: int,
        padding: Padding,
        stride: tuple[int, int],
        dilation: int = 1,
    ) -> int:
        """A convolution; depthwise where `channels` is 0."""
        depth = self.shape(ifm)[3]
        common = (padding, *stride, dilation, dilation)
        shape = (1, *kernel, depth) if not channels else (channels, *kernel, depth)
        weights = self.rng.integers(-127, 128, shape).astype(np.int8)
        scale = 0.01 / max(1, weights[..., 0].size // 8)
        bias = self.rng.integers(-500, 500, channels or depth).astype(np.int32)
        attrs: Any = Conv2DAttrs(*common, Activation.NONE)
        kind = OpKind.CONV_2D
        if not channels:
            attrs, kind = DepthwiseConv2DAttrs(*common, 1, Activation.RELU), OpKind.DEPTHWISE_CONV_2D
        window = window_of(attrs, self.shape(ifm), kernel, (dilation, dilation))
        out = (1, window.rows.outputs, window.cols.outputs, channels or depth)
        inputs = (
            ifm,
            self.constant(weights, QuantParams((scale,), (0,), 0 if channels else 3)),
            self.constant(bias, QuantParams((scale * 0.0625,), (0,))),
        )
        return self.op(kind, inputs, out, attrs)

    def pool(self, ifm: int, kind: OpKind, size: int, padding: Padding, stride: int) -> int:
        attrs = Pool2DAttrs(padding, stride, stride, size, size, Activation.NONE)
        window = window_of(attrs, self.shape(ifm), (size, size))
        shape = (1, window.rows.outputs, window.cols.outputs, self.shape(ifm)[3])
        return self.op(kind, (ifm,), shape, attrs)

    def add(self, one: int, other: int) -> int:
        return self.op(OpKind.ADD, (one, other), self.shape(one), AddAttrs(Activation.NONE, False))

    def pad(self, ifm: int, rows: tuple[int, int], cols: tuple[int, int]) -> int:
        amounts = self.constant(np.array([(0, 0), rows, cols, (0, 0)], np.int32))
        _, h, w, c = self.shape(ifm)
        return self.op(OpKind.PAD, (ifm, amounts), (1, h + sum(rows), w + sum(cols), c))

    def concatenate(self, one: int, other: int) -> int:
        n, h, w, c = self.shape(one)
        attrs = ConcatenationAttrs(3, Activation.NONE)
        return self.op(OpKind.CONCATENATION, (one, other), (n, h, w, c + self.shape(other)[3]), attrs)

    def resize(self, ifm: int, kind: OpKind, size: tuple[int, int]) -> int:
        to = self.constant(np.array(size, np.int32))
        attrs = ResizeAttrs(align_corners=False, half_pixel_centers=kind is OpKind.RESIZE_BILINEAR)
        return self.op(kind, (ifm, to), (1, *size, self.shape(ifm)[3]), attrs)

    def mean(self, ifm: int) -> int:
        axes = self.constant(np.array([1, 2], np.int32))
        return self.op(OpKind.MEAN, (ifm, axes), (1, self.shape(ifm)[3]), ReducerAttrs(keep_dims=False))

    def unary(self, ifm: int, kind: OpKind) -> int:
        attrs = SoftmaxAttrs(1.0) if kind is OpKind.SOFTMAX else None
        return self.op(kind, (ifm,), self.shape(ifm), attrs)

    def graph(self, *outputs: int) -> Graph:
        return Graph(tuple(self.tensors), tuple(self.ops), (self.input,), outputs)


@st.composite
def networks(draw: st.DrawFn, max_ops: int = 7) -> tuple[Graph, np.ndarray]:
    """A network of up to `max_ops` operators on a small picture, and a picture for it."""
    side = st.sampled_from([3, 5, 8, 11])
    shape = (1, draw(side), draw(side), draw(st.sampled_from([1, 3, 8])))
    made = Builder(shape, draw(st.integers(0, 2**31)), draw(st.sampled_from([-128, -3, 0, 127])))
    written = [made.input]
    for _ in range(draw(st.integers(1, max_ops))):
        written.append(_grown(draw, made, written))
    at = written[-1]
    if draw(st.booleans()):
        at = made.mean(at)
    extra = draw(st.sampled_from([None, *written[1:-1]]))
    outputs = (at,) if extra is None else (at, extra)
    return made.graph(*outputs), made.rng.integers(-128, 128, shape).astype(np.int8)


def _grown(draw: st.DrawFn, made: Builder, written: list[int]) -> int:
    at = written[-1]
    _, h, w, _ = made.shape(at)
    alike = [t for t in written[:-1] if made.shape(t) == made.shape(at)]
    beside = [t for t in written[:-1] if made.shape(t)[:3] == made.shape(at)[:3]]
    large = h * w > 200
    choices = ["convolution", "pointwise", "depthwise", "max", "average"]
    choices += ["add"] * 3 * bool(alike) + ["concatenation"] * bool(beside)
    choices += [] if large else ["pad", "nearest", "bilinear"]
    what = draw(st.sampled_from(choices))
    padding = draw(st.sampled_from(list(Padding))) if min(h, w) > 4 else Padding.SAME
    stride = draw(st.sampled_from([(1, 1), (1, 1), (2, 2), (2, 1)]))
    channels = draw(st.sampled_from([1, 3, 8, 17]))
    match what:
        case "convolution":
            return made.layer(at, draw(st.sampled_from([(3, 3), (2, 5)])), channels, padding, stride)
        case "pointwise":
            return made.layer(at, (1, 1), channels, Padding.SAME, (1, 1))
        case "depthwise":
            return made.layer(
                at, (3, 3), 0, padding, stride, draw(st.sampled_from([1, 1, 2])) if min(h, w) > 4 else 1
            )
        case "max":
            return made.pool(
                at, OpKind.MAX_POOL_2D, 2 + (min(h, w) > 2), padding, draw(st.sampled_from([1, 2]))
            )
        case "average":
            return made.pool(
                at, OpKind.AVERAGE_POOL_2D, 2, Padding.VALID if min(h, w) > 1 else Padding.SAME, 1
            )
        case "add":
            return made.add(at, draw(st.sampled_from(alike)))
        case "concatenation":
            return made.concatenate(at, draw(st.sampled_from(beside)))
        case "pad":
            return made.pad(
                at, *draw(st.sampled_from([((0, 1), (0, 1)), ((1, 1), (1, 1)), ((2, 0), (0, 3))]))
            )
        case "nearest":
            return made.resize(at, OpKind.RESIZE_NEAREST_NEIGHBOR, (2 * h, 2 * w))
    return made.resize(at, OpKind.RESIZE_BILINEAR, (h + 3, 2 * w - 1))
