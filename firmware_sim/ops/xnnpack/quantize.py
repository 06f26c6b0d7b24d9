"""QUANTIZE."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from firmware_sim import fixed_point as fp
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.ops.xnnpack import delegate
from firmware_sim.requantization import Clamp, limits
from graph.types import DType

SMALLEST_RATIO, LARGEST_RATIO = np.float32(1 / 256), np.float32(128)
ENOUGH = np.float32(32767)  # beyond it all saturates; NaN is taken for it


def plain(operands: Operands) -> Kernel:
    """From float32, and from 8 bits to the same type, by XNNPACK; other 8-bit forms by TFLite's own kernel.

    XNNPACK is left ratios of scales outside [1/256, 128], and int8 to uint8 and back.

    Source: LiteRT delegates/xnnpack/xnnpack_delegate.cc VisitUnaryNode.
    """
    delegate.need_types(operands, (DType.FLOAT32, *delegate.BYTES))
    ifm = operands.input(0, (DType.FLOAT32, *delegate.BYTES))
    ofm = operands.output(delegate.BYTES)
    delegate.need(operands, delegate.takes(ofm), "its output is not 8-bit with one scale")
    if ifm.dtype is DType.FLOAT32:
        return _from_float(operands)
    delegate.need(operands, delegate.takes(ifm), "its input is not 8-bit with one scale")
    before, after = operands.quant(ifm), operands.quant(ofm)
    ratio = np.float32(before.scale) / np.float32(after.scale)
    if ifm.dtype is ofm.dtype and SMALLEST_RATIO <= ratio <= LARGEST_RATIO:
        multiplier = int(np.rint(np.float32(256) * ratio))
        return _scaling(operands, lambda x: (x * multiplier + 128) >> 8)
    factor, shift = fp.quantize_multiplier(before.scale / after.scale)
    return _scaling(operands, lambda x: by_sixteens(x, factor, shift))


def _from_float(operands: Operands) -> Kernel:
    """ofm = clamp(rint(x * (1 / scale)) + zero_point) in float32, ties to even.

    Source: XNNPACK f32-qs8-vcvt, f32-qu8-vcvt; src/microparams-init.c xnn_init_f32_qs8_cvt_scalar_params.
    """
    after = operands.quant(operands.outputs[0])
    scale = np.float32(1) / np.float32(after.scale)
    clamp = Clamp(*limits(operands.outputs[0].dtype), saturates_low=True, saturates_high=True)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        with np.errstate(over="ignore", invalid="ignore"):
            steps = inputs[0] * scale
        steps = np.where(steps < ENOUGH, np.maximum(steps, -ENOUGH), ENOUGH)
        values = np.rint(steps).astype(np.int64) + after.zero_point
        outputs[0][...], saturated = clamp.apply(values, operands.outputs[0].dtype)
        return saturated

    return kernel


def _scaling(operands: Operands, scale: Callable[[np.ndarray], np.ndarray]) -> Kernel:
    """ofm = clamp(scale(ifm - ifm.zero_point) + ofm.zero_point)

    By XNNPACK, scale(x) = (x * rint(256 * ifm.scale / ofm.scale) + 128) >> 8.

    Source: XNNPACK qs8-vcvt, qu8-vcvt; src/microparams-init.c xnn_init_qs8_cvt_scalar_params.
    """
    ifm, ofm = operands.inputs[0], operands.outputs[0]
    assert ifm is not None
    before, after = operands.quant(ifm), operands.quant(ofm)
    clamp = Clamp(*limits(ofm.dtype), saturates_low=True, saturates_high=True)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        scaled = scale(inputs[0].astype(np.int64) - before.zero_point)
        outputs[0][...], saturated = clamp.apply(scaled + after.zero_point, ofm.dtype)
        return saturated

    return kernel


def by_sixteens(x: np.ndarray, multiplier: int, shift: int) -> np.ndarray:
    """x * multiplier * 2**(shift - 31) by TFLite's optimized kernel, rounded twice.

    In whole sixteens of elements the second rounding sends ties up; in what is left over after the last
    sixteen, away from zero, as the reference does everywhere.

    >>> by_sixteens(np.full(17, -3), 1 << 30, 0)[[0, 16]].tolist()
    [-1, -1]
    >>> by_sixteens(np.full(17, -6), 1 << 30, -1)[[0, 16]].tolist()
    [-1, -2]

    Source: TFLite optimized/optimized_ops.h Requantize; common.cc MultiplyByQuantizedMultiplier4Rows.
    """
    right = max(-shift, 0)
    flat = fp.wrap_int32(x.reshape(-1) << max(shift, 0))
    high = fp.saturating_rounding_doubling_high_mul(flat, multiplier)
    up = (high + ((1 << right) >> 1)) >> right
    whole = len(flat) // 16 * 16
    return np.concatenate([up[:whole], fp.rounding_divide_by_pot(high[whole:], right)]).reshape(x.shape)
