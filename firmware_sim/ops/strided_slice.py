"""STRIDED_SLICE."""

from __future__ import annotations

from dataclasses import replace
from types import EllipsisType

import numpy as np

from firmware_sim.numerics import Numerics
from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.ops.moves import ANY, INT32, moved
from graph.attrs import StridedSliceAttrs

Index = tuple[slice | int | EllipsisType | None, ...]


def index_of(
    attrs: StridedSliceAttrs, shape: tuple[int, ...], begin: list[int], end: list[int], strides: list[int]
) -> Index:
    """Python's index for the slices; a masked end is open, a shrunk axis is its first element.

    A begin that is masked on an axis that shrinks is element 0, the last one where the stride is negative.
    With `attrs.offset` ends count from begins.

    >>> index_of(StridedSliceAttrs(0, 0, 2, 0, 1, False), (5, 2, 3), [4, 0], [0, 0], [1, 1])
    (4, Ellipsis)

    Raises: ValueError for a stride of 0, or more slices than axes.
    Source: TFLite strided_slice_logic.h, whose clamping is Python's; strided_slice.cc.
    """

    def marked(mask: int, slot: int) -> bool:
        return bool(mask >> slot & 1)

    slots = range(len(begin))
    ellipses = [slot for slot in slots if marked(attrs.ellipsis_mask, slot)]
    added = [slot for slot in slots if marked(attrs.new_axis_mask, slot) and slot not in ellipses]
    skipped = len(shape) - (len(begin) - len(added) - len(ellipses))
    if not all(strides) or skipped < 0 or len(ellipses) > 1 or (ellipses and not skipped):
        raise ValueError(f"strides of {strides} in {list(shape)}, or an ellipsis for no axis")
    index: list[slice | int | EllipsisType | None] = []
    axis = 0
    for slot, (first, last, stride) in enumerate(zip(begin, end, strides, strict=True)):
        if slot in ellipses or slot in added:
            index.append(Ellipsis if slot in ellipses else None)
            axis += skipped if slot in ellipses else 0
            continue
        start = None if marked(attrs.begin_mask, slot) else first
        if marked(attrs.shrink_axis_mask, slot):
            index.append((0 if stride > 0 else -1) if start is None else start)
        else:
            begins = slice(start, None, stride).indices(shape[axis])[0]
            stop = begins + last if attrs.offset else last
            index.append(slice(start, None if marked(attrs.end_mask, slot) else stop, stride))
        axis += 1
    return tuple(index)


def plain(operands: Operands) -> Kernel:
    """ofm = ifm[begin:end:strides] with the options' masks.

    Numerics `tflm` does not look at ellipsis, new axes and lengths: such models run there where their shapes
    happen to fit.

    Source: TFLite Micro strided_slice_common.cc BuildStridedSliceParams.
    """
    attrs = operands.attrs(StridedSliceAttrs)
    few = operands.numerics is Numerics.TFLM
    if few:
        attrs = replace(attrs, ellipsis_mask=0, new_axis_mask=0, offset=False)

    def move(ifm: np.ndarray, *rows: np.ndarray) -> np.ndarray:
        if few and len(rows[0]) < ifm.ndim:
            raise ValueError(f"{len(rows[0])} slices for {ifm.ndim} axes; TFLM needs one for each")
        begin, end, strides = (row[: ifm.ndim] if few else row for row in rows)
        return ifm[index_of(attrs, ifm.shape, begin.tolist(), end.tolist(), strides.tolist())]

    return moved(operands, ANY, move, ("begin", INT32), ("end", INT32), ("strides", INT32))
