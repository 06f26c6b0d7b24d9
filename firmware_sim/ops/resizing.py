"""What RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR have in common."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from firmware_sim.ops.kernel import Operands
from graph.attrs import ResizeAttrs
from graph.types import DType, Tensor


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
