"""What hypothesis chooses for slices and gathers."""

from __future__ import annotations

import numpy as np

from firmware_sim.oracles import Oracle
from tests.oracle.moves import Build, drawn, moved, sides
from tests.oracle.single_op import Case, options

INT = np.int32


def slice_(rng: np.random.Generator, dtype: str) -> Case:
    shape = sides(rng, 1, 6)
    begin = np.array([rng.integers(n) for n in shape])
    size = np.array([rng.integers(1, n - b + 1) for n, b in zip(shape, begin, strict=True)])
    out = tuple(int(n) for n in size)
    rest = (begin + size == shape) & (rng.random(len(shape)) < 0.5)
    wide = rng.choice([np.int32, np.int64])
    operands = [begin.astype(wide), np.where(rest, -1, size).astype(wide)]
    return moved(rng, "SLICE", dtype, shape, operands, [out], options("SliceOptions"))


def strided_slice(rng: np.random.Generator, dtype: str) -> Case:
    """Every axis has a slice, a masked end, or a single index."""
    shape = sides(rng)
    masks = {name: int(rng.integers(16)) for name in ("beginMask", "endMask", "shrinkAxisMask")}
    rows, index = [], []
    for axis, side in enumerate(shape):
        low_open, high_open, single = (bool(masks[m] >> axis & 1) for m in masks)
        stride = 1 if single else int(rng.choice([1, 1, 2, 3, -1, -2]))
        first = int(rng.integers(side))
        last = int(rng.integers(first + 1, side + 1)) if stride > 0 else int(rng.integers(first + 1)) - 1
        rows.append((first, -side - 1 if last < 0 else last, stride))
        if rng.random() < 0.3:
            rows[-1] = (first - side, *rows[-1][1:])
        ends = (None if low_open else first, None if high_open or last < 0 else last)
        index.append((0 if low_open else first) if single else slice(*ends, stride))
    out = np.zeros(shape)[tuple(index)].shape
    operands = list(np.array(rows, INT).T)
    return moved(rng, "STRIDED_SLICE", dtype, shape, operands, [out], options("StridedSliceOptions", **masks))


def strided_slice_with_new_axes(rng: np.random.Generator, dtype: str) -> Case:
    """numpy's own index: an ellipsis, new axes, fewer slices than axes."""
    shape = sides(rng, 2, 5)
    index, rows, taken = [], [], 0
    masks = {"ellipsisMask": 0, "newAxisMask": 0, "shrinkAxisMask": 0, "endMask": 0, "beginMask": 0}
    wanted = int(rng.integers(1, len(shape) + 1))
    with_ellipsis = wanted < len(shape) and rng.random() < 0.7  # LiteRT crashes on one for no axis
    slots = rng.permutation(["axis"] * wanted + ["new"] * int(rng.integers(not with_ellipsis, 3))).tolist()
    if with_ellipsis:
        slots.insert(int(rng.integers(len(slots) + 1)), "ellipsis")
    before = slots[: slots.index("ellipsis")].count("axis") if "ellipsis" in slots else wanted
    for slot, what in enumerate(slots):
        if what == "ellipsis":
            masks["ellipsisMask"] |= 1 << slot
            index.append(Ellipsis)
            rows.append((0, 0, 1))
            continue
        if what == "new":
            masks["newAxisMask"] |= 1 << slot
            index.append(None)
            rows.append((0, 0, 1))
            continue
        side = shape[taken if taken < before else len(shape) - wanted + taken]
        taken += 1
        if rng.random() < 0.3:
            masks["shrinkAxisMask"] |= 1 << slot
            at = int(rng.integers(side))
            index.append(at)
            rows.append((at, at + 1, 1))
            continue
        stride, first = int(rng.choice([1, 2, 3])), int(rng.integers(side))
        masks["endMask"] |= int(rng.random() < 0.5) << slot
        last = int(rng.integers(first + 1, side + 1))
        index.append(slice(first, None if masks["endMask"] >> slot & 1 else last, stride))
        rows.append((first, last, stride))
    out = np.zeros(shape)[tuple(index)].shape
    operands = list(np.array(rows, INT).T)
    return moved(rng, "STRIDED_SLICE", dtype, shape, operands, [out], options("StridedSliceOptions", **masks))


def strided_slice_by_length(rng: np.random.Generator, dtype: str) -> Case:
    """The ends count from the begins."""
    shape = sides(rng)
    rows = []
    for side in shape:
        first = int(rng.integers(side))
        rows.append((first, int(rng.integers(1, side - first + 1)), int(rng.choice([1, 1, 2]))))
    out = [-(-length // stride) for _, length, stride in rows]
    table = options("StridedSliceOptions", offset=True)
    return moved(rng, "STRIDED_SLICE", dtype, shape, list(np.array(rows, INT).T), [out], table)


def gather(rng: np.random.Generator, dtype: str) -> Case:
    shape = sides(rng)
    axis = int(rng.integers(len(shape)))
    batch = int(rng.integers(0, axis + 1))
    more = sides(rng, 0, 3)
    places = rng.integers(0, shape[axis], (*shape[:batch], *more)).astype(
        rng.choice([INT, INT, np.int64, np.int16])
    )
    out = (*shape[:axis], *more, *shape[axis + 1 :])
    written = axis - len(shape) if rng.random() < 0.3 else axis
    table = options("GatherOptions", axis=written, batchDims=batch)
    return moved(rng, "GATHER", dtype, shape, [places], [out], table)


def gather_nd(rng: np.random.Generator, dtype: str) -> Case:
    shape = sides(rng)
    depth = int(rng.integers(1, len(shape) + 1))
    more = sides(rng, 0, 3)
    places = rng.integers(0, shape[:depth], (*more, depth)).astype(rng.choice([INT, INT, np.int64, np.int16]))
    return moved(
        rng, "GATHER_ND", dtype, shape, [places], [(*more, *shape[depth:])], options("GatherNdOptions")
    )


BUILDS: dict[str, Build] = {
    "GATHER": gather,
    "GATHER_ND": gather_nd,
    "SLICE": slice_,
    "STRIDED_SLICE": strided_slice,
    "STRIDED_SLICE/by length": strided_slice_by_length,
    "STRIDED_SLICE/new axes": strided_slice_with_new_axes,
}
CASES = {name: drawn(build) for name, build in BUILDS.items()}
REFUSED = {("STRIDED_SLICE/new axes", Oracle.TFLM)}
