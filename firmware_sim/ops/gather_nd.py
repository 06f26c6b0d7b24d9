"""GATHER_ND."""

from __future__ import annotations

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.ops.moves import ANY, PLACES, inside, moved


def plain(operands: Operands) -> Kernel:
    """Every row of the indices names an element or, where it is shorter than the ifm's axes, a slice.

    Shapes: ifm (D1, ..., Dk, S...), indices (P..., k); gives (P..., S...).
    Source: TFLite reference_ops.h GatherNd.
    """

    def move(ifm: np.ndarray, places: np.ndarray) -> np.ndarray:
        places = inside(places, ifm.shape[: places.shape[-1]])
        return ifm[tuple(np.moveaxis(places, -1, 0))]

    return moved(operands, ANY, move, ("indices", PLACES), looked_up=True)
