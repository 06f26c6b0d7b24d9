"""What hypothesis chooses for pools and reductions."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from firmware_sim.oracles import Oracle
from tests.oracle.choices import ACTIVATIONS, CHANNELS, PRIMES, SCALES, SEEDS, SMALL, scale_on_a_tie
from tests.oracle.layer_parts import numbers
from tests.oracle.single_op import Case, Spec, constant, model, options
from tests.oracle.typed import activation, selectable, zero_point
from tests.oracle.windows import window_of

SIDES = st.sampled_from([1, 2, 3, 4, 5, 7, 11, 13, 29])
AXES = st.sampled_from(
    [
        (1, 2),
        (2, 1),
        (1,),
        (2,),
        (3,),
        (-1,),
        (1, 2, 3),
        (2, 3),
        (0,),
        (-4, 1),
        (0, 1, 2, 3),
        (1, 1),
        (3, -1, 2),
    ]
)


@st.composite
def pool_2d(draw: st.DrawFn, kind: str, dtype: str = "int8") -> Case:
    rng, window = np.random.default_rng(draw(SEEDS)), draw(window_of(dilated=False))
    h, w, depth = window["h"], window["w"], draw(CHANNELS)
    shape = (draw(st.sampled_from([1, 1, 2])), h["size"], w["size"], depth)
    scale, zero = draw(SCALES), draw(zero_point(dtype))
    ifm = activation(shape, dtype, scale, zero)
    ofm = activation((shape[0], h["out"], w["out"], depth), dtype, scale, zero)
    table = options(
        "Pool2DOptions",
        padding=window["padding"],
        strideH=h["stride"],
        strideW=w["stride"],
        filterHeight=h["kernel"],
        filterWidth=w["kernel"],
        fusedActivationFunction=draw(ACTIVATIONS),
    )
    give = selectable if kind == "MAX_POOL_2D" else numbers
    return Case(model(kind, [ifm], ofm, table), (give(rng, shape, dtype),), f"{window} {ifm}")


@st.composite
def reduction(draw: st.DrawFn, kind: str, dtype: str = "int8", rescaled: bool = True) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    shape = (draw(st.sampled_from([1, 1, 2])), draw(PRIMES), draw(PRIMES), draw(CHANNELS))
    axes = draw(AXES)
    keep = draw(st.booleans())
    if draw(st.booleans()):
        shape, axes = shape[1:], tuple({axis % 3 for axis in axes})
    gone = {axis % len(shape) for axis in axes}
    out = tuple(1 if i in gone else n for i, n in enumerate(shape) if keep or i not in gone)
    ifm = activation(shape, dtype, draw(SCALES), draw(zero_point(dtype)))
    ofm = activation(out, dtype, *(ifm.scales + ifm.zero_points or (1.0, 0)))
    values = (numbers if kind in ("MEAN", "SUM") else selectable)(rng, shape, dtype)
    if rescaled and ifm.scales:
        count = np.prod([shape[i] for i in gone])
        scale = float(np.float32(ifm.scales[0] * rng.choice([1.0, 0.5, 0.31, 2.7])))
        if rng.random() < 0.5:
            means = (values.astype(np.float64) - ifm.zero_points[0]).mean(axis=tuple(gone)) * ifm.scales[0]
            scale = scale_on_a_tie(rng, means, np.iinfo(dtype).max, ifm.scales[0] / count)
        if kind == "SUM":
            scale = float(np.float32(scale * count))
        ofm = activation(out, dtype, scale, draw(zero_point(dtype)))
    blob = model(kind, [ifm, constant(list(axes))], ofm, options("ReducerOptions", keepDims=keep))
    undefined = (
        (Oracle.TFLITE_REF,) if (kind, dtype) == ("SUM", "int16") else ()
    )  # it reads half of the bytes
    return Case(blob, (values,), f"{ifm} {ofm} {axes} {keep}", undefined)


@st.composite
def arg(draw: st.DrawFn, kind: str, dtype: str, index: str = "int32") -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    sides = draw(st.lists(st.sampled_from([1, 2, 3, 5]), max_size=3))
    sides.insert(draw(st.integers(0, len(sides))), draw(st.sampled_from([1, 2, 3, 5, 17, 19, 37])))
    shape = tuple(sides)
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    at = axis % len(shape)
    axis_type = "int64" if index == "int64" and draw(st.booleans()) else "int32"
    codes = {"int32": 2, "int64": 4}
    name = {"ARG_MAX": "ArgMaxOptions", "ARG_MIN": "ArgMinOptions"}[kind]
    table = options(name, outputType=codes[index])
    values = selectable(rng, shape, dtype)
    if draw(st.booleans()):
        values = (values.astype(np.float64) // 100).astype(dtype) if dtype != "float32" else values.round()
    ofm = Spec(shape[:at] + shape[at + 1 :], index)
    ifm = activation(shape, dtype, 0.5, 3)
    blob = model(kind, [ifm, constant([axis], axis_type)], ofm, table)
    return Case(blob, (values,), f"{shape} {axis} {dtype} {axis_type}")


@st.composite
def l2_normalization(draw: st.DrawFn, dtype: str = "int8") -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    shape = (*draw(st.lists(SMALL, min_size=0, max_size=3)), draw(st.sampled_from([1, 2, 3, 7, 31, 509])))
    ifm = activation(shape, dtype, draw(SCALES), draw(zero_point(dtype)))
    ofm = activation(shape, dtype, 1 / 128, {"uint8": 128}.get(dtype, 0))
    values = numbers(rng, shape, dtype)
    if dtype != "float32" and draw(st.booleans()):  # sums of squares of 0, 1 and a little more
        values = (ifm.zero_points[0] + rng.integers(-1, 2, shape)).clip(*_limits(dtype)).astype(dtype)
    if dtype == "float32" and draw(st.booleans()):
        values *= np.float32(1e-9)
    return Case(model("L2_NORMALIZATION", [ifm], ofm, options("L2NormOptions")), (values,), f"{ifm}")


@st.composite
def resize(draw: st.DrawFn, kind: str, dtype: str = "int8") -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    batch, depth = draw(st.sampled_from([1, 1, 2])), draw(CHANNELS)
    (h, w), (out_h, out_w) = (draw(st.tuples(SIDES, SIDES)) for _ in range(2))
    corners, centers = draw(st.booleans()), draw(st.booleans())
    if kind == "RESIZE_BILINEAR":
        centers = centers and not corners
    scale, zero = draw(SCALES), draw(zero_point(dtype))
    ifm = activation((batch, h, w, depth), dtype, scale, zero)
    ofm = activation((batch, out_h, out_w, depth), dtype, scale, zero)
    name = {"RESIZE_BILINEAR": "ResizeBilinearOptions"}.get(kind, "ResizeNearestNeighborOptions")
    table = options(name, alignCorners=corners, halfPixelCenters=centers)
    values = (
        selectable(rng, ifm.shape, dtype) if kind != "RESIZE_BILINEAR" else numbers(rng, ifm.shape, dtype)
    )
    about = f"{ifm} {ofm.shape} {corners} {centers}"
    return Case(model(kind, [ifm, constant([out_h, out_w])], ofm, table), (values,), about)


def _limits(dtype: str) -> tuple[int, int]:
    return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)


CASES = {
    "AVERAGE_POOL_2D": pool_2d("AVERAGE_POOL_2D"),
    "AVERAGE_POOL_2D/float32": pool_2d("AVERAGE_POOL_2D", "float32"),
    "AVERAGE_POOL_2D/int16": pool_2d("AVERAGE_POOL_2D", "int16"),
    "AVERAGE_POOL_2D/uint8": pool_2d("AVERAGE_POOL_2D", "uint8"),
    "MAX_POOL_2D": pool_2d("MAX_POOL_2D"),
    "MAX_POOL_2D/float32": pool_2d("MAX_POOL_2D", "float32"),
    "MAX_POOL_2D/int16": pool_2d("MAX_POOL_2D", "int16"),
    "MAX_POOL_2D/uint8": pool_2d("MAX_POOL_2D", "uint8"),
    "MEAN": reduction("MEAN"),
    "MEAN/float32": reduction("MEAN", "float32"),
    "MEAN/int16": reduction("MEAN", "int16"),
    "MEAN/int32": reduction("MEAN", "int32"),
    "MEAN/int64": reduction("MEAN", "int64"),
    "MEAN/uint8": reduction("MEAN", "uint8"),
    **{
        f"{kind}{'' if dtype == 'int8' else '/' + dtype}": resize(kind, dtype)
        for kind in ("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR")
        for dtype in ("int8", "uint8", "int16", "float32")
    },
    "RESIZE_NEAREST_NEIGHBOR/int32": resize("RESIZE_NEAREST_NEIGHBOR", "int32"),
    "SUM": reduction("SUM"),
    "SUM/float32": reduction("SUM", "float32"),
    "SUM/int16": reduction("SUM", "int16"),
    "SUM/int32": reduction("SUM", "int32"),
    "SUM/int64": reduction("SUM", "int64"),
    "SUM/uint8": reduction("SUM", "uint8"),
    **{
        f"{kind}{'' if dtype == 'int8' else '/' + dtype}": reduction(kind, dtype, rescaled=False)
        for kind in ("REDUCE_MAX", "REDUCE_MIN")
        for dtype in ("int8", "uint8", "int16", "int32", "int64", "float32")
    },
    **{
        f"{kind}{'' if dtype == 'int8' else '/' + dtype}": arg(kind, dtype)
        for kind in ("ARG_MAX", "ARG_MIN")
        for dtype in ("int8", "uint8", "int32", "float32")
    },
    "ARG_MAX/int8 to int64": arg("ARG_MAX", "int8", "int64"),
    "ARG_MAX/uint8 to int64": arg("ARG_MAX", "uint8", "int64"),
    "ARG_MIN/float32 to int64": arg("ARG_MIN", "float32", "int64"),
    "L2_NORMALIZATION": l2_normalization(),
    "L2_NORMALIZATION/float32": l2_normalization("float32"),
    "L2_NORMALIZATION/uint8": l2_normalization("uint8"),
}

REFUSED = {
    (name, Oracle.TFLM)
    for name in CASES
    if name.split("/")[-1] in {"uint8", "int32", "int64"}
    or " to int64" in name
    or name in {"REDUCE_MAX/int16", "REDUCE_MIN/int16", "RESIZE_BILINEAR/int16"}
} | {("SUM/int16", Oracle.TFLITE_REF)}
