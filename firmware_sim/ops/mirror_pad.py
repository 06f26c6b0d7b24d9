"""MIRROR_PAD."""

from __future__ import annotations

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.ops.moves import ANY, INTEGERS, moved
from graph.attrs import MirrorPadAttrs, MirrorPadMode


def plain(operands: Operands) -> Kernel:
    """The ifm between its own mirror images, as wide as the ifm at most; REFLECT leaves the border out."""
    reflects = operands.attrs(MirrorPadAttrs).mode is MirrorPadMode.REFLECT

    def move(ifm: np.ndarray, paddings: np.ndarray) -> np.ndarray:
        most: np.ndarray = np.array(ifm.shape)[:, None] - reflects
        if ((paddings < 0) | (paddings > most)).any():
            raise ValueError(f"a mirror of {paddings.tolist()} around {list(ifm.shape)}")
        return np.pad(ifm, paddings, "reflect" if reflects else "symmetric")

    return moved(operands, ANY, move, ("paddings", INTEGERS))
