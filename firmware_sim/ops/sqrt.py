"""SQRT."""

from __future__ import annotations

import numpy as np

from firmware_sim import libm
from firmware_sim.ops import unary
from firmware_sim.ops.kernel import Kernel, Operands
from graph.types import DType

NEGATIVE = "SQRT: a value below the zero point, on which the runtimes stop"


def plain(operands: Operands) -> Kernel:
    """ofm = sqrt(ifm)                                                                          # float32

    ofm = clamp(trunc(sqrt(ifm.scale * (ifm - ifm.zero_point)) / ofm.scale) + ofm.zero_point)   # in float32

    Raises: RuntimeAbortError by the kernel, for integers below the zero point.
    Source: TFLite elementwise.cc SqrtEvalQuantized.
    """
    ifm, ofm = unary.of_one_type(operands, (DType.INT8, DType.INT16, DType.FLOAT32))
    if ifm.dtype is DType.FLOAT32:
        return unary.computed(np.sqrt)
    if ifm.dtype is DType.INT16:
        unary.need_no_zero_points(operands, ifm, ofm)
    before, after = operands.quant(ifm), operands.quant(ofm)

    def rule(q: np.ndarray) -> np.ndarray:
        x = q - before.zero_point
        root = np.sqrt(np.float32(before.scale) * np.maximum(x, 0).astype(np.float32))
        steps = libm.to_int32(root / np.float32(after.scale)) + after.zero_point
        return np.where(x < 0, np.nan, steps)

    return unary.tabulated(ifm.dtype, ofm.dtype, rule, refused=NEGATIVE)
