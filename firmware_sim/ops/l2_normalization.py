"""L2_NORMALIZATION."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim import fixed_functions as ff
from firmware_sim import fixed_point as fp
from firmware_sim.numerics import Numerics
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.requantization import Clamp, limits
from graph.attrs import Activation, L2NormAttrs
from graph.types import DType

EPSILON = np.float32(1e-6)
OFM_BITS = 7  # the output counts in steps of 1/128
MOST_DEPTH = fp.INT32_MAX // 255**2


def plain(operands: Operands) -> Kernel:
    """ofm = clamp((ifm - zero_point) / sqrt(sum((ifm - zero_point)**2)) * 128 + ofm.zero_point)
    ofm = ifm / max(sqrt(sum(ifm**2)), 1e-6)                                              # float32

    int8 takes the 128 into the multiplier's power of two, uint8 into the element before it is rounded.
    Row by row along the last axis. The output's scale is 1/128, its zero point 0, for uint8 128.

    Overflow: the sum of squares stays below 2**31 in rows of up to 33,025 elements; longer ones are refused.
    Source: TFLite reference/integer_ops/l2normalization.h, reference/l2normalization.h L2Normalization.
    """
    tflm = operands.numerics is Numerics.TFLM
    ifm = operands.input(0, (DType.INT8, DType.UINT8, DType.FLOAT32))
    ofm = operands.output((ifm.dtype,))
    operands.need_shape(ifm.shape)
    operands.need(operands.attrs(L2NormAttrs).activation is Activation.NONE, "no kernel has an activation")
    operands.need(len(ifm.shape) >= 1, "normalizes a scalar")
    if ifm.dtype is DType.FLOAT32:
        return _of_floats
    zero_point = 128 if ifm.dtype is DType.UINT8 else 0
    if not tflm:
        after = operands.quant(ofm)
        fixed = (after.scale, after.zero_point) == (1 / 128, zero_point)
        operands.need(fixed, f"its output has another scale than 1/128 or zero point than {zero_point}")
    operands.need(ifm.shape[-1] <= MOST_DEPTH, f"rows of {ifm.shape[-1]} elements overflow 32 bits")
    before = operands.quant(ifm)
    clamp = Clamp(*limits(ofm.dtype), saturates_low=True, saturates_high=True)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        depth, saturated = inputs[0].shape[-1], 0
        for row, out in zip(inputs[0].reshape(-1, depth), outputs[0].reshape(-1, depth), strict=True):
            distance = row.astype(np.int64) - before.zero_point
            multiplier, shift = ff.inverse_square_root(np.sum(distance**2))
            if ofm.dtype is DType.UINT8:
                scaled = fp.multiply_by_quantized_multiplier(distance << OFM_BITS, multiplier, shift)
            else:
                scaled = fp.multiply_by_quantized_multiplier(distance, multiplier, shift + OFM_BITS)
            out[...], cut = clamp.apply(scaled + zero_point, ofm.dtype)
            saturated += cut
        return saturated

    return kernel


def _of_floats(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
    assert inputs[0] is not None
    square = np.zeros(inputs[0].shape[:-1], np.float32)
    for channel in range(inputs[0].shape[-1]):
        square += inputs[0][..., channel] * inputs[0][..., channel]
    norm = np.sqrt(square)
    outputs[0][...] = inputs[0] / np.where(norm < EPSILON, EPSILON, norm)[..., None]
    return 0
