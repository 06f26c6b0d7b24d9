"""EXPAND_DIMS."""

from __future__ import annotations

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.ops.moves import ANY, INTEGERS, moved


def plain(operands: Operands) -> Kernel:
    """The ifm with an axis of one element more."""

    def move(ifm: np.ndarray, axis: np.ndarray) -> np.ndarray:
        return np.expand_dims(ifm, int(axis.item()))

    return moved(operands, ANY, move, ("axis", INTEGERS))
