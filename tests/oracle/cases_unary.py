"""What hypothesis chooses for operators of one operand, element by element or row by row."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tests.oracle.choices import CHANNELS, PRIMES, SCALES, SEEDS, SMALL, ZERO_POINTS, int8
from tests.oracle.single_op import Case, Spec, model, options, quantized


@st.composite
def softmax(draw: st.DrawFn) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    shape = (draw(SMALL), draw(st.sampled_from([1, 2, 3, 7, 31, 509])))  # at a sum of 512 the runtimes abort
    scale = draw(st.sampled_from([1e-4, 0.0039, 0.0625, 0.11, 0.5, 1.3, 40.0]))
    table = options("SoftmaxOptions", beta=draw(st.sampled_from([1.0, 0.5, 2.3])))
    ifm, ofm = quantized(shape, scale, draw(ZERO_POINTS)), quantized(shape, 1 / 256, -128)
    return Case(model("SOFTMAX", [ifm], ofm, table), (int8(rng, shape),), f"{ifm} {table.beta}")


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
    "SOFTMAX": softmax(),
    "QUANTIZE": quantize(),
    "DEQUANTIZE": dequantize(),
}
