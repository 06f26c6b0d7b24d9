"""ADD and SUB: two operands brought to one scale, then added or subtracted."""

from __future__ import annotations

import numpy as np

from firmware_sim import fixed_point as fp
from firmware_sim.numerics import Numerics
from firmware_sim.ops import elementwise
from firmware_sim.ops.elementwise import Combine, Formula
from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.requantization import clamp_of
from graph.attrs import AddAttrs, SubAttrs
from graph.types import DType

LEFT_SHIFT = {DType.INT8: 20, DType.UINT8: 20, DType.INT16: 15}


def plain(operands: Operands, combine: Combine, attrs: AddAttrs | SubAttrs) -> Kernel:
    """Both inputs on twice the larger scale, with 20 more bits (int16: 15), combined, scaled to the output's.

        common = 2 * max(a.scale, b.scale)
        sum    = scale(a << 20, a.scale / common) +- scale(b << 20, b.scale / common)
        ofm    = clamp(scale(sum, common / (2**20 * ofm.scale)) + ofm.zero_point)

    Shapes: inputs broadcast as numpy's do.
    Overflow: each term is at most half of int32's range.
    Source: TFLite Micro add_common.cc, sub_common.cc; TFLite add.cc, sub.cc, reference/.
    """

    def quantized() -> Formula:
        if (
            operands.output(elementwise.ARITHMETIC).dtype is DType.INT16
            and operands.numerics is not Numerics.TFLM
        ):
            return _of_int16_in_tflite(operands, combine, attrs)
        return _by_multipliers(operands, combine, attrs)

    return elementwise.arithmetic(operands, elementwise.ARITHMETIC, combine, attrs.activation, quantized)


def _by_multipliers(operands: Operands, combine: Combine, attrs: AddAttrs | SubAttrs) -> Formula:
    ofm = operands.output(elementwise.QUANTIZED)
    left_shift = LEFT_SHIFT[ofm.dtype]
    a, b, common = elementwise.terms_on_twice_the_larger_scale(operands, left_shift)
    out = common / ((1 << left_shift) * operands.quant(ofm).scale)
    elementwise.need_smaller_than_one(operands, out, "its output's scale is far below its inputs'")
    return elementwise.rescaled(
        operands, lambda x, y: combine(a.values(x), b.values(y)), out, attrs.activation
    )


def _of_int16_in_tflite(operands: Operands, combine: Combine, attrs: AddAttrs | SubAttrs) -> Formula:
    """Where asked for and all scales are powers of two, shifts to the right alone, ties away from zero:

        ofm = clamp(a / 2**i +- b / 2**j)

    Source: TFLite reference/add.h Add for int16; reference_ops.h Sub16; sub.h BroadcastSub16POTSlow.
    """
    a, b, ofm = elementwise.three(operands)
    quants = [operands.quant(tensor) for tensor in (a, b, ofm)]
    operands.need(not any(q.zero_point for q in quants), "int16 with a zero point, which TFLite refuses")
    logs = [fp.rounded_log2(quant.scale) for quant in quants]
    if not (attrs.pot_scale_int16 and all(exact for _, exact in logs)):
        return _by_multipliers(operands, combine, attrs)
    i, j = (logs[2][0] - log for log, _ in logs[:2])
    operands.need(
        min(i, j) == 0,
        "scales that are powers of two, neither input's the output's or one above the output's",
    )
    operands.need(
        combine is np.subtract or a.shape == b.shape,
        "int16 of power-of-two scales broadcast, where TFLite reads beyond an input",
    )

    def shifted(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return combine(fp.rounding_divide_by_pot(a, i), fp.rounding_divide_by_pot(b, j))

    return Formula(shifted, clamp_of(attrs.activation, ofm))
