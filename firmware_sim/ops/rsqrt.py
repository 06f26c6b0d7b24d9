"""RSQRT."""

from __future__ import annotations

import numpy as np

from firmware_sim import fixed_functions as ff
from firmware_sim import fixed_point as fp
from firmware_sim import lookup
from firmware_sim.numerics import Numerics
from firmware_sim.ops import unary
from firmware_sim.ops.kernel import Kernel, Operands
from graph.types import DType, Tensor

MORE_BITS = 20
NEGATIVE = "RSQRT: a value below the zero point, on which the runtimes stop"


def plain(operands: Operands) -> Kernel:
    """ofm = 1 / sqrt(ifm)                                                                      # float32

    data = 2**20 / sqrt(ifm - ifm.zero_point), by gemmlowp's Newton steps                       # int8
    ofm  = clamp(scale(data, 1 / (sqrt(ifm.scale) * ofm.scale) / 2**20) + ofm.zero_point)

    0 becomes the largest value. LiteRT looks int16 up between samples made in float32.

    Raises: RuntimeAbortError by the kernel, for int8 and int16 below the zero point.
    Source: TFLite elementwise.cc RsqrtEvalQuantizedInt8, RsqrtEvalQuantizedInt16; TFLite Micro's own.
    """
    ifm, ofm = unary.of_one_type(operands, (DType.INT8, DType.INT16, DType.FLOAT32))
    if ifm.dtype is DType.FLOAT32:
        return unary.computed(_direct)
    if ifm.dtype is DType.INT16:
        unary.need_no_zero_points(operands, ifm, ofm)
        if operands.numerics is not Numerics.TFLM:
            return _interpolated(operands, ifm, ofm)
    before, after = operands.quant(ifm), operands.quant(ofm)
    real = np.float64 if unary.is_firmware(operands, ifm) else np.float32
    unit = float(np.sqrt(real(before.scale)) * real(after.scale))
    multiplier, shift = fp.quantize_multiplier(1 / unit)
    operands.need(shift >= MORE_BITS - 31, f"its output's scale {after.scale:g} is too large for 32 bits")

    def rule(q: np.ndarray) -> np.ndarray:
        x = q - before.zero_point
        root, down = ff.inverse_square_root(np.maximum(x, 0))
        data = fp.multiply_by_quantized_multiplier(np.int64(1), root, down + MORE_BITS)
        scaled = fp.multiply_by_quantized_multiplier(data, multiplier, shift - MORE_BITS) + after.zero_point
        return np.select([x < 0, x == 0], [np.nan, np.iinfo(ofm.dtype.numpy).max], scaled)

    return unary.tabulated(ifm.dtype, ofm.dtype, rule, refused=NEGATIVE)


def _interpolated(operands: Operands, ifm: Tensor, ofm: Tensor) -> Kernel:
    before, after = operands.quant(ifm), operands.quant(ofm)
    most = np.float32(32767) * np.float32(after.scale)
    table = lookup.sampled_for(lambda x: np.where(x <= 0, most, _direct(x)), before, after)
    return unary.tabulated(
        ifm.dtype,
        ofm.dtype,
        lambda q: np.where(q < 0, np.nan, lookup.interpolated(table, q)),
        refused=NEGATIVE,
    )


def _direct(x: np.ndarray) -> np.ndarray:
    return np.float32(1) / np.sqrt(x)
