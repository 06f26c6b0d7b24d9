"""MEAN."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.fixed_point import quantize_multiplier
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.ops.products import Depthwise
from firmware_sim.ops.reduction import INTEGERS, Finish, Reduction, finish_of_sums, reduction, rescaled_sum
from firmware_sim.requantization import Clamp, Requantization, limits
from graph.attrs import Padding
from graph.types import DType
from graph.windows import Window, axis_of


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
    ofm = sum / count, cut off towards zero                                          # int32, int64
    ofm = sum / float32(count), added one after the other                            # float32

    Source: TFLite reduce.cc EvalMean; TFLite Micro reduce_common.cc EvalMeanHelper.
    """
    over = reduction(operands, (DType.INT8, DType.UINT8, DType.INT16, DType.FLOAT32, *INTEGERS))
    operands.need(over.count > 0, "the mean of no elements")
    if over.ifm.dtype is DType.FLOAT32:
        return _of_floats(over)
    if over.ifm.dtype in INTEGERS:
        return _of_integers(over)
    return rescaled_sum(operands, over, *multiplier_of(operands, over))


def multiplier_of(operands: Operands, over: Reduction) -> tuple[int, int]:
    """(multiplier, shift) of ifm.scale / ofm.scale / count."""
    scale = operands.quant(over.ifm).scale / operands.quant(over.ofm).scale
    return multiplier_of_mean(scale, over.count)


def of_sums(operands: Operands) -> Finish:
    """What is left to do once the elements of int8 or uint8 are summed."""
    over = reduction(operands, (DType.INT8, DType.UINT8))
    return finish_of_sums(operands, over, *multiplier_of(operands, over), over.ofm.dtype)


def fast(operands: Operands) -> Kernel:
    """The same of a picture's rows and columns of 8 bits: a depthwise convolution whose weights are all 1."""
    definition = plain(operands)
    over = reduction(operands, tuple(DType))
    if over.axes != (1, 2) or len(over.ifm.shape) != 4 or over.ifm.dtype not in (DType.INT8, DType.UINT8):
        return definition
    _, height, width, channels = over.ifm.shape
    before, after = operands.quant(over.ifm), operands.quant(over.ofm)
    multiplier, shift = multiplier_of_mean(before.scale / after.scale, over.count)
    clamp = Clamp(*limits(over.ofm.dtype), saturates_low=True, saturates_high=True)
    rescaling = Requantization(
        np.full(channels, multiplier), np.full(channels, shift), after.zero_point, clamp, over.ofm.dtype
    )
    rows, cols = (axis_of(Padding.VALID, side, side, 1) for side in (height, width))
    ones, bias = np.ones((height, width, channels), np.int64), np.zeros(channels, np.int64)
    window = Window(rows, cols, height, width)
    sums = Depthwise(ones, bias, before.zero_point, rescaling, over.ifm.dtype, window)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], space: Workspace) -> int:
        assert inputs[0] is not None
        return sums.convolve(inputs[0], outputs[0].reshape(-1, 1, 1, channels), space)

    return kernel


def _of_floats(over: Reduction) -> Kernel:
    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        outputs[0][...] = over.fold(inputs[0], 0.0, np.add) / np.float32(over.count)
        return 0

    return kernel


def _of_integers(over: Reduction) -> Kernel:
    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        total = over.wrapping_sum(inputs[0])
        outputs[0][...] = total // over.count + ((total < 0) & (total % over.count != 0))
        return 0

    return kernel
