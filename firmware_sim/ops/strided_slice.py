"""STRIDED_SLICE."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from graph.attrs import StridedSliceAttrs
from graph.types import DType

_TYPES = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32, DType.BOOL)


def index_of(
    attrs: StridedSliceAttrs, begin: list[int], end: list[int], strides: list[int]
) -> tuple[slice | int, ...]:
    """Python's index for the slices; a masked end is open, a shrunk axis is its first element.

    >>> index_of(StridedSliceAttrs(0, 0, 0, 0, 1, False), [0], [1], [1])
    (0,)

    Source: TFLite strided_slice_logic.h, whose clamping is Python's.
    """
    index: list[slice | int] = []
    for axis, (first, last, stride) in enumerate(zip(begin, end, strides, strict=True)):
        if attrs.shrink_axis_mask >> axis & 1:
            masked = 0 if stride > 0 else -1
            index.append(masked if attrs.begin_mask >> axis & 1 else first)
            continue
        low = None if attrs.begin_mask >> axis & 1 else first
        high = None if attrs.end_mask >> axis & 1 else last
        index.append(slice(low, high, stride))
    return tuple(index)


def plain(operands: Operands) -> Kernel:
    """ofm = ifm[begin:end:strides] with the options' masks."""
    attrs = operands.attrs(StridedSliceAttrs)
    ifm = operands.input(0, _TYPES)
    operands.output((ifm.dtype,))
    begin, end, strides = (
        [int(v) for v in operands.constant(i, (DType.INT32,), name).reshape(-1)]
        for i, name in ((1, "begin"), (2, "end"), (3, "strides"))
    )
    operands.need(not attrs.ellipsis_mask and not attrs.new_axis_mask, "ellipsis or new axes in a slice")
    operands.need(not attrs.offset, "a slice whose end counts from its begin")
    operands.need(all(strides) and len(begin) <= len(ifm.shape), "a stride of 0, or more slices than axes")
    index = index_of(attrs, begin, end, strides)
    operands.need_shape(np.empty(ifm.shape, np.bool_)[index].shape)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        outputs[0][...] = inputs[0][index]
        return 0

    return kernel
