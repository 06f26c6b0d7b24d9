"""Causes on the way from sums to bytes: roundings, saturation, the arithmetic of another runtime."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from firmware_sim import requantization as rq
from firmware_sim.causes.layers import WITH_WEIGHTS, in_integers, own, sums
from firmware_sim.causes.trial import Cause, Trial, Variants
from firmware_sim.fixed_point import saturating_rounding_doubling_high_mul
from firmware_sim.numerics import Numerics
from graph.attrs import Activation, SoftmaxAttrs
from graph.op_kind import OpKind
from graph.types import DType

Scale = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""(acc, multipliers, shifts) -> acc * multiplier * 2**(shift - 31), rounded in one way or another."""

SOFTMAX_STEPS = 256


def _scaled(trial: Trial, *ways: tuple[str, Scale]) -> Variants:
    """The output where accumulators are scaled in each of `ways`."""
    layer, acc = sums(trial)
    made = in_integers(layer)
    for said, scale in ways:
        steps = scale(acc, made.multipliers, made.shifts) + made.zero_point
        yield said, made.clamp.apply(steps, made.dtype)[0].reshape(trial.ofm.shape)


def _half_up(acc: np.ndarray, multipliers: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    down = 31 - shifts
    return (acc * multipliers + (np.int64(1) << (down - 1))) >> down


def _half_away(acc: np.ndarray, multipliers: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    return np.sign(acc) * _half_up(np.abs(acc), multipliers, shifts)


def _twice_half_up(acc: np.ndarray, multipliers: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    high = saturating_rounding_doubling_high_mul(acc << np.maximum(shifts, 0), multipliers)
    down = np.maximum(-shifts, 0)
    return (high + ((np.int64(1) << down) >> 1)) >> down


def _down(acc: np.ndarray, multipliers: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    return (acc * multipliers) >> (31 - shifts)


def _towards_zero(acc: np.ndarray, multipliers: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    return np.sign(acc) * _down(np.abs(acc), multipliers, shifts)


def single_rounding(trial: Trial) -> Variants:
    return _scaled(trial, ("ties up", _half_up), ("ties away from zero", _half_away))


def double_rounding(trial: Trial) -> Variants:
    """As gemmlowp rounds; what `tflm` does anyway."""
    layer, acc = sums(trial)
    yield "", in_integers(layer).apply(acc)[0].reshape(trial.ofm.shape)


def rounding_half_up(trial: Trial) -> Variants:
    """The second of two roundings sends ties up, not away from zero."""
    return _scaled(trial, ("", _twice_half_up))


def rounding_cut_off(trial: Trial) -> Variants:
    return _scaled(trial, ("down", _down), ("towards zero", _towards_zero))


def float_requantization(trial: Trial) -> Variants:
    """As XNNPACK does: times a float32, ties to even."""
    layer, acc = sums(trial)
    ifm, weights, ofm = layer.ifm.quant, layer.filter.quant, layer.ofm.quant
    assert ifm and weights and ofm
    scales = np.float32(ifm.scale) * np.array(weights.scales, np.float32) / np.float32(ofm.scale)
    made = in_integers(layer)
    wide = np.broadcast_to(scales, (layer.channels,))
    values = rq.HalfEvenRequantization(wide, made.zero_point, made.clamp, made.dtype).apply(acc)[0]
    yield "", values.reshape(trial.ofm.shape)


def saturation_missing(trial: Trial) -> Variants:
    """The low bits of what is beyond the type; the activation's own ends hold, or nothing does."""
    made, acc = own(trial)
    low, high = rq.limits(DType.INT32)
    unbounded = dataclasses.replace(made, clamp=rq.Clamp(low, high, False, False), dtype=DType.INT32)
    steps = unbounded.apply(acc)[0]
    ends = made.clamp
    kept = np.clip(steps, low if ends.saturates_low else ends.low, high if ends.saturates_high else ends.high)
    for said, values in (("", kept), ("nor is the activation's clamp there", steps)):
        yield said, values.astype(made.dtype.numpy).reshape(trial.ofm.shape)


def output_zero_point_left_out(trial: Trial) -> Variants:
    """scaled instead of scaled + zero_point; the clamp stays where it belongs."""
    made, acc = own(trial)
    if made.zero_point:
        values = dataclasses.replace(made, zero_point=0).apply(acc)[0]
        yield "the clamp knows of it", values.reshape(trial.ofm.shape)


def other_numerics(trial: Trial) -> Variants:
    """As another runtime computes it; the roundings of operators with weights have causes of their own."""
    for numerics in Numerics:
        if numerics is not trial.operands.numerics and trial.kind not in WITH_WEIGHTS:
            operands = dataclasses.replace(trial.operands, numerics=numerics)
            yield str(numerics.value), Trial(operands, trial.inputs).run()


def softmax_in_float(trial: Trial) -> Variants:
    """exp and division in float32, then to steps of 1/256: to nearest, or cut off."""
    attrs = trial.operands.attrs(SoftmaxAttrs)
    tensor = trial.tensor(0)
    assert tensor is not None and tensor.quant is not None and trial.ofm.quant is not None
    values = trial.array(0).astype(np.float32)
    scale = np.float32(tensor.quant.scale * attrs.beta)
    powers = np.exp((values - values.max(axis=-1, keepdims=True)) * scale)
    steps = powers / powers.sum(axis=-1, keepdims=True) * np.float32(SOFTMAX_STEPS)
    clamp = rq.clamp_of(Activation.NONE, trial.ofm)
    for said, whole in (("to nearest", np.rint(steps)), ("cut off", np.floor(steps))):
        moved = whole.astype(np.int64) + trial.ofm.quant.zero_point
        yield said, clamp.apply(moved, trial.ofm.dtype)[0]


CAUSES = (
    Cause("single_rounding", "single rounding instead of double", WITH_WEIGHTS, single_rounding),
    Cause("double_rounding", "double rounding instead of single", WITH_WEIGHTS, double_rounding),
    Cause("rounding_half_up", "rounding half up instead of half away", WITH_WEIGHTS, rounding_half_up),
    Cause("rounding_cut_off", "no rounding, cut off", WITH_WEIGHTS, rounding_cut_off),
    Cause(
        "float_requantization", "requantized in float32, as XNNPACK does", WITH_WEIGHTS, float_requantization
    ),
    Cause("saturation_missing", "saturation missing, values wrap around", WITH_WEIGHTS, saturation_missing),
    Cause(
        "output_zero_point_left_out", "output zero point left out", WITH_WEIGHTS, output_zero_point_left_out
    ),
    Cause(
        "softmax_in_float",
        "softmax in float, not in fixed point",
        frozenset({OpKind.SOFTMAX}),
        softmax_in_float,
    ),
    Cause("other_numerics", "the rounding of another runtime", None, other_numerics),
)
