"""What hypothesis chooses for operators of one operand, element by element."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from firmware_sim.oracles import Oracle
from tests.oracle.choices import SCALES, SEEDS, scale_on_a_tie
from tests.oracle.single_op import Case, Spec, model, options, quantized

SHAPE = (3, 7, 13)  # 273 elements: room for every value of 8 bits
INTEGERS = ("int8", "uint8", "int16")
EDGES = [
    np.nan,
    np.inf,
    -np.inf,
    -0.0,
    0.0,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    6.0,
    -3.0,
    3e38,
    -3e38,
    1e-40,
    16.7,
    -9.5,
]


def values(rng: np.random.Generator, dtype: str, least: int | None = None) -> np.ndarray:
    """Every value of 8 bits from `least` on; of wider types random ones, among them the ends."""
    info = np.iinfo(dtype)
    low = info.min if least is None else least
    ends = [low, low + 1, info.max - 1, info.max]
    if info.bits == 8:
        ends = list(range(low, info.max + 1))
    more = rng.integers(low, info.max, 273 - len(ends), dtype, endpoint=True)
    return rng.permutation(np.concatenate([np.array(ends, dtype), more])).reshape(SHAPE)


def floats(rng: np.random.Generator) -> np.ndarray:
    given = rng.normal(0, rng.choice([0.5, 4.0, 60.0]), 273 - len(EDGES))
    return rng.permutation(np.concatenate([given, EDGES]).astype(np.float32)).reshape(SHAPE)


def zero_point(rng: np.random.Generator, dtype: str) -> int:
    """An end of the range, near its middle, or anywhere; 0 for int16, which is symmetric nearly always."""
    info = np.iinfo(dtype)
    if info.bits == 16:
        return int(rng.choice([0, 0, 0, 0, 0, 0, 0, 3]))
    middle = (info.min + info.max + 1) // 2
    return int(rng.choice([info.min, info.max, middle, middle - 3, rng.integers(info.min, info.max)]))


def accumulated(kind: str, steps: np.ndarray, scale: float) -> tuple[np.ndarray, float]:
    """The real values that an operator rescales, of `steps` above 0, and its accumulator's 1."""
    if kind == "RSQRT":
        one = 2.0**-20 / np.sqrt(scale)
        return np.rint(2**20 / np.sqrt(steps)) * one, one
    return steps * scale, scale


ON_TIES = ("ABS", "LEAKY_RELU", "RELU", "RSQRT")


@st.composite
def scaled(
    draw: st.DrawFn, kind: str, dtype: str, table: str | None = None, fixed: tuple[float, int] | None = None
) -> Case:
    """From one scale and zero point to another; `fixed`: those of the output, nearly always."""
    rng = np.random.default_rng(draw(SEEDS))
    scale = float(np.float32(draw(SCALES) * rng.choice([1.0, 0.37, 3.3])))
    out = float(np.float32(scale * rng.choice([1.0, 1.0, 0.5, 0.77, 3.1, 20.0])))
    if kind in ("ELU", "EXP", "LOG", "TANH") and rng.random() < 0.1:
        out = 1e-9  # results beyond 32 bits
    if dtype == "int16":
        scale, out = (float(np.float32(s / 300)) for s in (scale, out))
    before = quantized(SHAPE, scale, zero_point(rng, dtype), dtype)
    given = values(rng, dtype, before.zero_points[0] if kind in ("SQRT", "RSQRT") else None)
    steps = given.astype(np.float64) - before.zero_points[0]
    if kind in ON_TIES and (steps > 0).any() and rng.random() < 0.5:
        reals, one = accumulated(kind, steps[steps > 0], scale)
        out = scale_on_a_tie(rng, reals, np.iinfo(dtype).max, one)
    to = quantized(SHAPE, out, zero_point(rng, dtype), dtype)
    if fixed and rng.random() < 0.8:
        to = quantized(SHAPE, fixed[0], fixed[1], dtype)
    elif fixed and rng.random() < 0.8:
        to = quantized(SHAPE, fixed[0], zero_point(rng, dtype), dtype)
    return Case(model(kind, [before], to, made(table, rng)), (given,), f"{before} {to}")


def made(table: str | None, rng: np.random.Generator) -> Any:
    if table == "LeakyReluOptions":
        return options(table, alpha=float(rng.choice([0.1, 0.3, 1.7, -0.3, 0.0])))
    return options(table) if table else None


@st.composite
def plain(draw: st.DrawFn, kind: str, dtype: str, table: str | None = None) -> Case:
    """Without scales."""
    rng = np.random.default_rng(draw(SEEDS))
    given = floats(rng) if dtype == "float32" else values(rng, dtype)
    built = made(table, rng)
    blob = model(kind, [Spec(SHAPE, dtype)], Spec(SHAPE, dtype), built)
    return Case(blob, (given,), f"{kind} {dtype} {getattr(built, 'alpha', '')}")


@st.composite
def quantize(draw: st.DrawFn) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    scale, to = draw(SCALES), str(rng.choice(["int8", "int8", "uint8", "int16", "int32"]))
    given = str(rng.choice(["float32", "int8", "uint8", "int16", "int32"]))
    after = float(np.float32(scale * rng.choice([1.0, 0.5, 3.3])))
    ofm = quantized(SHAPE, after, zero_point(rng, to) if to != "int32" else 0, to)
    if given == "float32":
        reals = rng.normal(0, 60 * scale, SHAPE)
        reals = np.where(rng.random(SHAPE) < 0.3, np.round(reals / after) * after + after / 2, reals)
        ends = rng.random(SHAPE) < 0.1
        return Case(
            model("QUANTIZE", [Spec(SHAPE, given)], ofm, options("QuantizeOptions")),
            (np.where(ends, rng.choice(EDGES, SHAPE), reals).astype(np.float32),),
            f"{given} {ofm}",
        )
    if given == "int32":
        data = rng.integers(-(1 << 31), (1 << 31) - 1, SHAPE) >> rng.integers(0, 30, SHAPE)
        ifm = quantized(SHAPE, float(np.float32(scale / 1000)), 0, given)
    else:
        data, ifm = values(rng, given), quantized(SHAPE, scale, zero_point(rng, given), given)
    blob = model("QUANTIZE", [ifm], ofm, options("QuantizeOptions"))
    return Case(blob, (data.astype(given),), f"{ifm} {ofm}")


@st.composite
def dequantize(draw: st.DrawFn, dtype: str) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    ofm, table = Spec(SHAPE, "float32"), options("DequantizeOptions")
    if dtype == "float16":
        halves = floats(rng).clip(-6e4, 6e4).astype(dtype)
        return Case(model("DEQUANTIZE", [Spec(SHAPE, dtype)], ofm, table), (halves,), dtype)
    ifm = quantized(SHAPE, draw(SCALES), zero_point(rng, dtype), dtype)
    return Case(model("DEQUANTIZE", [ifm], ofm, table), (values(rng, dtype),), f"{ifm}")


@st.composite
def per_channel(draw: st.DrawFn, kind: str) -> Case:
    """From float32 or to it, with a scale for each slice along an axis."""
    rng = np.random.default_rng(draw(SEEDS))
    axis = int(rng.integers(3))
    scales = tuple(float(np.float32(s)) for s in rng.uniform(0.02, 0.5, SHAPE[axis]))
    zero_points = tuple(int(z) for z in rng.integers(-5, 5, SHAPE[axis]))
    given = Spec(SHAPE, "int8", scales, zero_points, axis)
    if kind == "DEQUANTIZE":
        blob = model(kind, [given], Spec(SHAPE, "float32"), options("DequantizeOptions"))
        return Case(blob, (values(rng, "int8"),), f"{given}")
    blob = model(kind, [Spec(SHAPE, "float32")], given, options("QuantizeOptions"))
    return Case(blob, (floats(rng),), f"{given}")


CASTS = [
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "float16",
    "float32",
    "float64",
    "bool",
]


@st.composite
def cast(draw: st.DrawFn, types: tuple[str, ...]) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    given, to = draw(st.sampled_from(types)), draw(st.sampled_from(types))
    if given == "bool":
        data = rng.random(SHAPE) < 0.5
    elif given.startswith("float"):
        with np.errstate(over="ignore"):
            data = (floats(rng).astype(np.float64) * rng.choice([1.0, 3e4, 1e10])).astype(given)
        data = data[~np.isnan(data)] if to.startswith("float") else data
        data = np.resize(data, SHAPE)
    else:
        data = values(rng, given)
    blob = model("CAST", [Spec(SHAPE, given)], Spec(SHAPE, to), options("CastOptions"))
    return Case(blob, (data,), f"{given} to {to}")


FIXED = {
    "LOGISTIC": {"int8": (1 / 256, -128), "uint8": (1 / 256, 0), "int16": (2**-15, 0)},
    "TANH": {"int8": (1 / 128, 0), "uint8": (1 / 128, 128), "int16": (2**-15, 0)},
}
OPTIONS = {
    "ABS": "AbsOptions",
    "EXP": "ExpOptions",
    "HARD_SWISH": "HardSwishOptions",
    "LEAKY_RELU": "LeakyReluOptions",
    "NEG": "NegOptions",
    "COS": "CosOptions",
    "SQUARE": "SquareOptions",
}
TYPES = {
    "RELU": (*INTEGERS, "float32"),
    "RELU6": (*INTEGERS, "float32"),
    "RELU_N1_TO_1": ("int8", "uint8", "float32"),
    "LEAKY_RELU": (*INTEGERS, "float32"),
    "HARD_SWISH": ("int8", "uint8", "float32"),
    "ELU": ("int8", "float32"),
    "LOGISTIC": (*INTEGERS, "float32"),
    "TANH": (*INTEGERS, "float32"),
    "ABS": ("int8", "int16", "float32"),
    "RSQRT": ("int8", "int16", "float32"),
    "SQRT": ("int8", "int16", "float32"),
    "EXP": ("int8", "int16", "float32"),
    "LOG": ("int8", "int16", "float32"),
} | dict.fromkeys(("CEIL", "COS", "FLOOR", "ROUND", "SIN", "SQUARE"), ("float32",))
UNSCALED = {"ABS": ("int16", "int32"), "NEG": ("int8", "int16", "int32", "int64", "float32")}


def _cases() -> dict[str, st.SearchStrategy[Case]]:
    cases: dict[str, st.SearchStrategy[Case]] = {}
    for kind, types in TYPES.items():
        for dtype in types:
            name = kind if dtype == "int8" else f"{kind}/{dtype}"
            table = OPTIONS.get(kind)
            if dtype == "float32":
                cases[name] = plain(kind, dtype, table)
            else:
                cases[name] = scaled(kind, dtype, table, FIXED.get(kind, {}).get(dtype))
    for kind, types in UNSCALED.items():
        for dtype in types:
            cases[f"{kind}/{dtype} without a scale"] = plain(kind, dtype, OPTIONS[kind])
    return cases


CASES = _cases() | {
    "QUANTIZE": quantize(),
    "DEQUANTIZE": dequantize("int8"),
    "DEQUANTIZE/uint8": dequantize("uint8"),
    "DEQUANTIZE/int16": dequantize("int16"),
    "DEQUANTIZE/float16": dequantize("float16"),
    "QUANTIZE/per channel": per_channel("QUANTIZE"),
    "DEQUANTIZE/per channel": per_channel("DEQUANTIZE"),
    "CAST": cast(("int8", "int16", "int32", "uint32", "float32", "bool")),
    "CAST/more types": cast(tuple(CASTS)),
}
REFUSED = {
    *((f"{kind}/uint8", Oracle.TFLM) for kind in ("RELU", "RELU6", "LEAKY_RELU", "HARD_SWISH")),
    *((f"{kind}/uint8", Oracle.TFLM) for kind in ("LOGISTIC", "TANH")),
    *((name, Oracle.TFLM) for name in ("RELU_N1_TO_1", "RELU_N1_TO_1/uint8", "RELU_N1_TO_1/float32")),
    *((f"{kind}/int16", Oracle.TFLM) for kind in ("SQRT", "EXP", "LOG")),
    *((kind, Oracle.TFLM) for kind in ("SQRT", "EXP", "LOG")),
    *((f"NEG/{dtype} without a scale", Oracle.TFLM) for dtype in ("int8", "int16", "int32", "int64")),
    ("ABS/int32 without a scale", Oracle.TFLM),
    ("DEQUANTIZE/float16", Oracle.TFLM),
    ("QUANTIZE/per channel", Oracle.TFLM),
    *((name, Oracle.TFLITE_REF) for name in ("ELU", "ELU/float32", "CEIL/float32", "ROUND/float32")),
}
