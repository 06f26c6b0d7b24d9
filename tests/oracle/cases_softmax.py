"""What hypothesis chooses for SOFTMAX and LOG_SOFTMAX."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from firmware_sim.oracles import Oracle
from tests.oracle.cases_unary import zero_point
from tests.oracle.choices import SEEDS, SMALL
from tests.oracle.single_op import Case, Spec, model, options, quantized

DEPTHS = st.sampled_from([1, 2, 3, 7, 31, 509])  # where 8 bits sum to 512 the runtimes abort
BETAS = st.sampled_from([1.0, 0.5, 2.3])
STEPS = {
    ("int8", "int8"): (2**-8, -128),
    ("uint8", "uint8"): (2**-8, 0),
    ("int8", "int16"): (2**-16, -(1 << 15)),
    ("uint8", "int16"): (2**-16, -(1 << 15)),
    ("int16", "int16"): (2**-15, 0),
}


def row_values(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Random; in one of two cases near each other, so that sums of exponentials are large."""
    info = np.iinfo(dtype)
    if rng.random() < 0.5:
        near = np.clip(rng.integers(info.min, info.max) + rng.integers(-40, 40, shape), info.min, info.max)
        return near.astype(dtype)
    return rng.integers(info.min, info.max, shape, dtype, endpoint=True)


def reals(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    given = rng.normal(0, rng.choice([0.1, 3.0, 60.0]), shape)
    edges = rng.choice([-np.inf, -0.0, 0.0, 88.0, -103.0], shape)
    return np.where(rng.random(shape) < 0.05, edges, given).astype(np.float32)


@st.composite
def softmax(draw: st.DrawFn, given: str, to: str) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    shape = (draw(SMALL), draw(SMALL), draw(DEPTHS))
    table = options("SoftmaxOptions", beta=draw(BETAS))
    scale = float(np.float32(draw(st.sampled_from([1e-4, 0.0039, 0.0625, 0.11, 0.5, 1.3, 40.0]))))
    step, zero = STEPS[given, to]
    if rng.random() < 0.2:
        step *= rng.choice([1.0005, 2.0])
    if (
        given == "int16"
    ):  # many rows: the runtimes' tables part in 2 of 513 entries, their multipliers by 1e-8
        shape, table.beta = (1, 5003, draw(st.sampled_from([2, 2, 3]))), float(rng.uniform(0.5, 2.9))
        scale = float(np.float32(rng.choice([scale / 30, 10 ** rng.uniform(-4.2, -3.6)])))
    ifm = quantized(shape, scale, zero_point(rng, given), given)
    ofm = quantized(shape, float(np.float32(step)), zero, to)
    blob = model("SOFTMAX", [ifm], ofm, table)
    return Case(blob, (row_values(rng, shape, given),), f"{ifm} {ofm} {table.beta}")


@st.composite
def softmax_of_floats(draw: st.DrawFn) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    shape = (draw(SMALL), draw(SMALL), draw(DEPTHS))
    table = options("SoftmaxOptions", beta=draw(BETAS))
    blob = model("SOFTMAX", [Spec(shape, "float32")], Spec(shape, "float32"), table)
    return Case(blob, (reals(rng, shape),), f"{shape} {table.beta}")


@st.composite
def log_softmax(draw: st.DrawFn, dtype: str) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    shape = (draw(SMALL), draw(SMALL), draw(DEPTHS))
    ifm, ofm = Spec(shape, dtype), Spec(shape, dtype)
    if dtype != "float32":
        scale = draw(st.sampled_from([1e-4, 0.0039, 0.0625, 0.11, 0.5, 1.3, 40.0]))
        ifm = quantized(shape, float(np.float32(scale)), zero_point(rng, dtype), dtype)
        ofm = quantized(shape, 1 / 16, int(np.iinfo(dtype).max), dtype)
    given = reals(rng, shape) if dtype == "float32" else row_values(rng, shape, dtype)
    return Case(model("LOG_SOFTMAX", [ifm], ofm, options("LogSoftmaxOptions")), (given,), f"{ifm}")


CASES = {
    "SOFTMAX": softmax("int8", "int8"),
    "SOFTMAX/uint8": softmax("uint8", "uint8"),
    "SOFTMAX/int8 to int16": softmax("int8", "int16"),
    "SOFTMAX/uint8 to int16": softmax("uint8", "int16"),
    "SOFTMAX/int16": softmax("int16", "int16"),
    "SOFTMAX/float32": softmax_of_floats(),
    "LOG_SOFTMAX": log_softmax("int8"),
    "LOG_SOFTMAX/uint8": log_softmax("uint8"),
    "LOG_SOFTMAX/float32": log_softmax("float32"),
}
REFUSED = {
    ("SOFTMAX/uint8", Oracle.TFLM),
    ("SOFTMAX/uint8 to int16", Oracle.TFLM),
    ("LOG_SOFTMAX/uint8", Oracle.TFLM),
}
