"""SUM."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.fixed_point import quantize_multiplier, wrap_int32
from firmware_sim.numerics import Numerics
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.ops.reduction import INTEGERS, Reduction, reduction, rescaled_sum
from graph.types import DType


def plain(operands: Operands) -> Kernel:
    """ofm = clamp(sum(ifm - zero_point over the axes) * ifm.scale / ofm.scale + ofm.zero_point)
    ofm = sum, wrapping at the type's bits                                           # int32, int64
    ofm = sum, added one after the other                                             # float32

    LiteRT's reference reads and writes int8 as if it were uint8, and of int16 half the bytes (refused here).

    Source: TFLite reduce.cc EvalSum, QuantizedMeanOrSum; TFLite Micro reduce_common.cc EvalSumHelper.
    """
    tflm = operands.numerics is Numerics.TFLM
    over = reduction(operands, (DType.INT8, DType.UINT8, DType.INT16, DType.FLOAT32, *INTEGERS))
    half_read = over.ifm.dtype is DType.INT16 and not tflm
    operands.need(not half_read, "LiteRT sums but half of the bytes of int16; simulate with --numerics tflm")
    if over.ifm.dtype is DType.FLOAT32:
        return _of_floats(over, None if over.leaves_one and not tflm else 0.0)
    if over.ifm.dtype in INTEGERS:
        return _of_integers(over)
    multiplier, shift = quantize_multiplier(operands.quant(over.ifm).scale / operands.quant(over.ofm).scale)
    taken = over.ifm.dtype if tflm else DType.UINT8
    return rescaled_sum(operands, over, multiplier, shift, dtype=taken)


def _of_floats(over: Reduction, start: float | None) -> Kernel:
    """LiteRT begins a sum of everything with the first element, so that one of -0.0 stays -0.0."""

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        outputs[0][...] = over.fold(inputs[0], start, np.add)
        return 0

    return kernel


def _of_integers(over: Reduction) -> Kernel:
    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        total = over.wrapping_sum(inputs[0])
        outputs[0][...] = total if over.ofm.dtype is DType.INT64 else wrap_int32(total)
        return 0

    return kernel
