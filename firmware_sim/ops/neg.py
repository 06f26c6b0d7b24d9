"""NEG."""

from __future__ import annotations

import numpy as np

from firmware_sim.ops import unary
from firmware_sim.ops.kernel import Kernel, Operands
from graph.types import DType


def plain(operands: Operands) -> Kernel:
    """ofm = -ifm; integers wrap, and their scales and zero points are left out.

    Source: TFLite reference/neg.h.
    """
    types = (DType.INT8, DType.INT16, DType.INT32, DType.INT64, DType.FLOAT32)
    unary.of_one_type(operands, types)
    return unary.computed(np.negative)
