"""MEAN."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.fixed_point import multiply_by_quantized_multiplier, quantize_multiplier
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.requantization import Clamp, limits
from graph.types import DType


def multiplier_of_mean(real: float, count: int) -> tuple[int, int]:
    """(multiplier, shift) of real / count: the division is made on the Q0.31 multiplier, and cuts off.

        bits       = min(floor(log2(count)), 32, 31 + shift)
        multiplier = floor(multiplier * 2**bits / count); shift = shift - bits

    >>> multiplier_of_mean(1.0, 49)                    # not the 1402438301 of quantize_multiplier(1 / 49)
    (701219150, -4)

    Source: TFLite reference/reduce.h QuantizedMeanOrSum.
    """
    multiplier, shift = quantize_multiplier(real)
    bits = min(count.bit_length() - 1, 32, 31 + shift)
    return (multiplier << bits) // count, shift - bits


def plain(operands: Operands) -> Kernel:
    """ofm = clamp(sum(ifm - zero_point over the axes) * ifm.scale / ofm.scale / count + ofm.zero_point)

    Overflow: count * 255 < 2**31 holds for any picture in memory.
    """
    ifm, ofm = operands.input(0, (DType.INT8,)), operands.output((DType.INT8,))
    ifm_quant, ofm_quant = operands.quant(ifm), operands.quant(ofm)
    asked = operands.constant(1, (DType.INT32,), "axes").reshape(-1)
    axes = tuple(sorted({int(axis) % len(ifm.shape) for axis in asked}))
    count = int(np.prod([ifm.shape[axis] for axis in axes], dtype=np.int64))
    multiplier, shift = multiplier_of_mean(ifm_quant.scale / ofm_quant.scale, count)
    clamp = Clamp(*limits(DType.INT8), saturates_low=True, saturates_high=True)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        acc = inputs[0].sum(axis=axes, dtype=np.int64) - ifm_quant.zero_point * count
        scaled = multiply_by_quantized_multiplier(acc, multiplier, shift) + ofm_quant.zero_point
        values, saturated = clamp.apply(scaled, DType.INT8)
        outputs[0][...] = values.reshape(outputs[0].shape)
        return saturated

    return kernel
