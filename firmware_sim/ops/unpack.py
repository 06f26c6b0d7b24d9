"""UNPACK."""

from __future__ import annotations

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.ops.moves import ANY, moved_apart
from graph.attrs import UnpackAttrs
from graph.types import DType

_TYPES = tuple(dtype for dtype in ANY if dtype is not DType.INT64)


def plain(operands: Operands) -> Kernel:
    """The ifm's slices along an axis, which is gone."""
    axis = operands.attrs(UnpackAttrs).axis
    return moved_apart(operands, _TYPES, lambda ifm: list(np.moveaxis(ifm, axis, 0)))
