"""ZEROS_LIKE."""

from __future__ import annotations

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.ops.moves import INTEGERS, moved
from graph.types import DType


def plain(operands: Operands) -> Kernel:
    """Bytes of 0 in the ifm's shape, in int8 too, whatever its zero point."""
    return moved(operands, (*INTEGERS, DType.INT8, DType.FLOAT32), np.zeros_like)
