"""What hypothesis chooses for convolutions and matrix products: small distinct primes, edges, ties."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tests.oracle.choices import ACTIVATIONS, CHANNELS, SCALES, SEEDS, SMALL, ZERO_POINTS, int8
from tests.oracle.single_op import Case, Spec, model, options, quantized
from tests.oracle.windows import window_of


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
    rng, window = np.random.default_rng(draw(SEEDS)), draw(window_of(dilated=True))
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
    rng, window = np.random.default_rng(draw(SEEDS)), draw(window_of(dilated=True))
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


CASES = {
    "CONV_2D": conv_2d(),
    "DEPTHWISE_CONV_2D": depthwise_conv_2d(),
    "FULLY_CONNECTED": fully_connected(),
}
