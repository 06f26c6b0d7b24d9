"""What hypothesis chooses for each operator: shapes of small distinct primes, edges of ranges, ties."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tests.oracle import cases_layout as layout
from tests.oracle.choices import ACTIVATIONS, CHANNELS, PRIMES, SCALES, SEEDS, SMALL, ZERO_POINTS, int8
from tests.oracle.single_op import Case, Spec, constant, model, options, quantized


def _outputs(size: int, reach: int, stride: int, same: bool) -> int:
    return -(-size // stride) if same else -(-(size - reach + 1) // stride)


@st.composite
def _window(draw: st.DrawFn, dilated: bool) -> dict:
    """Sizes, strides, dilations and padding along both directions; VALID only where the window fits."""
    same = draw(st.booleans())
    sides = {}
    for axis in "hw":
        size, kernel, stride = draw(PRIMES), draw(SMALL), draw(st.sampled_from([1, 2, 3]))
        dilation = draw(st.sampled_from([1, 1, 2])) if dilated else 1
        reach = (kernel - 1) * dilation + 1
        if not same and reach > size:
            size = reach + draw(st.integers(0, 2))
        sides[axis] = {
            "size": size,
            "kernel": kernel,
            "stride": stride,
            "dilation": dilation,
            "out": _outputs(size, reach, stride, same),
        }
    return {"padding": 0 if same else 1, **sides}


@st.composite
def _weights(
    draw: st.DrawFn, rng: np.random.Generator, shape: tuple[int, ...], axis: int
) -> tuple[Spec, tuple[float, ...]]:
    channels = shape[axis]
    base = draw(st.sampled_from([0.5, 0.0078125, 0.0031, 0.02]))
    scales = (base,)
    if draw(st.booleans()):
        scales = tuple(float(np.float32(base * f)) for f in rng.choice([0.25, 0.37, 0.5, 1.0, 3.1], channels))
    spec = Spec(shape, "int8", scales, (0,) * len(scales), axis, int8(rng, shape).clip(-127))
    return spec, scales


def _output_scale(rng: np.random.Generator, product: float, depth: int) -> float:
    """Mostly one that fills the range; now and then a multiplier near or above 1."""
    typical = product * np.sqrt(depth) * 5500 / 100
    return float(np.float32(rng.choice([typical, typical, typical / 50, product * 2, product / 3])))


def _bias(
    rng: np.random.Generator, channels: int, scales: tuple[float, ...], ifm_scale: float
) -> Spec | None:
    if rng.random() < 0.2:
        return None
    wide = rng.random() < 0.1
    values = rng.integers(-(2**30) if wide else -9000, 2**30 if wide else 9000, channels)
    products = tuple(float(np.float32(ifm_scale * s)) for s in scales)
    return Spec((channels,), "int32", products, (0,) * len(products), 0, values.astype(np.int32))


@st.composite
def conv_2d(draw: st.DrawFn) -> Case:
    rng, window = np.random.default_rng(draw(SEEDS)), draw(_window(dilated=True))
    h, w, depth, channels = window["h"], window["w"], draw(CHANNELS), draw(CHANNELS)
    ifm = quantized((1, h["size"], w["size"], depth), draw(SCALES), draw(ZERO_POINTS))
    weights, scales = draw(_weights(rng, (channels, h["kernel"], w["kernel"], depth), 0))
    taps = h["kernel"] * w["kernel"] * depth
    scale = _output_scale(rng, ifm.scales[0] * max(scales), taps)
    ofm = quantized((1, h["out"], w["out"], channels), scale, draw(ZERO_POINTS))
    table = options(
        "Conv2DOptions",
        padding=window["padding"],
        strideH=h["stride"],
        strideW=w["stride"],
        dilationHFactor=h["dilation"],
        dilationWFactor=w["dilation"],
        fusedActivationFunction=draw(ACTIVATIONS),
    )
    bias = _bias(rng, channels, scales, ifm.scales[0])
    inputs = [ifm, weights] if bias is None else [ifm, weights, bias]
    return Case(model("CONV_2D", inputs, ofm, table), (int8(rng, ifm.shape),), f"{window} {ifm} {scales}")


@st.composite
def depthwise_conv_2d(draw: st.DrawFn) -> Case:
    rng, window = np.random.default_rng(draw(SEEDS)), draw(_window(dilated=True))
    h, w, depth, multiplier = window["h"], window["w"], draw(CHANNELS), draw(st.sampled_from([1, 1, 2, 3, 8]))
    channels = depth * multiplier
    ifm = quantized((1, h["size"], w["size"], depth), draw(SCALES), draw(ZERO_POINTS))
    weights, scales = draw(_weights(rng, (1, h["kernel"], w["kernel"], channels), 3))
    scale = _output_scale(rng, ifm.scales[0] * max(scales), h["kernel"] * w["kernel"])
    ofm = quantized((1, h["out"], w["out"], channels), scale, draw(ZERO_POINTS))
    table = options(
        "DepthwiseConv2DOptions",
        padding=window["padding"],
        strideH=h["stride"],
        strideW=w["stride"],
        dilationHFactor=h["dilation"],
        dilationWFactor=w["dilation"],
        depthMultiplier=multiplier,
        fusedActivationFunction=draw(ACTIVATIONS),
    )
    bias = _bias(rng, channels, scales, ifm.scales[0])
    inputs = [ifm, weights] if bias is None else [ifm, weights, bias]
    blob = model("DEPTHWISE_CONV_2D", inputs, ofm, table)
    return Case(blob, (int8(rng, ifm.shape),), f"{window} {ifm} {scales}")


@st.composite
def fully_connected(draw: st.DrawFn) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    rows, depth, channels = draw(SMALL), draw(st.sampled_from([1, 2, 3, 31, 127, 1031])), draw(CHANNELS)
    ifm = quantized((rows, depth), draw(SCALES), draw(ZERO_POINTS))
    weights, scales = draw(_weights(rng, (channels, depth), 0))
    scale = _output_scale(rng, ifm.scales[0] * max(scales), depth)
    ofm = quantized((rows, channels), scale, draw(ZERO_POINTS))
    bias = _bias(rng, channels, scales, ifm.scales[0])
    table = options("FullyConnectedOptions", fusedActivationFunction=draw(ACTIVATIONS))
    blob = model("FULLY_CONNECTED", [ifm, weights, bias], ofm, table)
    return Case(blob, (int8(rng, ifm.shape),), f"{ifm} {scales} {ofm}")


@st.composite
def pool_2d(draw: st.DrawFn, kind: str) -> Case:
    rng, window = np.random.default_rng(draw(SEEDS)), draw(_window(dilated=False))
    h, w, depth = window["h"], window["w"], draw(CHANNELS)
    ifm = quantized((1, h["size"], w["size"], depth), draw(SCALES), draw(ZERO_POINTS))
    ofm = quantized((1, h["out"], w["out"], depth), ifm.scales[0], ifm.zero_points[0])
    table = options(
        "Pool2DOptions",
        padding=window["padding"],
        strideH=h["stride"],
        strideW=w["stride"],
        filterHeight=h["kernel"],
        filterWidth=w["kernel"],
        fusedActivationFunction=draw(ACTIVATIONS),
    )
    return Case(model(kind, [ifm], ofm, table), (int8(rng, ifm.shape),), f"{window} {ifm}")


@st.composite
def mean(draw: st.DrawFn) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    shape = (1, draw(PRIMES), draw(PRIMES), draw(CHANNELS))
    axes = draw(st.sampled_from([(1, 2), (2, 1), (1,), (2,), (3,), (-1,), (1, 2, 3), (2, 3)]))
    keep = draw(st.booleans())
    gone = {axis % 4 for axis in axes}
    out = tuple(1 if i in gone else n for i, n in enumerate(shape) if keep or i not in gone)
    ifm = quantized(shape, draw(SCALES), draw(ZERO_POINTS))
    scale = float(np.float32(ifm.scales[0] * rng.choice([1.0, 0.5, 0.31, 2.7])))
    ofm = quantized(out, scale, draw(ZERO_POINTS))
    blob = model("MEAN", [ifm, constant(list(axes))], ofm, options("ReducerOptions", keepDims=keep))
    return Case(blob, (int8(rng, shape),), f"{ifm} {ofm} {axes} {keep}")


@st.composite
def softmax(draw: st.DrawFn) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    shape = (draw(SMALL), draw(st.sampled_from([1, 2, 3, 7, 31, 509])))  # at a sum of 512 the runtimes abort
    scale = draw(st.sampled_from([1e-4, 0.0039, 0.0625, 0.11, 0.5, 1.3, 40.0]))
    table = options("SoftmaxOptions", beta=draw(st.sampled_from([1.0, 0.5, 2.3])))
    ifm, ofm = quantized(shape, scale, draw(ZERO_POINTS)), quantized(shape, 1 / 256, -128)
    return Case(model("SOFTMAX", [ifm], ofm, table), (int8(rng, shape),), f"{ifm} {table.beta}")


@st.composite
def add(draw: st.DrawFn) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    shape = (1, draw(PRIMES), draw(PRIMES), draw(CHANNELS))
    other = draw(st.sampled_from([shape, shape, (1, 1, 1, shape[3]), (1, shape[1], 1, 1), (1, 1, 1, 1)]))
    a, b = (
        quantized(shape, draw(SCALES), draw(ZERO_POINTS)),
        quantized(other, draw(SCALES), draw(ZERO_POINTS)),
    )
    scale = float(np.float32(max(a.scales[0], b.scales[0]) * rng.choice([2.0, 1.0, 0.77, 0.01])))
    ofm = quantized(shape, scale, draw(ZERO_POINTS))
    table = options("AddOptions", fusedActivationFunction=draw(ACTIVATIONS))
    blob = model("ADD", [a, b], ofm, table)
    return Case(blob, (int8(rng, shape), int8(rng, other)), f"{a} {b} {ofm}")


@st.composite
def quantize(draw: st.DrawFn) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    shape = (1, draw(PRIMES), draw(CHANNELS))
    given = draw(st.sampled_from(["int8", "float32", "int16"]))
    scale = draw(SCALES)
    ofm = quantized(shape, float(np.float32(scale * rng.choice([1.0, 0.5, 3.3]))), draw(ZERO_POINTS))
    if given == "float32":
        values = rng.normal(0, 60 * scale, shape)
        values = np.where(rng.random(shape) < 0.3, np.round(values / scale) * scale + scale / 2, values)
        ifm, data = Spec(shape, "float32"), values.astype(np.float32)
    else:
        zero_point = draw(ZERO_POINTS) if given == "int8" else 0
        ifm = quantized(shape, scale, zero_point, given)
        info = np.iinfo(given)
        data = rng.integers(info.min, info.max, shape, endpoint=True).astype(given)
    return Case(model("QUANTIZE", [ifm], ofm, options("QuantizeOptions")), (data,), f"{ifm} {ofm}")


@st.composite
def dequantize(draw: st.DrawFn) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    ifm = quantized((1, draw(PRIMES), draw(CHANNELS)), draw(SCALES), draw(ZERO_POINTS))
    blob = model("DEQUANTIZE", [ifm], Spec(ifm.shape, "float32"), options("DequantizeOptions"))
    return Case(blob, (int8(rng, ifm.shape),), f"{ifm}")


CASES = {
    "ADD": add(),
    "AVERAGE_POOL_2D": pool_2d("AVERAGE_POOL_2D"),
    "CONV_2D": conv_2d(),
    "DEPTHWISE_CONV_2D": depthwise_conv_2d(),
    "DEQUANTIZE": dequantize(),
    "FULLY_CONNECTED": fully_connected(),
    "MAX_POOL_2D": pool_2d("MAX_POOL_2D"),
    "MEAN": mean(),
    "PACK": layout.pack(),
    "PAD": layout.pad(),
    "QUANTIZE": quantize(),
    "RESHAPE": layout.reshape(),
    "SHAPE": layout.shape(),
    "SOFTMAX": softmax(),
    "STRIDED_SLICE": layout.strided_slice(),
}
