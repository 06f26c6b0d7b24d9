"""DEQUANTIZE."""

from __future__ import annotations

import numpy as np

from firmware_sim.numerics import Numerics
from firmware_sim.ops import unary
from firmware_sim.ops.kernel import Kernel, Operands
from graph.types import DType


def plain(operands: Operands) -> Kernel:
    """ofm = float32(scale * (ifm - zero_point)), multiplied in float64; float16 as it is.

    Of several scales, tflite-micro takes the first for all; LiteRT each for its slice, multiplied in float32.

    Source: TFLite reference/dequantize.h.
    """
    ifm = operands.input(0, (DType.INT8, DType.UINT8, DType.INT16, DType.FLOAT16))
    operands.output((DType.FLOAT32,))
    operands.need_shape(ifm.shape)
    if ifm.dtype is DType.FLOAT16:
        return unary.computed(lambda x: x)
    if ifm.quant and len(ifm.quant.scales) > 1 and operands.numerics is not Numerics.TFLM:
        operands.need(ifm.dtype is not DType.INT16, "int16 has several scales, which the runtimes refuse")
        scales, zero_points = unary.along_axis(operands, ifm)
        return unary.computed(lambda q: scales * (q - zero_points).astype(np.float32))
    operands.need(ifm.quant is not None, "its input has no scale")
    assert ifm.quant is not None
    scale, zero_point = np.float64(ifm.quant.scale), ifm.quant.zero_point
    if ifm.dtype is DType.INT16 and operands.numerics is not Numerics.TFLM:
        unary.need_no_zero_points(operands, ifm)
    return unary.computed(lambda q: scale * (q.astype(np.int64) - zero_point))
