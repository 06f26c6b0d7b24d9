"""ELU."""

from __future__ import annotations

import numpy as np

from firmware_sim import libm, lookup
from firmware_sim.ops import unary
from firmware_sim.ops.kernel import Kernel, Operands
from graph.types import DType


def plain(operands: Operands) -> Kernel:
    """ofm = ifm where ifm >= 0, else exp(ifm) - 1, by expm1f.

    int8 is looked up in a table made in float32; tflite-micro makes its own by expf and a subtraction, and
    gives -2**31 for what is beyond int32, where LiteRT gives the nearest.

    Source: TFLite Micro elu.cc; TFLite activations.cc EluPrepare, reference/elu.h.
    """
    ifm, ofm = unary.of_one_type(operands, (DType.INT8, DType.FLOAT32))
    if ifm.dtype is DType.FLOAT32:
        return unary.computed(_elu)
    before, after = operands.quant(ifm), operands.quant(ofm)
    made = (_elu_by_exp, libm.to_int32) if unary.is_firmware(operands, ifm) else (_elu, lookup.saturated)
    function, as_integer = made
    return unary.tabulated(
        ifm.dtype, ofm.dtype, lambda q: lookup.rounded_in_float(function, before, after, q, as_integer)
    )


def _elu(x: np.ndarray) -> np.ndarray:
    return np.where(x < 0, libm.expm1(x), x)


def _elu_by_exp(x: np.ndarray) -> np.ndarray:
    return np.where(x < 0, libm.exp(x) - np.float32(1), x)
