"""QUANTIZE: float to integer, or integer to integer of another scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim import fixed_point as fp
from firmware_sim import libm
from firmware_sim.numerics import Numerics
from firmware_sim.ops import unary
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from graph.types import DType, Tensor

_TO = {
    DType.FLOAT32: (DType.INT8, DType.UINT8, DType.INT16),
    DType.INT8: (DType.INT8, DType.UINT8, DType.INT16, DType.INT32),
    DType.UINT8: (DType.INT8, DType.UINT8, DType.INT16),
    DType.INT16: (DType.INT8, DType.INT16, DType.INT32),
    DType.INT32: (DType.INT8, DType.INT16),
}


def steps_of(values: np.ndarray, scale: np.ndarray | np.float32, zero_point: np.ndarray | int) -> np.ndarray:
    """round(values / scale) + zero_point, divided in float32, half away from zero, as int64.

    Beyond int32 the runtimes' cast gives -2**31, as x86-64 converts it; the sum wraps.

    Source: TFLite reference/quantize.h AffineQuantize, PerChannelQuantize.
    """
    with np.errstate(all="ignore"):
        steps = libm.to_int32(libm.round_away(values.astype(np.float32) / scale))
    return fp.wrap_int32(steps + zero_point)


def plain(operands: Operands) -> Kernel:
    """ofm = clamp(round(ifm / ofm.scale) + ofm.zero_point)                              # from float
    ofm = clamp(scale(ifm - ifm.zero_point, ifm.scale / ofm.scale) + ofm.zero_point)     # from integers

    From float the ofm may have one scale for each slice along an axis.

    Overflow: an int32's distance from its zero point wraps, as does the sum with the ofm's.
    Source: TFLite Micro quantize_common.cc; reference/requantize.h.
    """
    ifm = operands.input(0, tuple(_TO))
    ofm = operands.output(_TO[ifm.dtype])
    operands.need_shape(ifm.shape)
    if ifm.dtype is DType.FLOAT32:
        scales, zero_points = unary.along_axis(operands, ofm)
        return _by_element(ofm, lambda x: steps_of(x, scales, zero_points))
    after = operands.quant(ofm)
    if ifm.dtype is ofm.dtype is DType.INT16 and operands.numerics is not Numerics.TFLM:
        unary.need_no_zero_points(operands, ifm, ofm)
    before = operands.quant(ifm)
    multiplier, shift = fp.quantize_multiplier(before.scale / after.scale)

    def rescaled(q: np.ndarray) -> np.ndarray:
        shifted = fp.wrap_int32(q.astype(np.int64) - before.zero_point)
        scaled = fp.multiply_by_quantized_multiplier(shifted, multiplier, shift)
        return fp.wrap_int32(scaled + after.zero_point)

    if ifm.dtype is DType.INT32:
        return _by_element(ofm, rescaled)
    return unary.tabulated(ifm.dtype, ofm.dtype, rescaled)


def _by_element(ofm: Tensor, rule: unary.Rule) -> Kernel:
    clamp = unary.whole(ofm.dtype)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        outputs[0][...], saturated = clamp.apply(rule(inputs[0]), ofm.dtype)
        return saturated

    return kernel
