"""FILL."""

from __future__ import annotations

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.ops.moves import ANY, INTEGERS, moved_apart


def plain(operands: Operands) -> Kernel:
    """One element, the second input, all over a shape."""

    def move(shape: np.ndarray, value: np.ndarray) -> list[np.ndarray]:
        return [np.full(shape.tolist(), value)]

    return moved_apart(operands, ANY, move, ("shape", INTEGERS), ifm_at=1)
