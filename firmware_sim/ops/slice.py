"""SLICE."""

from __future__ import annotations

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.ops.moves import ANY, INTEGERS, moved


def plain(operands: Operands) -> Kernel:
    """ofm = ifm[begin : begin + size] along every axis; a size of -1 reaches to the end."""

    def move(ifm: np.ndarray, begin: np.ndarray, size: np.ndarray) -> np.ndarray:
        index = []
        for first, count, side in zip(begin.tolist(), size.tolist(), ifm.shape, strict=True):
            last = side if count == -1 else first + count
            if not 0 <= first <= last <= side:
                raise ValueError(f"a slice of {count} from {first} in an axis of {side}")
            index.append(slice(first, last))
        return ifm[tuple(index)]

    return moved(operands, ANY, move, ("begin", INTEGERS), ("size", INTEGERS))
