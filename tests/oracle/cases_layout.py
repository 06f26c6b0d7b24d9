"""What hypothesis chooses for the operators that move bytes and compute nothing."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tests.oracle.choices import CHANNELS, PRIMES, SCALES, SEEDS, SMALL, ZERO_POINTS, int8
from tests.oracle.single_op import Case, Spec, constant, model, options, quantized


@st.composite
def pad(draw: st.DrawFn) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    shape = (1, draw(PRIMES), draw(PRIMES), draw(CHANNELS))
    amounts = rng.integers(0, 4, (4, 2))
    amounts[0] = 0
    out = tuple(int(n + a) for n, a in zip(shape, amounts.sum(axis=1), strict=True))
    ifm = quantized(shape, draw(SCALES), draw(ZERO_POINTS))
    ofm = quantized(out, ifm.scales[0], ifm.zero_points[0])
    inputs = [ifm, constant(amounts)]
    if draw(st.booleans()):
        value = np.array([rng.integers(-128, 128)], np.int8)
        inputs.append(Spec((1,), "int8", ifm.scales, ifm.zero_points, 0, value))
    kind, table = ("PADV2", "PadV2Options") if len(inputs) == 3 else ("PAD", "PadOptions")
    return Case(model(kind, inputs, ofm, options(table)), (int8(rng, shape),), f"{ifm} {amounts.tolist()}")


@st.composite
def reshape(draw: st.DrawFn) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    shape = (1, draw(PRIMES), draw(PRIMES), draw(CHANNELS))
    out = draw(st.sampled_from([(1, shape[1] * shape[2] * shape[3]), (shape[3], shape[1], shape[2])]))
    ifm = quantized(shape, draw(SCALES), draw(ZERO_POINTS))
    ofm = quantized(out, ifm.scales[0], ifm.zero_points[0])
    blob = model("RESHAPE", [ifm, constant(list(out))], ofm, options("ReshapeOptions", newShape=list(out)))
    return Case(blob, (int8(rng, shape),), f"{shape} {out}")


@st.composite
def shape(draw: st.DrawFn) -> Case:
    sides = tuple(draw(st.lists(PRIMES, min_size=1, max_size=4)))
    blob = model(
        "SHAPE", [quantized(sides, 0.5, 3)], Spec((len(sides),), "int32"), options("ShapeOptions", outType=2)
    )
    return Case(blob, (np.zeros(sides, np.int8),), f"{sides}")


@st.composite
def strided_slice(draw: st.DrawFn) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    sides = tuple(draw(st.lists(PRIMES, min_size=1, max_size=4)))
    begin, end, strides, index = [], [], [], []
    masks = {name: draw(st.integers(0, 15)) for name in ("beginMask", "endMask", "shrinkAxisMask")}
    for axis, side in enumerate(sides):
        stride = int(rng.choice([1, 1, 2, 3, -1, -2]))
        first = int(rng.integers(0, side))
        last = int(rng.integers(first + 1, side + 1)) if stride > 0 else int(rng.integers(0, first + 1)) - 1
        if masks["shrinkAxisMask"] >> axis & 1:
            stride, last = 1, first + 1
        if stride < 0 and last < 0:
            last = -side - 1
        for values, value in ((begin, first), (end, last), (strides, stride)):
            values.append(value)
        low = None if masks["beginMask"] >> axis & 1 else first
        high = None if masks["endMask"] >> axis & 1 else last
        index.append(0 if masks["shrinkAxisMask"] >> axis & 1 else slice(low, high, stride))
    out = np.zeros(sides)[tuple(index)].shape
    ifm, ofm = quantized(sides, 0.5, 3), quantized(out, 0.5, 3)
    inputs = [ifm, constant(begin), constant(end), constant(strides)]
    blob = model("STRIDED_SLICE", inputs, ofm, options("StridedSliceOptions", **masks))
    return Case(blob, (int8(rng, sides),), f"{sides} {begin} {end} {strides} {masks}")


@st.composite
def pack(draw: st.DrawFn) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    sides = tuple(draw(st.lists(PRIMES, min_size=1, max_size=3)))
    count, axis = draw(SMALL), draw(st.integers(-1, len(sides)))
    at = axis % (len(sides) + 1)
    out = (*sides[:at], count, *sides[at:])
    table = options("PackOptions", valuesCount=count, axis=axis)
    blob = model("PACK", [quantized(sides, 0.5, 3) for _ in range(count)], quantized(out, 0.5, 3), table)
    return Case(blob, tuple(int8(rng, sides) for _ in range(count)), f"{sides} {count} {axis}")


CASES = {
    "PACK": pack(),
    "PAD": pad(),
    "RESHAPE": reshape(),
    "SHAPE": shape(),
    "STRIDED_SLICE": strided_slice(),
}
