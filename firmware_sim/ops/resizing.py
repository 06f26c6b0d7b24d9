"""What RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from graph.attrs import ResizeAttrs
from graph.types import DType, Tensor

Row = Callable[[np.ndarray, int, slice], np.ndarray]
"""(ifm (N,H,W,C), y, columns) -> those columns of row y of the output, (N,columns,C)."""


def by_rows(row: Row) -> Kernel:
    """Row after row, so that nothing as large as the output stands beside it."""

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        for y in range(outputs[0].shape[1]):
            outputs[0][:, y] = row(inputs[0], y, slice(None))
        return 0

    return kernel


def float_scale(inputs: int, outputs: int, attrs: ResizeAttrs) -> np.float32:
    """Inputs to an output along an axis, in float32; the ends' centres count where corners are aligned."""
    if attrs.align_corners and outputs > 1:
        return np.float32(inputs - 1) / np.float32(outputs - 1)
    return np.float32(inputs) / np.float32(outputs)


def prepared(operands: Operands, types: Collection[DType]) -> tuple[Tensor, tuple[int, int]]:
    """The input, and the output's height and width.

    Source: TFLite resize_bilinear.cc, resize_nearest_neighbor.cc Prepare.
    """
    ifm = operands.input(0, types)
    operands.output((ifm.dtype,))
    operands.need(len(ifm.shape) == 4, f"resizes a tensor of rank {len(ifm.shape)}; the kernels ask for 4")
    size = [int(side) for side in operands.constant(1, (DType.INT32,), "size").reshape(-1)]
    operands.need(len(size) == 2 and min(size) > 0, f"resizes to {size}; give a height and a width")
    operands.need_shape((ifm.shape[0], size[0], size[1], ifm.shape[3]))
    return ifm, (size[0], size[1])
