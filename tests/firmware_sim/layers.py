"""Graphs of one layer with random weights, made by hand: no schema, no oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from graph.attrs import Activation, Conv2DAttrs, DepthwiseConv2DAttrs, FullyConnectedAttrs, Padding
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, QuantParams, Tensor
from graph.windows import window_of

PRIMES = st.sampled_from([2, 3, 5, 7, 11, 13])
KERNELS = st.sampled_from([1, 2, 3, 5])
CHANNELS = st.sampled_from([1, 2, 3, 7, 17, 31])
ZERO_POINTS = st.sampled_from([-128, -1, 0, 13, 127])


def int8(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Random bytes, a quarter of them at an end of the range."""
    ends = rng.choice(np.array([-128, 127], np.int8), shape)
    return np.where(rng.random(shape) < 0.25, ends, rng.integers(-128, 128, shape, np.int8))


def layer(
    kind: OpKind,
    attrs: Any,
    ifm: tuple[int, ...],
    weights: np.ndarray,
    bias: np.ndarray,
    ofm: tuple[int, ...],
    zero_points: tuple[int, int],
    scales: np.ndarray,
) -> Graph:
    """One operator with weights; `scales` are the weights', the input's is 1/16, the output's 1."""
    axis = 3 if kind is OpKind.DEPTHWISE_CONV_2D else 0
    weight_quant = QuantParams(tuple(map(float, scales)), (0,) * len(scales), axis)
    bias_quant = QuantParams(tuple(float(s) / 16 for s in scales), (0,) * len(scales))
    return Graph(
        tensors=(
            Tensor(0, "ifm", ifm, DType.INT8, QuantParams((0.0625,), (zero_points[0],))),
            Tensor(1, "weights", weights.shape, DType.INT8, weight_quant, weights),
            Tensor(2, "bias", bias.shape, DType.INT32, bias_quant, bias),
            Tensor(3, "ofm", ofm, DType.INT8, QuantParams((1.0,), (zero_points[1],))),
        ),
        ops=(Op(0, kind, (0, 1, 2), (3,), attrs),),
        inputs=(0,),
        outputs=(3,),
    )


def _scales(rng: np.random.Generator, channels: int, per_channel: bool, depth: int) -> np.ndarray:
    """From multipliers that saturate everything to ones that leave a few steps; powers of two make ties."""
    typical = 16 / (60 * np.sqrt(depth))
    choices = [typical, typical / 9, typical * 40, 2.0**-6, 2.0**-9]
    return rng.choice(choices, channels if per_channel else 1).astype(np.float32)


def _bias(rng: np.random.Generator, channels: int) -> np.ndarray:
    edges = rng.choice(np.array([-(2**31), 2**31 - 1, 0], np.int64), channels)
    usual = rng.integers(-5000, 5000, channels)
    return np.where(rng.random(channels) < 0.1, edges, usual).astype(np.int32)


@st.composite
def convolutions(draw: st.DrawFn, depthwise: bool) -> tuple[Graph, np.ndarray]:
    """A layer and an input for it."""
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    kernel_h, kernel_w = draw(KERNELS), draw(KERNELS)
    dilation = draw(st.sampled_from([(1, 1), (1, 1), (2, 1), (1, 3)]))
    padding = draw(st.sampled_from(list(Padding)))
    reach = ((kernel_h - 1) * dilation[0] + 1, (kernel_w - 1) * dilation[1] + 1)
    h, w = (draw(PRIMES) + (r if padding is Padding.VALID else 0) for r in reach)
    batch, depth = draw(st.sampled_from([1, 1, 2])), draw(CHANNELS)
    common = {
        "padding": padding,
        "stride_h": draw(st.integers(1, 3)),
        "stride_w": draw(st.integers(1, 3)),
        "dilation_h": dilation[0],
        "dilation_w": dilation[1],
        "activation": draw(st.sampled_from([Activation.NONE, Activation.RELU, Activation.RELU6])),
    }
    ifm = (batch, h, w, depth)
    zero_points = draw(ZERO_POINTS), draw(ZERO_POINTS)
    if depthwise:
        multiplier = draw(st.sampled_from([1, 1, 3]))
        channels, kind = depth * multiplier, OpKind.DEPTHWISE_CONV_2D
        attrs: Any = DepthwiseConv2DAttrs(**common, depth_multiplier=multiplier)
        weights = int8(rng, (1, kernel_h, kernel_w, channels))
    else:
        channels, kind, attrs = draw(CHANNELS), OpKind.CONV_2D, Conv2DAttrs(**common)
        weights = int8(rng, (channels, kernel_h, kernel_w, depth))
    window = window_of(attrs, ifm, (kernel_h, kernel_w), dilation)
    scales = _scales(rng, channels, draw(st.booleans()), weights.size // channels)
    ofm = (batch, window.rows.outputs, window.cols.outputs, channels)
    return layer(kind, attrs, ifm, weights, _bias(rng, channels), ofm, zero_points, scales), int8(rng, ifm)


@st.composite
def dense(draw: st.DrawFn) -> tuple[Graph, np.ndarray]:
    """A fully connected layer and an input; 1,031 and more inputs of weight -128 pass float32's bound."""
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    rows, depth = draw(st.sampled_from([1, 2, 3])), draw(st.sampled_from([1, 7, 127, 1031, 1511]))
    channels = draw(CHANNELS)
    weights = int8(rng, (channels, depth))
    weights[0] = -128
    scales = _scales(rng, channels, draw(st.booleans()), depth)
    attrs = FullyConnectedAttrs(draw(st.sampled_from(list(Activation)[:4])), False, False)
    zero_points = draw(ZERO_POINTS), draw(ZERO_POINTS)
    made = layer(
        OpKind.FULLY_CONNECTED,
        attrs,
        (rows, depth),
        weights,
        _bias(rng, channels),
        (rows, channels),
        zero_points,
        scales,
    )
    return made, int8(rng, (rows, depth))
