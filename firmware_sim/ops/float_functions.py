"""CEIL, COS, FLOOR, ROUND, SIN and SQUARE, which the runtimes compute in float32 alone."""

from __future__ import annotations

import numpy as np

from firmware_sim import libm
from firmware_sim.ops import unary
from firmware_sim.ops.kernel import Kernel, Operands
from graph.types import DType


def ceil(operands: Operands) -> Kernel:
    return _of_floats(operands, np.ceil)


def cos(operands: Operands) -> Kernel:
    return _of_floats(operands, libm.cos)


def floor(operands: Operands) -> Kernel:
    return _of_floats(operands, np.floor)


def round_half_to_even(operands: Operands) -> Kernel:
    return _of_floats(operands, _half_to_even)


def sin(operands: Operands) -> Kernel:
    return _of_floats(operands, libm.sin)


def square(operands: Operands) -> Kernel:
    return _of_floats(operands, np.square)


def _of_floats(operands: Operands, rule: unary.Rule) -> Kernel:
    unary.of_one_type(operands, (DType.FLOAT32,))
    return unary.computed(rule)


def _half_to_even(x: np.ndarray) -> np.ndarray:
    """By way of the floor, so that what rounds to zero from below is 0.0, not -0.0.

    Source: TFLite reference/round.h.
    """
    down = np.floor(x)
    above = x - down
    stays = (above < 0.5) | ((above == 0.5) & (np.fmod(down, 2) == 0))
    return np.where(stays, down, down + np.float32(1))
