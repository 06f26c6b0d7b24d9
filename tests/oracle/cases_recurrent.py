"""What hypothesis chooses for operators with state."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from firmware_sim.oracles import Oracle
from tests.oracle.choices import ACTIVATIONS, PRIMES, SCALES, SEEDS, SMALL, ZERO_POINTS, int8
from tests.oracle.single_op import Case, Spec, constant, model, options, quantized

TANH = 4


@st.composite
def svdf(draw: st.DrawFn, state: str) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    batch, depth, units, rank, memory = (draw(SMALL) for _ in range(5))
    filters = units * rank
    ifm = quantized((batch, depth), draw(SCALES), draw(ZERO_POINTS))
    weights = Spec((filters, depth), "int8", (0.0078125,), (0,), 0, int8(rng, (filters, depth)))
    kept = float(np.float32(ifm.scales[0] * 0.0078125 * rng.choice([1.0, 0.5, 0.031, 9.7, 150.0])))
    zero = draw(ZERO_POINTS) if state == "int8" else 0
    variable = Spec((batch, filters * memory), state, (kept,), (zero,), is_variable=True)
    info = np.iinfo(state)
    values = rng.integers(info.min, info.max, (filters, memory), endpoint=True).astype(state)
    time = Spec((filters, memory), state, (0.0031,), (0,), 0, values)
    product = float(np.float32(kept) * np.float32(0.0031))
    bias = Spec((units,), "int32", (product,), (0,), 0, rng.integers(-9000, 9000, units).astype(np.int32))
    typical = product * info.max**2 / 200
    scale = float(np.float32(typical * rng.choice([1.0, 0.1, 0.003])))
    ofm = quantized((batch, units), scale, draw(ZERO_POINTS))
    # LiteRT refuses what is not RELU; RELU with an int8 state it would take for int16, beyond its end.
    activation = draw(st.sampled_from([1, 1, 0])) if state == "int16" else 0
    table = options("SVDFOptions", rank=rank, fusedActivationFunction=activation)
    blob = model("SVDF", [ifm, weights, time, bias, variable], ofm, table)
    return Case(blob, (int8(rng, ifm.shape),), f"{ifm} {variable} {ofm} rank {rank} memory {memory}")


@st.composite
def svdf_float(draw: st.DrawFn) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    batch, units, memory = (draw(SMALL) for _ in range(3))
    depth, rank = draw(st.sampled_from([1, 3, 7, 31, 127])), draw(st.sampled_from([1, 2, 3, 11]))
    filters = units * rank
    shapes = ((filters, depth), (filters, memory), (units,))
    weights, time, bias = (constant(rng.normal(0, 1, shape), "float32") for shape in shapes)
    variable = Spec((batch, filters * memory), "float32", is_variable=True)
    table = options("SVDFOptions", rank=rank, fusedActivationFunction=draw(ACTIVATIONS))
    inputs = [Spec((batch, depth), "float32"), weights, time, bias, variable]
    blob = model("SVDF", inputs, Spec((batch, units), "float32"), table)
    values = rng.normal(0, 1, (batch, depth)).astype(np.float32)
    return Case(blob, (values,), f"{batch} {depth} {units} {rank} {memory}")


@st.composite
def lstm(draw: st.DrawFn, dtype: str) -> Case:
    """Both orders of the axes, scales that are no powers of two, clips below one step and beyond all."""
    rng = np.random.default_rng(draw(SEEDS))
    time, batch, depth, channels = draw(PRIMES), draw(SMALL), draw(PRIMES), draw(PRIMES)
    time_major = draw(st.booleans())
    axes = (time, batch) if time_major else (batch, time)
    wide = dtype == "int16"
    zero_point = (0, 0) if wide else (draw(ZERO_POINTS), draw(ZERO_POINTS))
    steps = 2.0**-8 if wide else 1.0
    x = quantized(
        (*axes, depth), float(np.float32(rng.choice([0.0625, 0.0235]) * steps)), zero_point[0], dtype
    )
    h_scale = float(np.float32(rng.choice([0.0078, 2.0**-7, 0.0041]) * steps))
    hidden = Spec((batch, channels), dtype, (h_scale,), (zero_point[1],), is_variable=True)
    c_scale = draw(st.sampled_from([2.0**-12, 2.0**-11, 2.0**-13, 2.0**-15, 0.0003]))
    cell = Spec((batch, channels), "int16", (c_scale,), (0,), is_variable=True)

    def weights(inner: int) -> Spec:
        scale = float(np.float32(rng.choice([0.0089, 0.0117, 2.0**-7])))
        values = rng.integers(-127, 128, (channels, inner)).astype(np.int8)
        return Spec((channels, inner), "int8", (scale,), (0,), 0, values)

    def bias(of: Spec) -> Spec:
        values = rng.integers(-9000, 9001, channels).astype("int64" if wide else "int32")
        return Spec((channels,), str(values.dtype), (x.scales[0] * of.scales[0],), (0,), 0, values)

    of_input, of_state = [weights(depth) for _ in range(4)], [weights(channels) for _ in range(4)]
    clip = draw(st.sampled_from([10.0, 0.5, 0.0, 0.00001]))
    inputs = [
        x,
        *of_input,
        *of_state,
        None,
        None,
        None,
        *(bias(w) for w in of_input),
        None,
        None,
        hidden,
        cell,
    ]
    table = options(
        "UnidirectionalSequenceLSTMOptions",
        fusedActivationFunction=TANH,
        cellClip=clip,
        projClip=0.0,
        timeMajor=time_major,
    )
    ofm = Spec((*axes, channels), dtype, hidden.scales, hidden.zero_points)
    blob = model("UNIDIRECTIONAL_SEQUENCE_LSTM", [*inputs, None, None, None, None], ofm, table)
    info = np.iinfo(dtype)
    values = rng.integers(info.min, info.max, x.shape, endpoint=True).astype(dtype)
    return Case(blob, (values,), f"{x} {hidden} {cell} {clip} {time_major}")


CASES = {
    "SVDF": svdf("int16"),
    "SVDF/float32": svdf_float(),
    "SVDF/int8 state": svdf("int8"),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": lstm("int8"),
    "UNIDIRECTIONAL_SEQUENCE_LSTM/int16": lstm("int16"),
}

# Of LSTM, LiteRT asks for intermediate tensors that tflite-micro does not read.
REFUSED = {
    ("SVDF/int8 state", Oracle.TFLITE_REF),
    ("UNIDIRECTIONAL_SEQUENCE_LSTM", Oracle.TFLITE_REF),
    ("UNIDIRECTIONAL_SEQUENCE_LSTM/int16", Oracle.TFLITE_REF),
}
