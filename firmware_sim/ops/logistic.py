"""LOGISTIC, the sigmoid."""

from __future__ import annotations

import numpy as np

from firmware_sim import fixed_functions as ff
from firmware_sim import fixed_point as fp
from firmware_sim import libm, lookup
from firmware_sim.numerics import Numerics
from firmware_sim.ops import gates, unary
from firmware_sim.ops.kernel import Kernel, Operands
from graph.types import DType, Tensor

ONE_ABOVE = 16.619047164916992188
EXP_BELOW = -9.0


def plain(operands: Operands) -> Kernel:
    """1 / (1 + exp(-ifm)): in float32; from a table of 256, or by int16 between 256 entries of another.

    The table of 8 bits holds float32 results rounded (LiteRT), or gemmlowp's fixed-point function in
    steps of 1/256 (tflite-micro).

    Source: TFLite reference/logistic.h, reference/integer_ops/logistic.h, activations.cc SigmoidPrepare.
    """
    ifm, ofm = unary.of_one_type(operands, (*unary.TABULATED, DType.FLOAT32))
    if ifm.dtype is DType.FLOAT32:
        return unary.computed(of_floats)
    after = operands.quant(ofm)
    if ifm.dtype is DType.INT16:
        exact = operands.numerics is Numerics.TFLM or after.scale == 2**-15
        operands.need(exact, f"its output's scale is {after.scale:g}, not 1/32768")
        multiplier, shift = gates.int16_scale(operands, ifm, ofm, most_exact_shift=0)
        return unary.tabulated(ifm.dtype, ofm.dtype, lambda q: gates.logistic(q, multiplier, shift))
    if unary.is_firmware(operands, ifm):
        return _in_fixed_point(operands, ifm, ofm)
    operands.need(after.scale == 1 / 256, f"its output's scale is {after.scale:g}, not 1/256")
    before = operands.quant(ifm)
    return unary.tabulated(ifm.dtype, ofm.dtype, lambda q: lookup.rounded_in_float(_direct, before, after, q))


def of_floats(x: np.ndarray) -> np.ndarray:
    """exp(x) far below zero and 1 far above: what the runtimes cut short is part of their bits."""
    return np.select([x > ONE_ABOVE, x < EXP_BELOW], [np.float32(1), libm.exp(x)], _direct(x))


def _direct(x: np.ndarray) -> np.ndarray:
    return np.float32(1) / (np.float32(1) + libm.exp(-x))


def _in_fixed_point(operands: Operands, ifm: Tensor, ofm: Tensor) -> Kernel:
    zero_point = operands.quant(ofm).zero_point
    operands.need(zero_point == -128, f"its output's zero point is {zero_point}, not -128")

    def function(q4: np.ndarray) -> np.ndarray:
        return fp.rounding_divide_by_pot(ff.logistic(q4, gates.INPUT_BITS), 31 - 8) - 128

    return gates.int8_in_fixed_point(operands, ifm, ofm, function)
