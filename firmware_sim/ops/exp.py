"""EXP."""

from __future__ import annotations

from firmware_sim import libm
from firmware_sim.ops import unary
from firmware_sim.ops.kernel import Kernel, Operands


def plain(operands: Operands) -> Kernel:
    """expf; int8 and int16 by tables made in float32.

    Source: TFLite exp.cc.
    """
    return unary.by_float_table(operands, libm.exp, lambda x, _: libm.exp(x))
