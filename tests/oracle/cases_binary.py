"""What hypothesis chooses for operators of two operands, and SELECT's three."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from firmware_sim.oracles import Oracle
from tests.oracle.choices import ACTIVATIONS, CHANNELS, PRIMES, SCALES, SEEDS, ZERO_POINTS, scale_on_a_tie
from tests.oracle.single_op import Case, Spec, model, options, quantized

Shape = tuple[int, ...]
EVERY_PAIR = ((256, 1), (1, 256))
POWERS = st.sampled_from([2.0**-4, 2.0**-5, 2.0**-9])
INFLUENTIAL = (0.0, -0.0, 1.0, -1.0, 6.0, np.inf, -np.inf, 3e38, 1e-45)


@st.composite
def shapes(draw: st.DrawFn, count: int = 2) -> list[Shape]:
    """Mostly of one shape; else some sides 1, or leading sides left out, of up to six axes."""
    full = (1, draw(PRIMES), draw(PRIMES), draw(CHANNELS))
    if draw(st.integers(0, 3)) == 0:
        full = tuple(draw(st.lists(st.sampled_from([1, 2, 3, 5]), max_size=6)))
    if draw(st.booleans()):
        return [full] * count
    axes = [draw(st.integers(0, count)) for _ in full]  # which operand has 1 there; `count`: none
    cut = draw(st.integers(0, len(full))) if draw(st.booleans()) else 0
    wide = [tuple(1 if axes[i] == n else side for i, side in enumerate(full)) for n in range(count)]
    return [shape[cut if n == draw(st.integers(0, count)) else 0 :] for n, shape in enumerate(wide)]


def values(rng: np.random.Generator, shape: Shape, dtype: str) -> np.ndarray:
    """Random elements; one in eight sits at an end of the range, or is a number that the others are not."""
    if dtype == "bool":
        return np.asarray(rng.integers(0, 2, shape)).astype(bool)
    if dtype == "float32":
        ends, some = rng.choice(INFLUENTIAL, shape), rng.normal(0, 3, shape)
    else:
        info = np.iinfo(dtype)
        small = dtype in ("int32", "int64") and rng.random() < 0.7
        low, high = (-100, 100) if small else (info.min, info.max)
        some = rng.integers(low, high, shape, np.int64, endpoint=True)
        ends = rng.choice([low, high, 0, 1], shape)
    return np.asarray(np.where(rng.random(shape) < 0.125, ends, some)).astype(dtype)


@st.composite
def operand(draw: st.DrawFn, shape: Shape, dtype: str, symmetric: bool = True) -> Spec:
    if dtype not in ("int8", "uint8", "int16"):
        return Spec(shape, dtype)
    zero_point = draw(ZERO_POINTS) + (128 if dtype == "uint8" else 0)
    if dtype == "int16" and symmetric:
        zero_point = 0
    return quantized(shape, draw(SCALES), zero_point, dtype)


def output(rng: np.random.Generator, like: Spec, shape: Shape, scale: float, zero_point: int) -> Spec:
    if not like.scales:
        return Spec(shape, like.dtype)
    if like.dtype == "int16":
        zero_point = 0
    return quantized(
        shape, float(np.float32(scale)), zero_point + (128 if like.dtype == "uint8" else 0), like.dtype
    )


Scale = Callable[[float, float], float]
"""From the inputs' scales, one for an output that fills its range."""


def every_value(rng: np.random.Generator, spec: Spec) -> tuple[Spec, np.ndarray]:
    """A scale of many bits; all values of 8 bits, or as many of 16."""
    info = np.iinfo(spec.dtype)
    values = np.arange(info.min, info.max + 1)
    scale = float(np.float32(spec.scales[0] * rng.uniform(0.5, 1)))
    if info.bits == 16:
        values = rng.choice(values, 256, replace=False)
    return replace(spec, scales=(scale,)), values.astype(spec.dtype).reshape(spec.shape)


@st.composite
def arithmetic(
    draw: st.DrawFn,
    kind: str,
    table: str,
    dtype: str,
    typical: Scale,
    real: Callable[..., np.ndarray],
    step: Scale,
) -> Case:
    """Random shapes and elements; or every pair of elements, some on a tie of the output's."""
    rng = np.random.default_rng(draw(SEEDS))
    every = dtype in ("int8", "uint8", "int16") and draw(st.booleans())
    a, b = (draw(operand(shape, dtype)) for shape in (EVERY_PAIR if every else draw(shapes())))
    scale = typical(a.scales[0], b.scales[0]) * rng.choice([2.0, 1.0, 0.77, 0.05]) if a.scales else 1.0
    given = (values(rng, a.shape, dtype), values(rng, b.shape, dtype))
    if every:
        (a, x), (b, y) = every_value(rng, a), every_value(rng, b)
        given = (x, y)
        reals = ((q - float(spec.zero_points[0])) * spec.scales[0] for spec, q in ((a, x), (b, y)))
        scale = scale_on_a_tie(rng, real(*reals), np.iinfo(dtype).max, step(a.scales[0], b.scales[0]))
    ofm = output(rng, a, np.broadcast_shapes(a.shape, b.shape), scale, draw(ZERO_POINTS))
    more = {}
    if kind not in ("SQUARED_DIFFERENCE", "MAXIMUM", "MINIMUM"):
        more["fusedActivationFunction"] = draw(ACTIVATIONS)
    if kind in ("ADD", "SUB"):
        more["potScaleInt16"] = draw(st.booleans())
    by_shifts = more.get("potScaleInt16") and dtype == "int16" and all(_is_power(t) for t in (a, b, ofm))
    aborts = kind == "ADD" and by_shifts and a.shape != b.shape
    blob = model(kind, [a, b], ofm, options(table, **more))
    return Case(blob, given, f"{a} {b} {ofm} {more}", undefined=(Oracle.TFLITE_REF,) if aborts else ())


def _is_power(tensor: Spec) -> bool:
    """Whether its scale is a power of two."""
    return bool(np.frexp(tensor.scales[0])[0] == 0.5)


@st.composite
def by_shifts(draw: st.DrawFn, kind: str, table: str) -> Case:
    """int16 of scales that are powers of two, one input's the output's."""
    rng = np.random.default_rng(draw(SEEDS))
    shape, other = draw(shapes())
    if kind == "ADD":
        other = shape
    scale = draw(POWERS)
    scales = [scale, scale * draw(st.sampled_from([1.0, 0.5, 0.125, 2.0**-9, 0.1251]))]
    if draw(st.booleans()):
        scales.reverse()
    a, b = (
        quantized(s, float(np.float32(by)), 0, "int16") for s, by in zip((shape, other), scales, strict=True)
    )
    ofm = quantized(np.broadcast_shapes(shape, other), scale, 0, "int16")
    more = {"fusedActivationFunction": draw(ACTIVATIONS), "potScaleInt16": True}
    blob = model(kind, [a, b], ofm, options(table, **more))
    return Case(blob, (values(rng, shape, "int16"), values(rng, other, "int16")), f"{a} {b} {ofm} {more}")


@st.composite
def unscaled_int16(draw: st.DrawFn, kind: str, table: str) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    a, b = (Spec(shape, "int16") for shape in draw(shapes()))
    activation = draw(ACTIVATIONS)
    ofm = Spec(np.broadcast_shapes(a.shape, b.shape), "int16")
    blob = model(kind, [a, b], ofm, options(table, fusedActivationFunction=activation))
    given = (values(rng, a.shape, "int16"), values(rng, b.shape, "int16"))
    # tflite-micro divides 0 by 0 for MUL, where it does not refuse
    return Case(blob, given, f"{a} {b} {activation}", undefined=(Oracle.TFLM,))


@st.composite
def prelu(draw: st.DrawFn, dtype: str) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    shape = (1, draw(PRIMES), draw(PRIMES), draw(CHANNELS))
    narrow = draw(
        st.sampled_from([shape, (1, 1, shape[3]), (1, 1, 1), shape[3:], (1, shape[1], 1, shape[3])])
    )
    x = draw(operand(shape, dtype, symmetric=False))
    alpha = draw(operand(narrow, "int8" if dtype == "int16" else dtype))
    scale = x.scales[0] * rng.choice([1.0, 0.4, 3.1]) if x.scales else 1.0
    ofm = output(rng, x, shape, scale, draw(ZERO_POINTS))
    blob = model("PRELU", [x, alpha], ofm)
    return Case(blob, (values(rng, shape, dtype), values(rng, narrow, alpha.dtype)), f"{x} {alpha} {ofm}")


@st.composite
def division(draw: st.DrawFn, kind: str, table: str, dtype: str) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    a, b = (Spec(shape, dtype) for shape in draw(shapes()))
    activation = {"fusedActivationFunction": draw(ACTIVATIONS)} if kind == "DIV" else {}
    blob = model(
        kind, [a, b], Spec(np.broadcast_shapes(a.shape, b.shape), dtype), options(table, **activation)
    )
    dividend, divisor = values(rng, a.shape, dtype), values(rng, b.shape, dtype)
    if dtype != "float32" or kind == "FLOOR_DIV":
        divisor = np.where(divisor == 0, 3, divisor).astype(dtype)
        lowest = np.iinfo("int32" if dtype == "float32" else dtype).min  # by -1 no type holds the quotient
        dividend = np.where(dividend == lowest, 7, dividend).astype(dtype)
    return Case(blob, (dividend, divisor), f"{a} {b} {activation}")


@st.composite
def comparison(draw: st.DrawFn, kind: str, table: str, dtype: str) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    a, b = (draw(operand(shape, dtype)) for shape in draw(shapes()))
    blob = model(kind, [a, b], Spec(np.broadcast_shapes(a.shape, b.shape), "bool"), options(table))
    x, y = values(rng, a.shape, dtype), values(rng, b.shape, dtype)
    if a.shape == b.shape and not a.scales:
        y = np.where(rng.random(a.shape) < 0.5, x, y)
    unset = (kind, dtype) == ("GREATER", "int16")  # tflite-micro scales it by numbers that it never sets
    return Case(blob, (x, np.asarray(y)), f"{a} {b}", undefined=(Oracle.TFLM,) if unset else ())


@st.composite
def select(draw: st.DrawFn, kind: str, dtype: str) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    condition, first, second = draw(shapes(3))
    if kind == "SELECT":
        second = first = first or (3,)
        condition = draw(st.sampled_from([first, first[:1], ()]))
    x, y = (draw(operand(shape, dtype)) for shape in (first, second))
    out = first if kind == "SELECT" else np.broadcast_shapes(condition, first, second)
    ofm = output(rng, x, out, 0.5, 0)
    blob = model(
        kind,
        [Spec(condition, "bool"), x, y],
        ofm,
        options("SelectOptions" if kind == "SELECT" else "SelectV2Options"),
    )
    given = (values(rng, condition, "bool"), values(rng, first, dtype), values(rng, second, dtype))
    return Case(blob, given, f"{condition} {x} {y}")


@st.composite
def logical(draw: st.DrawFn, kind: str, table: str) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    a, b = (Spec(shape, "bool") for shape in draw(shapes()))
    inputs = [a] if kind == "LOGICAL_NOT" else [a, b]
    out = np.broadcast_shapes(*(spec.shape for spec in inputs))
    blob = model(kind, inputs, Spec(out, "bool"), options(table))
    return Case(blob, tuple(values(rng, spec.shape, "bool") for spec in inputs), f"{inputs}")


def _sum(a: float, b: float) -> float:
    return max(a, b)


def _product(a: float, b: float) -> float:
    return a * b * 100


def _square(a: float, b: float) -> float:
    return max(a, b) ** 2 * 200


def _sums_step(a: float, b: float) -> float:
    return 2 * max(a, b) * 2.0**-20


def _products_step(a: float, b: float) -> float:
    return a * b


def _squares_step(a: float, b: float) -> float:
    return (2 * max(a, b) * 2.0**-7) ** 2


def _squared(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a - b) ** 2


OPERATORS: dict[str, tuple[str, Scale, Callable[..., np.ndarray], Scale]] = {
    "ADD": ("AddOptions", _sum, np.add, _sums_step),
    "SUB": ("SubOptions", _sum, np.subtract, _sums_step),
    "MUL": ("MulOptions", _product, np.multiply, _products_step),
    "MAXIMUM": ("MaximumMinimumOptions", _sum, np.maximum, _sums_step),
    "MINIMUM": ("MaximumMinimumOptions", _sum, np.minimum, _sums_step),
    "SQUARED_DIFFERENCE": ("SquaredDifferenceOptions", _square, _squared, _squares_step),
}
EQUALITIES = ("EQUAL", "NOT_EQUAL")
RELATIONS = {
    "EQUAL": "EqualOptions",
    "NOT_EQUAL": "NotEqualOptions",
    "LESS": "LessOptions",
    "LESS_EQUAL": "LessEqualOptions",
    "GREATER": "GreaterOptions",
    "GREATER_EQUAL": "GreaterEqualOptions",
}
JUNCTIONS = {
    "LOGICAL_AND": "LogicalAndOptions",
    "LOGICAL_OR": "LogicalOrOptions",
    "LOGICAL_NOT": "LogicalNotOptions",
}
TYPES = ("int8", "uint8", "int16", "int32", "int64", "float32")


def name(kind: str, dtype: str) -> str:
    return kind if dtype == "int8" else f"{kind}/{dtype}"


CASES = {
    **{
        name(k, t): arithmetic(k, table, t, scale, real, step)
        for k, (table, scale, real, step) in OPERATORS.items()
        for t in TYPES
        if (k, t) not in (("SQUARED_DIFFERENCE", "uint8"), ("SQUARED_DIFFERENCE", "int64"))
    },
    **{name(k, t): comparison(k, table, t) for k, table in RELATIONS.items() for t in TYPES},
    **{name(k, "bool"): comparison(k, RELATIONS[k], "bool") for k in EQUALITIES},
    **{name(k, t): select(k, t) for k in ("SELECT", "SELECT_V2") for t in (*TYPES, "bool")},
    **{name("PRELU", t): prelu(t) for t in ("int8", "uint8", "int16", "float32")},
    **{name("DIV", t): division("DIV", "DivOptions", t) for t in ("int32", "float32")},
    **{
        name("FLOOR_DIV", t): division("FLOOR_DIV", "FloorDivOptions", t)
        for t in ("int8", "int16", "int32", "float32")
    },
    **{kind: logical(kind, table) for kind, table in JUNCTIONS.items()},
    "ADD/int16 by shifts": by_shifts("ADD", "AddOptions"),
    "SUB/int16 by shifts": by_shifts("SUB", "SubOptions"),
    "ADD/int16 without scales": unscaled_int16("ADD", "AddOptions"),
    "MUL/int16 without scales": unscaled_int16("MUL", "MulOptions"),
}
REFUSED = {
    *((f"{kind}/uint8", Oracle.TFLM) for kind in ("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "PRELU")),
    *((f"{kind}/int64", Oracle.TFLM) for kind in ("ADD", "SUB", "MUL")),
    *((f"{kind}/int16 without scales", Oracle.TFLM) for kind in ("ADD", "MUL")),
    *((f"{kind}/{dtype}", Oracle.TFLM) for kind in RELATIONS for dtype in ("uint8", "int16")),
    *((name("SELECT", dtype), Oracle.TFLM) for dtype in (*TYPES, "bool")),
    *((f"SELECT_V2/{dtype}", Oracle.TFLM) for dtype in ("uint8", "int32", "int64", "bool")),
    *((name("FLOOR_DIV", dtype), Oracle.TFLM) for dtype in ("int8", "int16", "int32")),
    ("SQUARED_DIFFERENCE/int16", Oracle.TFLITE_REF),
}
