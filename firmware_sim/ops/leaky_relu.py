"""LEAKY_RELU."""

from __future__ import annotations

import numpy as np

from firmware_sim.numerics import Numerics
from firmware_sim.ops import unary
from firmware_sim.ops.kernel import Kernel, Operands
from graph.attrs import LeakyReluAttrs
from graph.types import DType


def plain(operands: Operands) -> Kernel:
    """ofm = ifm where ifm > 0, else alpha * ifm; alpha of any sign                             # float32

    x = ifm - ifm.zero_point                                                                    # integers
    ofm = clamp(scale(x, ifm.scale * (1 if x >= 0 else alpha) / ofm.scale) + ofm.zero_point)

    Source: TFLite reference/leaky_relu.h.
    """
    ifm, ofm = unary.of_one_type(operands, (*unary.TABULATED, DType.FLOAT32))
    alpha = np.float32(operands.attrs(LeakyReluAttrs).alpha)
    if ifm.dtype is DType.FLOAT32:
        return unary.computed(lambda x: np.where(x > 0, x, x * alpha))
    if ifm.dtype is DType.INT16 and operands.numerics is not Numerics.TFLM:
        unary.need_no_zero_points(operands, ifm, ofm)
    before, after = operands.quant(ifm), operands.quant(ofm)
    above = unary.scaled_by(operands, ifm, [before.scale], after.scale)
    below = unary.scaled_by(operands, ifm, [before.scale, float(alpha)], after.scale)

    def rule(q: np.ndarray) -> np.ndarray:
        x = q - before.zero_point
        return np.where(x >= 0, above(x), below(x)) + after.zero_point

    return unary.tabulated(ifm.dtype, ofm.dtype, rule)
