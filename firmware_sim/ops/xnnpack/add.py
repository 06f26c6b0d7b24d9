"""ADD."""

from __future__ import annotations

import math

import numpy as np

from firmware_sim.ops import add, elementwise
from firmware_sim.ops.elementwise import Formula
from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.ops.xnnpack import delegate
from firmware_sim.requantization import half_even_clamp_of
from graph.attrs import AddAttrs
from graph.types import DType

MULTIPLIER_BITS = 20
SMALLEST, END = np.float32(1 / 1024), np.float32(256)


def multipliers(a: float, b: float, out: float) -> tuple[int, int, int]:
    """(a's multiplier, b's, shift) for scales a, b and out; the larger multiplier has 21 bits.

        shift       = 20 - floor(log2(max(a / out, b / out)))       # quotients in float32
        multipliers = rint(a / out * 2**shift), rint(b / out * 2**shift)

    >>> multipliers(0.5, 0.25, 1.0)
    (1048576, 524288, 21)

    Source: XNNPACK src/microparams-init.c xnn_init_qs8_add_minmax_scalar_params.
    """
    quotients = [float(np.float32(scale) / np.float32(out)) for scale in (a, b)]
    shift = MULTIPLIER_BITS + 1 - math.frexp(max(quotients))[1]
    first, second = (int(np.rint(math.ldexp(quotient, shift))) for quotient in quotients)
    return first, second, shift


def plain(operands: Operands) -> Kernel:
    """Both inputs by integer multipliers of one shift, rounded once, ties up.

        sum = (a - a.zero_point) * multiplier_a + (b - b.zero_point) * multiplier_b
        ofm = clamp(((sum + 2**(shift - 1)) >> shift) + ofm.zero_point)

    Quotients of scales outside [1/1024, 256) the delegate leaves to TFLite's optimized kernel, whose rounding
    changes with an element's place in a block of 8 or 16: refused. int32 wraps in every runtime.

    Overflow: 2 * 255 * 2**21 + 2**29 < 2**31.
    Source: XNNPACK qs8-vadd, qs8-vaddc, qu8-vadd, qu8-vaddc; subgraph/binary.c.
    """
    types = (*delegate.BYTES, DType.INT32)
    delegate.need_types(operands, types)
    tensors = [operands.input(0, types), operands.input(1, types), operands.output(types)]
    if tensors[0].dtype is DType.INT32:
        return add.plain(operands)
    taken = all(delegate.takes(tensor) for tensor in tensors) and len({t.dtype for t in tensors}) == 1
    delegate.need(operands, taken, "its inputs and output are not 8-bit with one scale each")
    a, b, after = (operands.quant(tensor) for tensor in tensors)
    quotients = [np.float32(quant.scale) / np.float32(after.scale) for quant in (a, b)]
    inside = all(SMALLEST <= quotient < END for quotient in quotients)
    delegate.need(operands, inside, "an input's scale is not 1/1024 to 256 times its output's")
    factor_a, factor_b, shift = multipliers(a.scale, b.scale, after.scale)
    clamp = half_even_clamp_of(operands.activation(operands.attrs(AddAttrs).activation), tensors[2])

    def scaled(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        total = (first.astype(np.int64) - a.zero_point) * factor_a
        total = total + (second.astype(np.int64) - b.zero_point) * factor_b
        return ((total + (1 << (shift - 1))) >> shift) + after.zero_point

    return elementwise.binary(operands, Formula(scaled, clamp))
