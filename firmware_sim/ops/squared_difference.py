"""SQUARED_DIFFERENCE."""

from __future__ import annotations

import numpy as np

from firmware_sim.numerics import Numerics
from firmware_sim.ops import elementwise
from firmware_sim.ops.elementwise import Formula
from firmware_sim.ops.kernel import Kernel, Operands
from graph.attrs import Activation
from graph.types import DType

TYPES = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)
LEFT_SHIFT = {DType.INT8: 7, DType.INT16: 0}


def _squared(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    difference = a - b
    return difference * difference


def plain(operands: Operands) -> Kernel:
    """Both inputs on twice the larger scale, with 7 more bits (int16: none), subtracted, squared, scaled.

        common = 2 * max(a.scale, b.scale)
        ofm    = clamp(scale(difference**2, common**2 / (2**14 * ofm.scale)) + ofm.zero_point)

    int32 and float32 are squared as they are; infinities stay.

    Shapes: inputs broadcast as numpy's do.
    Overflow: |difference| <= 255 * 2**7, and 2**15 of int16, which has no zero points: squares stay below
        2**31.
    Source: TFLite Micro squared_difference.cc; TFLite squared_difference.cc.
    """
    if elementwise.of_one_type(operands, TYPES).dtype in LEFT_SHIFT:
        return elementwise.binary(operands, _quantized(operands))
    return elementwise.binary(operands, Formula(_squared))


def _quantized(operands: Operands) -> Formula:
    left_shift = LEFT_SHIFT[operands.output(TYPES).dtype]
    centred = not any(operands.quant(tensor).zero_point for tensor in elementwise.three(operands))
    operands.need(centred or left_shift != 0, "int16 with a zero point, whose squares pass 32 bits")
    a, b, common = elementwise.terms_on_twice_the_larger_scale(operands, left_shift)
    real = common * common / ((1 << 2 * left_shift) * operands.quant(operands.outputs[0]).scale)
    if operands.numerics is not Numerics.TFLM:
        elementwise.need_smaller_than_one(operands, real, "its output's scale is far below its inputs'")

    def squared(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return _squared(a.values(x), b.values(y))

    return elementwise.rescaled(operands, squared, real, Activation.NONE)
