"""What hypothesis chooses for LiteRT's delegate alone: where its rules begin and end."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tests.oracle.choices import ACTIVATIONS, CHANNELS, PRIMES, SCALES, SEEDS
from tests.oracle.single_op import Case, Spec, constant, model, options, quantized

TYPES = st.sampled_from(["int8", "uint8"])
STRIDES = st.sampled_from([1, 1, 2])
TIES = st.sampled_from([12.0, 4.0, 2.4, 0.5, 0.75])
"""Scales by which an activation's limit, 1 or 6, falls on half a step, or near it."""


def _values(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, endpoint=True).astype(dtype)


def _zero_point(rng: np.random.Generator, dtype: str) -> int:
    info = np.iinfo(dtype)
    return int(
        rng.choice([info.min, info.min + 1, info.min + 128, info.max, rng.integers(info.min, info.max)])
    )


@st.composite
def add(draw: st.DrawFn) -> Case:
    """Scales' quotients from 2**-12 to 2**10, which pass both ends of what the delegate takes."""
    rng, dtype = np.random.default_rng(draw(SEEDS)), draw(TYPES)
    shape = (1, draw(PRIMES), draw(PRIMES), draw(CHANNELS))
    other = draw(st.sampled_from([shape, (1, 1, 1, shape[3]), (1, 1, 1, 1)]))
    scale = draw(SCALES)
    factors = 2.0 ** rng.integers(-12, 11, 2) * rng.choice([1.0, 0.77, 1.3], 2)
    if rng.random() < 0.6:
        factors = rng.uniform(0.2, 2.5, 2)
    a, b = (
        quantized(sides, float(np.float32(scale * factor)), _zero_point(rng, dtype), dtype)
        for sides, factor in zip((shape, other), factors, strict=True)
    )
    inputs = (_values(rng, shape, dtype), _values(rng, other, dtype))
    if rng.random() < 0.3:
        b = Spec(other, dtype, b.scales, b.zero_points, 0, inputs[1])
        inputs = inputs[:1]
    ofm = quantized(shape, scale, _zero_point(rng, dtype), dtype)
    table = options("AddOptions", fusedActivationFunction=draw(ACTIVATIONS))
    return Case(model("ADD", [a, b], ofm, table), inputs, f"{a.scales} {b.scales} {ofm}")


@st.composite
def mean(draw: st.DrawFn) -> Case:
    rng, dtype = np.random.default_rng(draw(SEEDS)), draw(TYPES)
    shape = (draw(st.sampled_from([1, 2])), *rng.choice([1, 3, 7, 49, 113], 2).tolist(), draw(CHANNELS))
    axes = draw(st.sampled_from([(1, 2), (2, 1), (1,), (2,), (3,), (-1,), (1, 2, 3), (2, 3), (0, 2), (1, 1)]))
    keep = draw(st.booleans())
    gone = {axis % 4 for axis in axes}
    out = tuple(1 if i in gone else n for i, n in enumerate(shape) if keep or i not in gone)
    ifm = quantized(shape, draw(SCALES), _zero_point(rng, dtype), dtype)
    scale = float(np.float32(ifm.scales[0] * rng.choice([1.0, 0.5, 0.31, 2.7, 0.02])))
    ofm = quantized(out, scale, _zero_point(rng, dtype), dtype)
    blob = model("MEAN", [ifm, constant(list(axes))], ofm, options("ReducerOptions", keepDims=keep))
    return Case(blob, (_values(rng, shape, dtype),), f"{ifm} {ofm} {axes} {keep}")


@st.composite
def softmax(draw: st.DrawFn) -> Case:
    rng, dtype = np.random.default_rng(draw(SEEDS)), draw(TYPES)
    shape = (2, draw(st.sampled_from([2, 10, 127, 1001, 4099])))
    scale = draw(st.sampled_from([1e-4, 0.0039, 0.0625, 0.11, 0.5, 1.3, 40.0]))
    ifm = quantized(shape, scale, _zero_point(rng, dtype), dtype)
    ofm = quantized(shape, 1 / 256, int(np.iinfo(dtype).min), dtype)
    table = options("SoftmaxOptions", beta=draw(st.sampled_from([1.0, 0.5, 2.3])))
    return Case(model("SOFTMAX", [ifm], ofm, table), (_values(rng, shape, dtype),), f"{ifm} {table.beta}")


@st.composite
def quantize(draw: st.DrawFn) -> Case:
    rng, dtype = np.random.default_rng(draw(SEEDS)), draw(TYPES)
    given = draw(st.sampled_from(["float32", "float32", dtype, dtype, "int8", "uint8"]))
    shape, scale = (1, draw(PRIMES), draw(CHANNELS)), draw(SCALES)
    ofm = quantized(shape, scale, _zero_point(rng, dtype), dtype)
    if given == "float32":
        data = (rng.integers(-300, 300, shape) * scale / 2).astype(np.float32)
        far = np.array([np.inf, -np.inf, np.nan, 1e30, -1e30, -0.0, 1e9, -1e9], np.float32)
        data = np.where(rng.random(shape) < 0.2, rng.choice(far, shape), data)
        ifm = Spec(shape, "float32")
    else:
        ratio = 2.0 ** rng.integers(-9, 9) if rng.random() < 0.4 else rng.uniform(0.3, 3)
        ifm = quantized(shape, float(np.float32(scale * ratio)), _zero_point(rng, given), given)
        data = _values(rng, shape, given)
    return Case(model("QUANTIZE", [ifm], ofm, options("QuantizeOptions")), (data,), f"{ifm} {ofm}")


@st.composite
def max_pool_2d(draw: st.DrawFn) -> Case:
    """Windows of one tap and an activation whose limits fall on half a step; strides beyond the window."""
    rng, dtype = np.random.default_rng(draw(SEEDS)), draw(TYPES)
    shape, scale, stride = (1, draw(PRIMES), draw(PRIMES), draw(CHANNELS)), draw(TIES), draw(STRIDES)
    ifm = quantized(shape, scale, _zero_point(rng, dtype), dtype)
    out = (1, -(-shape[1] // stride), -(-shape[2] // stride), shape[3])
    ofm = quantized(out, scale, ifm.zero_points[0], dtype)
    sizes = {"filterHeight": 1, "filterWidth": 1, "strideH": stride, "strideW": stride}
    table = options("Pool2DOptions", padding=1, fusedActivationFunction=draw(ACTIVATIONS), **sizes)
    return Case(model("MAX_POOL_2D", [ifm], ofm, table), (_values(rng, shape, dtype),), f"{ifm} {table}")


@st.composite
def depthwise_conv_2d(draw: st.DrawFn) -> Case:
    """uint8 weights whose quantized dimension is 0, as those of legacy models; the delegate leaves others."""
    rng, size, stride = np.random.default_rng(draw(SEEDS)), draw(PRIMES), draw(STRIDES)
    channels, scale = draw(st.sampled_from([1, 3, 16, 37, 64])), draw(SCALES)
    taps = rng.integers(0, 256, (1, 3, 3, channels)).astype(np.uint8)
    ifm = quantized((1, size, size, channels), scale, _zero_point(rng, "uint8"), "uint8")
    side = -(-size // stride)
    ofm = quantized((1, side, side, channels), scale, _zero_point(rng, "uint8"), "uint8")
    middle, axis = _zero_point(rng, "uint8"), draw(st.sampled_from([0, 0, 3]))
    weights = Spec(taps.shape, "uint8", (0.0031,), (middle,), axis, taps)
    sums = rng.integers(-9000, 9000, channels).astype(np.int32)
    bias = Spec((channels,), "int32", (float(np.float32(scale * 0.0031)),), (0,), 0, sums)
    table = options("DepthwiseConv2DOptions", strideH=stride, strideW=stride, depthMultiplier=1)
    table.fusedActivationFunction = draw(ACTIVATIONS)
    blob = model("DEPTHWISE_CONV_2D", [ifm, weights, bias], ofm, table)
    return Case(blob, (_values(rng, ifm.shape, "uint8"),), f"{ifm} {axis} {ofm}")


@st.composite
def conv_2d(draw: st.DrawFn) -> Case:
    """The same for a convolution that multiplies every channel by 1."""
    rng, dtype = np.random.default_rng(draw(SEEDS)), draw(TYPES)
    shape, scale = (1, draw(PRIMES), draw(PRIMES), draw(CHANNELS)), draw(TIES)
    channels = shape[3]
    ifm = quantized(shape, scale, _zero_point(rng, dtype), dtype)
    ofm = quantized(shape, scale, _zero_point(rng, dtype), dtype)
    taps = (100 * np.eye(channels, dtype=dtype)).reshape(channels, 1, 1, channels)
    weights = Spec(taps.shape, dtype, (0.01,), (0,), 0, taps)
    bias = Spec(
        (channels,), "int32", (float(np.float32(scale * 0.01)),), (0,), 0, np.zeros(channels, np.int32)
    )
    table = options(
        "Conv2DOptions", padding=1, strideH=1, strideW=1, fusedActivationFunction=draw(ACTIVATIONS)
    )
    blob = model("CONV_2D", [ifm, weights, bias], ofm, table)
    return Case(blob, (_values(rng, shape, dtype),), f"{ifm} {ofm} {table.fusedActivationFunction}")


CASES = {
    "ADD": add(),
    "CONV_2D": conv_2d(),
    "DEPTHWISE_CONV_2D": depthwise_conv_2d(),
    "MAX_POOL_2D": max_pool_2d(),
    "MEAN": mean(),
    "QUANTIZE": quantize(),
    "SOFTMAX": softmax(),
}
