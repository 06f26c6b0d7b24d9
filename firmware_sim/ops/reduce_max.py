"""REDUCE_MAX and REDUCE_MIN."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.numerics import Numerics
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.ops.reduction import INTEGERS, Reduction, reduction
from graph.op_kind import OpKind
from graph.types import DType


def plain(operands: Operands) -> Kernel:
    """ofm = max(ifm over the axes); min for REDUCE_MIN. The quantization must not change.

    float32 begins at the lowest finite number (REDUCE_MIN: the highest) and takes what is beyond it, so that
    NaN and infinities of the other sign never come out; LiteRT begins with the first element where it
    reduces all axes.

    Source: TFLite reduce.cc EvalType; TFLite Micro reduce_common.cc EvalMinMaxHelper.
    """
    tflm = operands.numerics is Numerics.TFLM
    over = reduction(operands, (DType.INT8, DType.UINT8, DType.INT16, DType.FLOAT32, *INTEGERS))
    is_max = operands.op.kind is OpKind.REDUCE_MAX
    operands.need(over.count > 0, "reduces no elements")
    if over.ifm.dtype is DType.FLOAT32:
        return _of_floats(over, is_max, from_first=over.leaves_one and not tflm)
    if over.ifm.dtype not in INTEGERS:
        before, after = operands.quant(over.ifm), operands.quant(over.ofm)
        same = (before.scale, before.zero_point) == (after.scale, after.zero_point)
        operands.need(same, "its output has another scale or zero point than its input")
        if over.ifm.dtype is DType.INT16:
            operands.need(before.zero_point == 0, "int16 with a zero point other than 0")
    extreme = np.max if is_max else np.min

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        outputs[0][...] = extreme(inputs[0], axis=over.axes).reshape(over.ofm.shape)
        return 0

    return kernel


def _of_floats(over: Reduction, is_max: bool, *, from_first: bool) -> Kernel:
    limit = np.finfo(np.float32).min if is_max else np.finfo(np.float32).max
    beyond = np.greater if is_max else np.less

    def step(current: np.ndarray, value: np.ndarray) -> np.ndarray:
        return np.where(beyond(value, current), value, current)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        outputs[0][...] = over.fold(inputs[0], None if from_first else float(limit), step)
        return 0

    return kernel
