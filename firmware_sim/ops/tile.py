"""TILE."""

from __future__ import annotations

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.ops.moves import ANY, INTEGERS, moved


def plain(operands: Operands) -> Kernel:
    """The ifm so many times along every axis."""

    def move(ifm: np.ndarray, times: np.ndarray) -> np.ndarray:
        if len(times) != ifm.ndim:
            raise ValueError(f"{len(times)} multiples for {ifm.ndim} axes")
        return np.tile(ifm, times.tolist())

    return moved(operands, ANY, move, ("multiples", INTEGERS))
