"""TANH."""

from __future__ import annotations

import numpy as np

from firmware_sim import fixed_functions as ff
from firmware_sim import fixed_point as fp
from firmware_sim import libm, lookup
from firmware_sim.ops import gates, unary
from firmware_sim.ops.kernel import Kernel, Operands
from graph.types import DType


def plain(operands: Operands) -> Kernel:
    """tanh(ifm): in float32 by tanhf; from a table of 256, or by int16 between the sigmoid's 256 entries.

    The table of 8 bits holds float32 results rounded (LiteRT), or gemmlowp's fixed-point function in
    steps of 1/128, whatever the ofm's scale and zero point (tflite-micro).

    Source: TFLite reference/tanh.h, reference/integer_ops/tanh.h, activations.cc TanhPrepare.
    """
    ifm, ofm = unary.of_one_type(operands, (*unary.TABULATED, DType.FLOAT32))
    if ifm.dtype is DType.FLOAT32:
        return unary.computed(libm.tanh)
    if ifm.dtype is DType.INT16:
        multiplier, shift = gates.int16_scale(operands, ifm, ofm, most_exact_shift=1)
        return unary.tabulated(ifm.dtype, ofm.dtype, lambda q: gates.tanh(q, multiplier, shift))
    if unary.is_firmware(operands, ifm):
        return gates.int8_in_fixed_point(operands, ifm, ofm, _in_steps_of_1_128)
    before, after = operands.quant(ifm), operands.quant(ofm)
    return unary.tabulated(
        ifm.dtype, ofm.dtype, lambda q: lookup.rounded_in_float(libm.tanh, before, after, q)
    )


def _in_steps_of_1_128(q4: np.ndarray) -> np.ndarray:
    return fp.rounding_divide_by_pot(ff.tanh(q4, gates.INPUT_BITS), 31 - 7)
