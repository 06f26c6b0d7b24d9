"""BROADCAST_TO."""

from __future__ import annotations

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.ops.moves import ANY, INTEGERS, moved


def plain(operands: Operands) -> Kernel:
    """The ifm repeated along axes of one element, and along axes that it has not, which come first."""

    def move(ifm: np.ndarray, shape: np.ndarray) -> np.ndarray:
        return np.broadcast_to(ifm, shape.tolist())

    return moved(operands, ANY, move, ("shape", INTEGERS))
