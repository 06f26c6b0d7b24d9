"""SQUEEZE."""

from __future__ import annotations

from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.ops.moves import ANY, moved
from graph.attrs import SqueezeAttrs


def plain(operands: Operands) -> Kernel:
    """The ifm without the axes that are named, or without all axes of one element where none is."""
    dims = operands.attrs(SqueezeAttrs).squeeze_dims
    return moved(operands, ANY, lambda ifm: ifm.squeeze(dims or None))
