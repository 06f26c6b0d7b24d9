"""What hypothesis chooses for convolutions and matrix products: small distinct primes, edges, ties."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from firmware_sim.oracles import Oracle
from tests.oracle.choices import ACTIVATIONS, CHANNELS, PRIMES, SCALES, SEEDS, SMALL, ZERO_POINTS
from tests.oracle.layer_parts import ACTIVATION_OF, activation, numbers, parts_of
from tests.oracle.single_op import Case, Spec, constant, model, options
from tests.oracle.windows import window_of


def _case(kind: str, inputs: list[Spec | None], ofm: Spec, table: Any, rng: np.random.Generator) -> Case:
    given = tuple(
        numbers(rng, spec.shape, spec.dtype) for spec in inputs if spec is not None and spec.data is None
    )
    about = [(s.shape, s.dtype, s.scales, s.zero_points) for s in [*inputs, ofm] if s is not None]
    return Case(model(kind, inputs, ofm, table), given, f"{kind} {about} {vars(table)}")


def _window_options(window: dict, **more: Any) -> dict[str, Any]:
    return {
        "padding": window["padding"],
        "strideH": window["h"]["stride"],
        "strideW": window["w"]["stride"],
        "dilationHFactor": window["h"]["dilation"],
        "dilationWFactor": window["w"]["dilation"],
        **more,
    }


@st.composite
def conv_2d(draw: st.DrawFn, dtype: str, packs: bool = False) -> Case:
    rng, window = np.random.default_rng(draw(SEEDS)), draw(window_of(dilated=True))
    h, w = window["h"], window["w"]
    groups = draw(st.sampled_from([1, 1, 1, 2, 3])) if dtype != "uint8" else 1
    depth, channels = draw(CHANNELS), draw(CHANNELS) * groups
    ifm = (draw(st.sampled_from([1, 1, 2])), h["size"], w["size"], depth * groups)
    ofm = (ifm[0], h["out"], w["out"], channels)
    weights = (channels, h["kernel"], w["kernel"], depth)
    made = draw(parts_of(rng, dtype, ifm, weights, ofm, axis=0, packs=packs))
    table = options(
        "Conv2DOptions",
        **_window_options(window),
        fusedActivationFunction=draw(ACTIVATIONS),
        quantizedBiasType=made.bias_type,
    )
    return _case("CONV_2D", made.inputs, made.ofm, table, rng)


@st.composite
def depthwise_conv_2d(draw: st.DrawFn, dtype: str, packs: bool = False) -> Case:
    rng, window = np.random.default_rng(draw(SEEDS)), draw(window_of(dilated=True))
    h, w, depth, multiplier = window["h"], window["w"], draw(CHANNELS), draw(st.sampled_from([1, 1, 2, 3, 8]))
    ifm = (draw(st.sampled_from([1, 1, 2])), h["size"], w["size"], depth)
    ofm = (ifm[0], h["out"], w["out"], depth * multiplier)
    weights = (1, h["kernel"], w["kernel"], depth * multiplier)
    made = draw(parts_of(rng, dtype, ifm, weights, ofm, axis=3, narrow_bias=False, packs=packs))
    table = options(
        "DepthwiseConv2DOptions",
        **_window_options(window),
        depthMultiplier=multiplier,
        fusedActivationFunction=draw(ACTIVATIONS),
    )
    return _case("DEPTHWISE_CONV_2D", made.inputs, made.ofm, table, rng)


@st.composite
def fully_connected(draw: st.DrawFn, dtype: str, packs: bool = False) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    rows, depth, channels = draw(SMALL), draw(st.sampled_from([1, 2, 3, 31, 127, 1031])), draw(CHANNELS)
    keep = draw(st.booleans())
    batch = draw(st.sampled_from([(), (1,), (3,)])) if keep else ()
    ifm, ofm = (*batch, rows, depth), (*batch, rows, channels)
    asymmetric = dtype in ("int8", "int16")
    made = draw(parts_of(rng, dtype, ifm, (channels, depth), ofm, axis=0, asymmetric=asymmetric, packs=packs))
    table = options(
        "FullyConnectedOptions",
        keepNumDims=keep,
        fusedActivationFunction=draw(ACTIVATIONS),
        quantizedBiasType=made.bias_type,
    )
    return _case("FULLY_CONNECTED", made.inputs, made.ofm, table, rng)


@st.composite
def transpose_conv(draw: st.DrawFn, dtype: str, narrow_bias: bool = False) -> Case:
    """`narrow_bias`: a bias of 32 bits for int16, which tflite-micro reads as one of 64."""
    rng, window = np.random.default_rng(draw(SEEDS)), draw(window_of(dilated=False))
    h, w, depth, channels = window["h"], window["w"], draw(CHANNELS), draw(CHANNELS)
    batch = draw(st.sampled_from([1, 1, 2]))
    ifm, ofm = (batch, h["out"], w["out"], depth), (batch, h["size"], w["size"], channels)
    weights = (channels, h["kernel"], w["kernel"], depth)
    made = draw(parts_of(rng, dtype, ifm, weights, ofm, axis=0, narrow_bias=narrow_bias))
    table = options(
        "TransposeConvOptions",
        padding=window["padding"],
        strideH=h["stride"],
        strideW=w["stride"],
        fusedActivationFunction=draw(ACTIVATIONS),
        quantizedBiasType=made.bias_type,
    )
    picture, *rest = made.inputs
    inputs = [constant(list(ofm)), rest[0], picture, *rest[1:]]
    return _case("TRANSPOSE_CONV", inputs, made.ofm, table, rng)


BATCHES = st.sampled_from(
    [((), ()), ((2,), (2,)), ((3,), (1,)), ((1,), (3,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2,))]
)


@st.composite
def batch_matmul(draw: st.DrawFn, dtype: str, right: str, out: str) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    batches = draw(BATCHES)
    m, n, k = draw(PRIMES), draw(CHANNELS), draw(st.sampled_from([1, 2, 3, 31, 127]))
    adj_x, adj_y = draw(st.booleans()), draw(st.booleans())
    shape = (*np.broadcast_shapes(*batches), m, n)
    zeros = [draw(ZERO_POINTS) if dtype == "int8" else 0 for _ in range(3)]
    x = activation((*batches[0], *((k, m) if adj_x else (m, k))), dtype, draw(SCALES), zeros[0])
    y = activation((*batches[1], *((n, k) if adj_y else (k, n))), right, draw(SCALES), zeros[1])
    scale = 1.0
    if dtype != "float32":
        largest = 32767 if dtype == "int16" else 127
        fills = x.scales[0] * y.scales[0] * np.sqrt(k) * 73 * 0.5
        scale = float(np.float32(fills * rng.choice([1.0, 1.0, 0.02, largest / 50])))
    ofm = Spec(shape, out) if out in ("float32", "int32") else activation(shape, out, scale, zeros[2])
    if draw(st.booleans()):
        y = Spec(y.shape, y.dtype, y.scales, y.zero_points, 0, numbers(rng, y.shape, y.dtype))
    return _case("BATCH_MATMUL", [x, y], ofm, options("BatchMatMulOptions", adjX=adj_x, adjY=adj_y), rng)


CASES = {
    f"{kind}{suffix}": strategy(dtype)
    for kind, strategy in {
        "CONV_2D": conv_2d,
        "DEPTHWISE_CONV_2D": depthwise_conv_2d,
        "FULLY_CONNECTED": fully_connected,
        "TRANSPOSE_CONV": transpose_conv,
    }.items()
    for suffix, dtype in ACTIVATION_OF.items()
} | {
    "CONV_2D/int4": conv_2d("int8", packs=True),
    "DEPTHWISE_CONV_2D/int4": depthwise_conv_2d("int8", packs=True),
    "FULLY_CONNECTED/int4": fully_connected("int8", packs=True),
    "BATCH_MATMUL": batch_matmul("int8", "int8", "int8"),
    "BATCH_MATMUL/int32": batch_matmul("int8", "int8", "int32"),
    "BATCH_MATMUL/int16": batch_matmul("int16", "int16", "int16"),
    "BATCH_MATMUL/16x8": batch_matmul("int16", "int8", "int16"),
    "BATCH_MATMUL/float32": batch_matmul("float32", "float32", "float32"),
}
REFUSED = {(name, Oracle.TFLM) for name in CASES if name.endswith("/uint8")} | {
    ("BATCH_MATMUL/int32", Oracle.TFLM),
    ("BATCH_MATMUL/16x8", Oracle.TFLM),
}
