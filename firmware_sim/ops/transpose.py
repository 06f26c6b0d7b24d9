"""TRANSPOSE."""

from __future__ import annotations

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.ops.moves import ANY, INT32, moved


def plain(operands: Operands) -> Kernel:
    """Axis i of the ofm is axis perm[i] of the ifm."""

    def move(ifm: np.ndarray, perm: np.ndarray) -> np.ndarray:
        return ifm.transpose(perm)

    return moved(operands, ANY, move, ("permutation", INT32))
