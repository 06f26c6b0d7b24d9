"""PRELU."""

from __future__ import annotations

import numpy as np

from firmware_sim import fixed_point as fp
from firmware_sim.numerics import Numerics
from firmware_sim.ops import elementwise
from firmware_sim.ops.elementwise import Formula
from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.requantization import clamp_of
from graph.attrs import Activation
from graph.types import DType

ALPHA_OF = {
    DType.INT8: DType.INT8,
    DType.UINT8: DType.UINT8,
    DType.INT16: DType.INT8,
    DType.FLOAT32: DType.FLOAT32,
}


def plain(operands: Operands) -> Kernel:
    """x where x >= 0, else x * alpha, both scaled to the output's scale; int16 has int8 alpha.

        ofm = clamp(scale(x, x.scale / ofm.scale) + ofm.zero_point)                                # x >= 0
        ofm = clamp(scale(x * alpha, x.scale * alpha.scale / ofm.scale) + ofm.zero_point)          # x < 0

    Scales meet in float64; in TFLite, unlike TFLite Micro, in float32.

    Shapes: alpha broadcasts to the input's shape.
    Overflow: |x * alpha| < 2**24, after the zero points.
    Source: TFLite Micro prelu_common.cc; TFLite activations.cc PreluPrepare, reference/prelu.h.
    """
    x = operands.input(0, tuple(ALPHA_OF))
    operands.input(1, (ALPHA_OF[x.dtype],), "alpha")
    operands.output((x.dtype,))
    operands.need_shape(x.shape)
    if x.dtype is DType.FLOAT32:
        return elementwise.binary(operands, Formula(lambda x, alpha: np.where(x >= 0, x, x * alpha)))
    return elementwise.binary(operands, _quantized(operands))


def _quantized(operands: Operands) -> Formula:
    ofm = operands.output(tuple(ALPHA_OF))
    x, alpha = (operands.quant(operands.input(i, tuple(ALPHA_OF))) for i in (0, 1))
    after = operands.quant(ofm)
    real = np.float64 if operands.numerics is Numerics.TFLM else np.float32
    kept = fp.quantize_multiplier(float(real(x.scale) / real(after.scale)))
    leaked = fp.quantize_multiplier(float(real(x.scale) * real(alpha.scale) / real(after.scale)))

    def scaled(values: np.ndarray, slopes: np.ndarray) -> np.ndarray:
        value, slope = values.astype(np.int64) - x.zero_point, slopes.astype(np.int64) - alpha.zero_point
        above = fp.multiply_by_quantized_multiplier(value, *kept)
        below = fp.multiply_by_quantized_multiplier(value * slope, *leaked)
        return np.where(value >= 0, above, below) + after.zero_point

    return Formula(scaled, clamp_of(Activation.NONE, ofm))
