"""RELU, RELU6 and RELU_N1_TO_1."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from firmware_sim.ops import unary
from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.requantization import clamp_of
from graph.attrs import Activation
from graph.types import DType

_NO_INT16 = (DType.INT8, DType.UINT8)


def relu(operands: Operands) -> Kernel:
    return _clamp(operands, Activation.RELU, 0.0, np.inf, unary.TABULATED)


def relu6(operands: Operands) -> Kernel:
    """See _clamp; tflite-micro clamps the ifm's own steps and leaves the ofm's scale and zero point out."""
    ifm, _ = unary.of_one_type(operands, (*unary.TABULATED, DType.FLOAT32))
    if ifm.dtype is DType.FLOAT32 or not unary.is_firmware(operands, ifm):
        return _clamp(operands, Activation.RELU6, 0.0, 6.0, unary.TABULATED)
    operands.quant(ifm)
    return unary.tabulated(ifm.dtype, ifm.dtype, lambda q: q, clamp_of(Activation.RELU6, ifm))


def relu_n1_to_1(operands: Operands) -> Kernel:
    return _clamp(operands, Activation.RELU_N1_TO_1, -1.0, 1.0, _NO_INT16)


def _clamp(
    operands: Operands, activation: Activation, low: float, high: float, types: Collection[DType]
) -> Kernel:
    """ofm = min(max(ifm, low), high), where NaN and -0.0 pass                                  # float32

    ofm = clamp(scale(ifm - ifm.zero_point, ifm.scale / ofm.scale) + ofm.zero_point)            # integers

    Source: TFLite reference_ops.h ReluX; TFLite Micro activations_common.cc.
    """
    ifm, ofm = unary.of_one_type(operands, (*types, DType.FLOAT32))
    if ifm.dtype is DType.FLOAT32:
        ends = np.float32(low), np.float32(high)
        return unary.computed(lambda x: np.where(x > ends[1], ends[1], np.where(x < ends[0], ends[0], x)))
    if ifm.dtype is DType.INT16:
        unary.need_no_zero_points(operands, ifm, ofm)
    before, after = operands.quant(ifm), operands.quant(ofm)
    scale = unary.scaled_by(operands, ifm, [before.scale], after.scale)
    return unary.tabulated(
        ifm.dtype,
        ofm.dtype,
        lambda q: scale(q - before.zero_point) + after.zero_point,
        clamp_of(activation, ofm),
    )
