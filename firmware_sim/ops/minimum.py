"""MINIMUM."""

from __future__ import annotations

import numpy as np

from firmware_sim.ops import elementwise
from firmware_sim.ops.elementwise import Formula
from firmware_sim.ops.kernel import Kernel, Operands


def plain(operands: Operands) -> Kernel:
    """a where a < b, else b, whatever their scales; a NaN on either side gives b.

    Source: TFLite maximum_minimum.cc MinimumOp.
    """
    elementwise.of_one_type(operands, elementwise.ARITHMETIC)
    return elementwise.binary(operands, Formula(lambda a, b: np.where(a < b, a, b)))
