"""LOG."""

from __future__ import annotations

import numpy as np

from firmware_sim import libm
from firmware_sim.ops import unary
from firmware_sim.ops.kernel import Kernel, Operands


def plain(operands: Operands) -> Kernel:
    """logf; int8 and int16 by tables made in float32, where 0 and less give the ofm's smallest number.

    Source: TFLite elementwise.cc LogLUTPrepare.
    """
    return unary.by_float_table(operands, libm.log, lambda x, least: np.where(x <= 0, least, libm.log(x)))
