"""DIV."""

from __future__ import annotations

import numpy as np

from firmware_sim.fixed_point import INT32_MIN
from firmware_sim.ops import elementwise
from firmware_sim.ops.elementwise import Formula
from firmware_sim.ops.kernel import Kernel, Operands, RuntimeAbortError
from firmware_sim.requantization import clamped
from graph.attrs import DivAttrs
from graph.types import DType


def _toward_zero(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """C's integer division.

    Raises: RuntimeAbortError for a divisor of 0, and for -2**31 / -1.
    """
    if not b.all() or np.any((a == INT32_MIN) & (b == -1)):
        raise RuntimeAbortError("DIV: an int32 divided by 0, or -2**31 by -1, on which the runtimes stop")
    x, y = a.astype(np.int64), b.astype(np.int64)
    return (np.sign(x) * np.sign(y) * (np.abs(x) // np.abs(y))).astype(np.int32)


def plain(operands: Operands) -> Kernel:
    """a / b in float32, or of int32 cut off toward zero.

    Of 8 bits, the runtimes shift by more than a register's width for small dividends; what comes out is up to
    the compiler, so there is no kernel.

    Shapes: inputs broadcast as numpy's do.
    Source: TFLite reference/div.h Div.
    """
    ifm = elementwise.of_one_type(operands, (DType.FLOAT32, DType.INT32))
    activation = operands.activation(operands.attrs(DivAttrs).activation)
    divide = np.divide if ifm.dtype is DType.FLOAT32 else _toward_zero
    return elementwise.binary(operands, Formula(lambda a, b: clamped(divide(a, b), activation)))
