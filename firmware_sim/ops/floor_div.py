"""FLOOR_DIV."""

from __future__ import annotations

import numpy as np

from firmware_sim.ops import elementwise
from firmware_sim.ops.elementwise import Formula
from firmware_sim.ops.kernel import Kernel, Operands, RuntimeAbortError
from graph.types import DType


def _floor_of_quotient(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Raises: RuntimeAbortError for a divisor of 0."""
    if not b.all():
        raise RuntimeAbortError("FLOOR_DIV: a division by 0, on which the runtimes stop")
    floor = np.floor(a.astype(np.float64) / b.astype(np.float64))
    return floor.astype(a.dtype) if a.dtype.kind == "f" else floor.astype(np.int64).astype(a.dtype)


def plain(operands: Operands) -> Kernel:
    """floor(a / b), divided in float64, of float32 and integers alike, whatever their scales.

    Overflow: the smallest integer by -1 wraps to itself here; the runtimes convert it as C leaves undefined,
        and LiteRT gives the smallest or the largest, by its place in the row.
    Source: TFLite reference/floor_div.h FloorDiv.
    """
    elementwise.of_one_type(operands, (DType.FLOAT32, DType.INT8, DType.INT16, DType.INT32))
    return elementwise.binary(operands, Formula(_floor_of_quotient))
