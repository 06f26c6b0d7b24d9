"""What hypothesis chooses for pools and reductions."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tests.oracle.choices import ACTIVATIONS, CHANNELS, PRIMES, SCALES, SEEDS, ZERO_POINTS, int8
from tests.oracle.single_op import Case, constant, model, options, quantized
from tests.oracle.windows import window_of


@st.composite
def pool_2d(draw: st.DrawFn, kind: str) -> Case:
    rng, window = np.random.default_rng(draw(SEEDS)), draw(window_of(dilated=False))
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


CASES = {
    "AVERAGE_POOL_2D": pool_2d("AVERAGE_POOL_2D"),
    "MAX_POOL_2D": pool_2d("MAX_POOL_2D"),
    "MEAN": mean(),
}
