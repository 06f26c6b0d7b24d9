"""REVERSE_V2."""

from __future__ import annotations

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.ops.moves import ANY, INT32, moved


def plain(operands: Operands) -> Kernel:
    """The ifm backwards along neighbouring axes."""

    def move(ifm: np.ndarray, axes: np.ndarray) -> np.ndarray:
        along = sorted(axis % ifm.ndim for axis in axes.tolist())
        if along != list(range(along[0], along[0] + len(along))):
            raise ValueError(f"axes {along} are no neighbours, which the runtimes refuse")
        return np.flip(ifm, along)

    return moved(operands, ANY, move, ("axes", INT32))
