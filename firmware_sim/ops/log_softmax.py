"""LOG_SOFTMAX."""

from __future__ import annotations

import numpy as np

from firmware_sim import fixed_functions as ff
from firmware_sim import fixed_point as fp
from firmware_sim import libm
from firmware_sim.ops import rows, unary
from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.requantization import limits
from graph.types import DType

OFM_BITS = 4
INT32_LOWEST = fp.INT32_MIN


def plain(operands: Operands) -> Kernel:
    """ifm - max - log(sum(exp(ifm - max))) along the last axis; integers in steps of 1/16 below the highest.

    Source: TFLite reference/log_softmax.h.
    """
    ifm, ofm = unary.of_one_type(operands, (DType.INT8, DType.UINT8, DType.FLOAT32))
    if ifm.dtype is DType.FLOAT32:
        return rows.by_row(of_floats)
    low, high = limits(ofm.dtype)
    after = operands.quant(ofm)
    operands.need(
        after.scale == 1 / 16 and after.zero_point == high,
        f"its output has the scale {after.scale:g} and zero point {after.zero_point}, not 1/16, {high}",
    )
    scale = operands.quant(ifm).scale
    table = rows.exponentials(operands, 1.0, scale)
    multiplier, shift = rows.scaling(operands, 1.0, scale)
    back = 2.0 ** (31 - shift) / multiplier
    operands.need(back < 1, "its input's scale is too small for the fixed-point range")
    back_multiplier, back_shift = fp.quantize_multiplier(back)
    least = -ff.input_radius(rows.DIFF_BITS, shift) - 1

    def rule(x: np.ndarray) -> np.ndarray:
        diffs = x - x.max(axis=1, keepdims=True)
        log = ff.log_of_at_least_one(rows.sum_in_q12(table[-diffs]), rows.SUM_BITS, rows.DIFF_BITS)
        lowest = fp.multiply_by_quantized_multiplier(log + INT32_LOWEST, back_multiplier, back_shift)
        counts = diffs > np.maximum(least, lowest)
        scaled = fp.multiply_by_quantized_multiplier(np.where(counts, diffs, 0), multiplier, shift)
        steps = fp.rounding_divide_by_pot(scaled - log, 31 - rows.DIFF_BITS - OFM_BITS) + high
        return np.where(counts, np.clip(steps, low, high), low)

    return rows.by_row(rule)


def of_floats(x: np.ndarray) -> np.ndarray:
    """Rows of float32; summed one after the other."""
    most = rows.largest(x)
    return x - most - libm.log(rows.sum_in_order(libm.exp(x - most)))
