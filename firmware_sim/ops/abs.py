"""ABS."""

from __future__ import annotations

import numpy as np

from firmware_sim.ops import unary
from firmware_sim.ops.kernel import Kernel, Operands
from graph.types import DType


def plain(operands: Operands) -> Kernel:
    """ofm = |ifm| of floats, and of int16 and int32 without a scale: -2**15 stays -2**15.

    ofm = clamp(scale(|ifm - ifm.zero_point|, ifm.scale / ofm.scale) + ofm.zero_point)          # integers

    Source: TFLite elementwise.cc AbsEval; TFLite Micro elementwise.cc.
    """
    ifm, ofm = unary.of_one_type(operands, (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32))
    if ifm.dtype in (DType.FLOAT32, DType.INT32) or (ifm.dtype is DType.INT16 and ifm.quant is None):
        return unary.computed(np.abs)
    before, after = operands.quant(ifm), operands.quant(ofm)
    if ifm.dtype is DType.INT16:
        unary.need_no_zero_points(operands, ifm, ofm)
    scale = unary.scaled_by(operands, ifm, [before.scale], after.scale)
    return unary.tabulated(
        ifm.dtype, ofm.dtype, lambda q: scale(np.abs(q - before.zero_point)) + after.zero_point
    )
