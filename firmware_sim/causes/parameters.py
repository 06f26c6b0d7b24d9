"""Causes in an operator's parameters: zero points, bias, scales, the fused activation."""

from __future__ import annotations

import numpy as np

from firmware_sim.causes.layers import WITH_WEIGHTS, own
from firmware_sim.causes.trial import Cause, Trial, Variants
from graph.attrs import Activation
from graph.types import QuantParams, Tensor

BIAS = 2


def _with_zero_point(quant: QuantParams, zero_point: int) -> QuantParams:
    return QuantParams(quant.scales, (zero_point,) * len(quant.scales), quant.axis)


def _quantized_inputs(trial: Trial) -> list[tuple[int, Tensor, QuantParams]]:
    """Activations, by position, that have a zero point to forget."""
    found = []
    for position, tensor in enumerate(trial.operands.inputs):
        if tensor is None or tensor.is_constant or tensor.quant is None or not any(tensor.quant.zero_points):
            continue
        found.append((position, tensor, tensor.quant))
    return found


def input_zero_point_left_out(trial: Trial) -> Variants:
    """ifm instead of ifm - zero_point; padding is 0 then."""
    for position, tensor, quant in _quantized_inputs(trial):
        detail = f"{quant.zero_point} of tensor {tensor.index}"
        yield detail, trial.with_quant(position, _with_zero_point(quant, 0)).run()


def input_zero_point_added(trial: Trial) -> Variants:
    """ifm + zero_point; padding is 0 then. A layer's sums are formed anew: int8 cannot hold -(-128)."""
    for position, tensor, quant in _quantized_inputs(trial):
        detail = f"{quant.zero_point} of tensor {tensor.index}"
        if trial.kind in WITH_WEIGHTS:
            made, acc = own(trial, -quant.zero_point)
            yield detail, made.apply(acc)[0].reshape(trial.ofm.shape)
            continue
        yield detail, trial.with_quant(position, _with_zero_point(quant, -quant.zero_point)).run()


def weights_zero_point_left_out(trial: Trial) -> Variants:
    """weights instead of weights - zero_point; only uint8 weights have one."""
    tensor = trial.tensor(1)
    if tensor is not None and tensor.quant is not None and any(tensor.quant.zero_points):
        yield "", trial.with_quant(1, _with_zero_point(tensor.quant, 0)).run()


def output_zero_point_left_out(trial: Trial) -> Variants:
    """scaled instead of scaled + zero_point; the activation's clamp moves with it."""
    quant = trial.ofm.quant
    if quant is not None and any(quant.zero_points):
        yield "", trial.with_ofm_quant(_with_zero_point(quant, 0)).run()


def activation_missing(trial: Trial) -> Variants:
    """The output is cut off by its type alone."""
    activation = getattr(trial.operands.op.attrs, "activation", Activation.NONE)
    if activation is not Activation.NONE:
        yield str(activation.value), trial.with_attrs(activation=Activation.NONE).run()


def bias_missing(trial: Trial) -> Variants:
    if trial.is_constant(BIAS):
        yield "", trial.with_input(BIAS, np.zeros_like(trial.array(BIAS))).run()


def bias_shifted(trial: Trial) -> Variants:
    """Each channel has its neighbour's bias; the end wraps around, or is 0."""
    if not trial.is_constant(BIAS):
        return
    bias = trial.array(BIAS)
    for by, whose in ((1, "the channel before"), (-1, "the channel after")):
        rolled = np.roll(bias, by)
        yield f"each has that of {whose}", trial.with_input(BIAS, rolled).run()
        rolled[0 if by == 1 else -1] = 0
        yield f"each has that of {whose}, the last one left has none", trial.with_input(BIAS, rolled).run()


def scales_as_per_tensor(trial: Trial) -> Variants:
    """The first channel's scale for all."""
    tensor = trial.tensor(1)
    if tensor is not None and tensor.quant is not None and len(set(tensor.quant.scales)) > 1:
        quant = tensor.quant
        first = QuantParams(quant.scales[:1] * len(quant.scales), quant.zero_points, quant.axis)
        yield "", trial.with_quant(1, first).run()


def scales_shifted(trial: Trial) -> Variants:
    """Each channel has its neighbour's scale."""
    tensor = trial.tensor(1)
    if tensor is None or tensor.quant is None or len(set(tensor.quant.scales)) < 2:
        return
    quant = tensor.quant
    for by, whose in ((1, "the channel before"), (-1, "the channel after")):
        rolled = QuantParams(quant.scales[-by:] + quant.scales[:-by], quant.zero_points, quant.axis)
        yield f"each has that of {whose}", trial.with_quant(1, rolled).run()


CAUSES = (
    Cause("input_zero_point_left_out", "input zero point left out", None, input_zero_point_left_out),
    Cause("input_zero_point_added", "input zero point added, not subtracted", None, input_zero_point_added),
    Cause(
        "weights_zero_point_left_out",
        "weights' zero point left out",
        WITH_WEIGHTS,
        weights_zero_point_left_out,
    ),
    Cause("output_zero_point_left_out", "output zero point left out", None, output_zero_point_left_out),
    Cause("activation_missing", "fused activation missing", None, activation_missing),
    Cause("bias_missing", "bias missing", WITH_WEIGHTS, bias_missing),
    Cause("bias_shifted", "bias shifted by one channel", WITH_WEIGHTS, bias_shifted),
    Cause(
        "scales_as_per_tensor",
        "per-channel scales read as one: the first channel's",
        WITH_WEIGHTS,
        scales_as_per_tensor,
    ),
    Cause("scales_shifted", "per-channel scales shifted by one channel", WITH_WEIGHTS, scales_shifted),
)
