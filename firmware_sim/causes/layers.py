"""Operators with weights on trial: their sums, and the ways from them to bytes."""

from __future__ import annotations

from typing import Any

import numpy as np

from firmware_sim import requantization as rq
from firmware_sim.causes.padding import window
from firmware_sim.causes.trial import Trial
from firmware_sim.fixed_point import wrap_int32
from firmware_sim.ops import conv_2d, depthwise_conv_2d, fully_connected
from firmware_sim.ops.layer import Layer
from firmware_sim.ops.scaling import AnyRequantization
from graph.op_kind import OpKind
from graph.types import DType

WITH_WEIGHTS = frozenset({OpKind.CONV_2D, OpKind.DEPTHWISE_CONV_2D, OpKind.FULLY_CONNECTED})


def sums(trial: Trial, zero_point: int | None = None) -> tuple[Layer, np.ndarray]:
    """The operator's checked operands, and its sums before anything is scaled; int32 held in int64.

    `zero_point`: another than the input's, of any size.
    """
    attrs: Any = trial.operands.op.attrs
    axis = 3 if trial.kind is OpKind.DEPTHWISE_CONV_2D else 0
    is_product = trial.kind is OpKind.FULLY_CONNECTED
    rule = fully_connected.rule_of(trial.operands) if is_product else None
    layer = Layer(trial.operands, attrs.activation, axis=axis, rule=rule)
    weights, ifm = layer.weights, trial.array(0)
    trial.operands.need(weights is not None and weights.dtype == np.int64, "no integer weights")
    assert weights is not None
    operands, zero = (weights, layer.bias), layer.zero_point if zero_point is None else zero_point
    if is_product:
        rows = ifm.reshape(-1, weights.shape[1])
        return layer, wrap_int32(fully_connected.accumulate(rows, *operands, zero))
    family: Any = conv_2d if trial.kind is OpKind.CONV_2D else depthwise_conv_2d
    return layer, wrap_int32(family.accumulate(ifm, *operands, window(trial), zero))


def own(trial: Trial, zero_point: int | None = None) -> tuple[AnyRequantization, np.ndarray]:
    """The operator's rescaling as its numerics have it, and its sums."""
    layer, acc = sums(trial, zero_point)
    made = layer.rescaling
    trial.operands.need(isinstance(made, AnyRequantization), "sums of 64 bits")
    assert isinstance(made, AnyRequantization)
    return made, acc


def in_integers(layer: Layer) -> rq.Requantization:
    """Its rescaling by multipliers and shifts, whatever its numerics are."""
    layer.operands.need(not layer.is_wide, "sums of 64 bits")
    attrs: Any = layer.operands.op.attrs
    rule = rq.per_tensor if layer.dtype is DType.UINT8 else rq.per_channel
    return rule(layer.ifm, layer.filter, layer.ofm, attrs.activation, layer.channels)
