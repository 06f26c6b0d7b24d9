"""PACK."""

from __future__ import annotations

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.ops.moves import NUMBERS, moved
from graph.attrs import PackAttrs


def plain(operands: Operands) -> Kernel:
    """Tensors of one shape side by side along a new axis."""
    axis, first = operands.attrs(PackAttrs).axis, operands.input(0, NUMBERS)
    others = [(f"input {i}", (first.dtype,)) for i in range(1, len(operands.inputs))]
    return moved(operands, NUMBERS, lambda *ifms: np.stack(ifms, axis), *others, looked_up=True)
