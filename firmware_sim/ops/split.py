"""SPLIT and SPLIT_V."""

from __future__ import annotations

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.ops.moves import INT32, INTEGERS, NUMBERS, moved_apart
from graph.attrs import SplitAttrs


def split(operands: Operands) -> Kernel:
    """The ifm, the second input, in equal parts along an axis."""
    parts = operands.attrs(SplitAttrs).num_splits

    def move(axis: np.ndarray, ifm: np.ndarray) -> list[np.ndarray]:
        return np.split(ifm, parts, int(axis.item()))

    return moved_apart(operands, NUMBERS, move, ("axis", INT32), ifm_at=1)


def split_v(operands: Operands) -> Kernel:
    """The ifm in parts of the given sizes along an axis; a size of -1 is what the others leave.

    Source: TFLite split_v.cc ResizeOutputTensors.
    """

    def move(ifm: np.ndarray, sizes: np.ndarray, axis: np.ndarray) -> list[np.ndarray]:
        along = int(axis.item())
        rest = ifm.shape[along] - int(sizes[sizes >= 0].sum())
        ends = np.where(sizes < 0, rest, sizes).cumsum()
        if ends[-1] != ifm.shape[along]:
            raise ValueError(f"parts of {sizes.tolist()} do not make up {ifm.shape[along]}")
        return np.split(ifm, ends[:-1], along)

    return moved_apart(operands, NUMBERS, move, ("sizes", INTEGERS), ("axis", INT32))
