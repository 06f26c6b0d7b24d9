"""ADD."""

from __future__ import annotations

import numpy as np

from firmware_sim.numerics import Numerics
from firmware_sim.ops import elementwise, sums
from firmware_sim.ops.kernel import Kernel, Operands
from graph.attrs import Activation, AddAttrs
from graph.types import DType


def plain(operands: Operands) -> Kernel:
    """a + b; see sums.plain. TFLite Micro leaves the fused activation of int32 out.

    Source: TFLite Micro add.cc EvalAdd.
    """
    attrs = operands.attrs(AddAttrs)
    if operands.numerics is Numerics.TFLM and operands.input(0, elementwise.ARITHMETIC).dtype is DType.INT32:
        attrs = AddAttrs(Activation.NONE, attrs.pot_scale_int16)
    return sums.plain(operands, np.add, attrs)
