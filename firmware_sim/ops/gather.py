"""GATHER."""

from __future__ import annotations

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.ops.moves import ANY, PLACES, inside, moved
from graph.attrs import GatherAttrs


def plain(operands: Operands) -> Kernel:
    """ofm = ifm[..., places, ...] along an axis; the first `batch_dims` axes of both go together.

    Shapes: ifm (B..., O..., A, I...), places (B..., P...); gives (B..., O..., P..., I...).
    Source: TFLite reference/gather.h.
    """
    attrs = operands.attrs(GatherAttrs)

    def move(ifm: np.ndarray, places: np.ndarray) -> np.ndarray:
        axis = attrs.axis % ifm.ndim
        batch = attrs.batch_dims + (places.ndim if attrs.batch_dims < 0 else 0)
        places = inside(places, ifm.shape[axis])
        if batch > axis or ifm.shape[:batch] != places.shape[:batch]:
            raise ValueError(f"batches of {list(ifm.shape[:batch])} and {list(places.shape[:batch])}")
        ofm = np.empty((*ifm.shape[:axis], *places.shape[batch:], *ifm.shape[axis + 1 :]), ifm.dtype)
        for at in np.ndindex(*ifm.shape[:batch]):
            ofm[at] = np.take(ifm[at], places[at], axis - batch)
        return ofm

    return moved(operands, ANY, move, ("indices", PLACES), looked_up=True)
