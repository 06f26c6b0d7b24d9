"""SUB."""

from __future__ import annotations

import numpy as np

from firmware_sim.numerics import Numerics
from firmware_sim.ops import sums
from firmware_sim.ops.kernel import Kernel, Operands
from graph.attrs import SubAttrs


def plain(operands: Operands) -> Kernel:
    """a - b; see sums.plain. TFLite Micro divides its scales in float32.

    Source: TFLite Micro sub_common.cc CalculateOpDataSub.
    """
    real = np.float32 if operands.numerics is Numerics.TFLM else np.float64
    return sums.plain(operands, np.subtract, operands.attrs(SubAttrs), real)
