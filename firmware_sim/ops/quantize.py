"""QUANTIZE: float to integer, or integer to integer of another scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim import fixed_point as fp
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.requantization import Clamp, limits
from graph.types import DType

_TO = {
    DType.FLOAT32: (DType.INT8, DType.INT16),
    DType.INT8: (DType.INT8, DType.UINT8, DType.INT16, DType.INT32),
    DType.UINT8: (DType.INT8,),
    DType.INT16: (DType.INT8, DType.INT16, DType.INT32),
    DType.INT32: (DType.INT8, DType.INT16),
}


def steps_of(values: np.ndarray, scale: float) -> np.ndarray:
    """round(values / scale), divided in float32, half away from zero, as int64.

    Beyond int32 the runtimes' cast is undefined; here it ends at int32's limits.

    Source: TFLite reference/quantize.h AffineQuantize.
    """
    quotient = (values.astype(np.float32) / np.float32(scale)).astype(np.float64)
    rounded = np.copysign(np.floor(np.abs(quotient) + 0.5), quotient)
    return np.clip(np.nan_to_num(rounded, nan=0.0), fp.INT32_MIN, fp.INT32_MAX).astype(np.int64)


def plain(operands: Operands) -> Kernel:
    """ofm = clamp(round(ifm / ofm.scale) + ofm.zero_point)                              # from float
    ofm = clamp(scale(ifm - ifm.zero_point, ifm.scale / ofm.scale) + ofm.zero_point)     # from integers

    Source: TFLite Micro quantize_common.cc; reference/requantize.h.
    """
    ifm = operands.input(0, tuple(_TO))
    ofm = operands.output(_TO[ifm.dtype])
    after = operands.quant(ofm)
    clamp = Clamp(*limits(ofm.dtype), saturates_low=True, saturates_high=True)
    if ifm.dtype is DType.FLOAT32:

        def from_float(
            inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace
        ) -> int:
            assert inputs[0] is not None
            steps = steps_of(inputs[0], after.scale) + after.zero_point
            outputs[0][...], saturated = clamp.apply(steps, ofm.dtype)
            return saturated

        return from_float
    before = operands.quant(ifm)
    multiplier, shift = fp.quantize_multiplier(before.scale / after.scale)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        shifted = inputs[0].astype(np.int64) - before.zero_point
        scaled = fp.multiply_by_quantized_multiplier(shifted, multiplier, shift) + after.zero_point
        outputs[0][...], saturated = clamp.apply(scaled, ofm.dtype)
        return saturated

    return kernel
