"""Compiled scaling of the sums of tiles.py; import this module only when something is simulated.

`put_scaled` is quick and sometimes declines; `scale` is what it would give, element by element.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba.extending import overload

from firmware_sim.loop_cache import loop
from firmware_sim.ops.scaling import AwayFromZero, HalfEven, Twice
from firmware_sim.vector_scaling import put_half_even, put_twice, put_twice_uncounted
from firmware_sim.vectors import LANES

Integer = int | np.signedinteger

# What each form's `ends` hold, and the rows of Twice.channels.
ZERO_POINT, LOW, HIGH, COUNT_BELOW, COUNT_ABOVE = range(5)
MULTIPLIER, LEFT, RIGHT, HALF, TIE = range(5)


def put_scaled(sums: Any, bias: Any, form: Any, o: Any, limits: Any, ofm: Any, to: Any) -> Any:
    """ofm[to : to + 16] = requantize(sums + bias[o : o + 16]) from sums in a register, for compiled loops.

    `limits` are those of `limits_of`, ofm is flat. Gives how many saturated, or -1 where `scale` must decide.
    """
    raise NotImplementedError("compiled loops alone call this")


def scale(sums: Any, bias: Any, form: Any, panel: Any, ofm: Any, p: Any) -> Any:
    """The same for a panel of any sort, the last and not full one too; gives how many saturated.

        ofm[p,16 * panel + lane] = requantize(sums[lane] + bias[16 * panel + lane])

    Shapes: sums (16,) int32, bias (O,) int32, the two of which wrap at 32 bits; ofm (P,O) int8.
    """
    raise NotImplementedError("compiled loops alone call this")


@overload(put_scaled)
def _put_scaled(sums: Any, bias: Any, form: Any, o: Any, limits: Any, ofm: Any, to: Any) -> Callable:
    def twice(sums: Any, bias: Any, form: Any, o: Any, limits: Any, ofm: Any, to: Any) -> Any:
        if form.counts:
            return put_twice(sums, bias, form.scales32, form.nudges32, o, limits, ofm, to)
        return put_twice_uncounted(sums, bias, form.scales32, form.nudges32, o, limits, ofm, to)

    def half_even(sums: Any, bias: Any, form: Any, o: Any, limits: Any, ofm: Any, to: Any) -> Any:
        return put_half_even(sums, bias, form.scales32, o, limits, ofm, to)

    def never(sums: Any, bias: Any, form: Any, o: Any, limits: Any, ofm: Any, to: Any) -> Any:
        return np.int32(-1)

    return {Twice: twice, HalfEven: half_even, AwayFromZero: never}[form.instance_class]


@overload(scale)
def _scale(sums: Any, bias: Any, form: Any, panel: Any, ofm: Any, p: Any) -> Callable:
    chosen = {Twice: _twice, HalfEven: _half_even, AwayFromZero: _away_from_zero}[form.instance_class]

    def call(sums: Any, bias: Any, form: Any, panel: Any, ofm: Any, p: Any) -> Any:
        return chosen(sums, bias, form, panel, ofm, p)

    return call


@loop
def limits_of(form: Any) -> Any:
    """What vector_scaling's loops take, in registers."""
    floats, ends = form.float_ends, form.ends
    return floats[0], floats[1], form.zero, ends[LOW], ends[HIGH], ends[COUNT_BELOW], ends[COUNT_ABOVE]


@loop
def _twice(
    sums: np.ndarray, bias: np.ndarray, form: Twice, panel: Integer, ofm: np.ndarray, p: Integer
) -> Integer:
    """requantization.Requantization in float64, its odd channels in integers; see scaling.Twice."""
    scales, nudges, ends, first = form.scales, form.nudges, form.ends, panel * LANES
    zero_point, low, high = float(ends[ZERO_POINT]), float(ends[LOW]), float(ends[HIGH])
    below, above = float(ends[COUNT_BELOW]), float(ends[COUNT_ABOVE])
    saturated = np.int32(0)
    for o in range(first, min(first + LANES, ofm.shape[1])):
        real = np.float64(np.int32(sums[o - first] + bias[o])) * scales[o]
        value = np.floor(real + (0.5 + np.copysign(nudges[o], real))) + zero_point
        saturated += np.int32(value < below) + np.int32(value > above)
        raised = low if value < low else value
        ofm[p, o] = np.int32(high if raised > high else raised)
    for i in range(form.odd.shape[0]):
        o = form.odd[i]
        if first <= o < first + LANES:
            saturated += _in_integers(sums[o - first] + bias[o], form.channels, i, ends, ofm, p, o)
    return saturated


@loop
def _in_integers(
    acc: Integer, channels: np.ndarray, i: Integer, ends: np.ndarray, ofm: np.ndarray, p: Integer, o: Integer
) -> Integer:
    """fixed_point.multiply_by_quantized_multiplier for a channel of a pixel; gives whether it saturated."""
    shifted = np.int64(np.int32(np.int32(acc) << channels[LEFT, i]))
    upper = (shifted * np.int64(channels[MULTIPLIER, i]) + np.int64(1 << 30)) >> np.int64(31)
    down = np.int64(channels[TIE, i]) if upper < 0 else np.int64(0)
    value = ends[ZERO_POINT] + ((upper + np.int64(channels[HALF, i]) - down) >> np.int64(channels[RIGHT, i]))
    ofm[p, o] = min(max(value, ends[LOW]), ends[HIGH])
    return np.int32(value < ends[COUNT_BELOW]) + np.int32(value > ends[COUNT_ABOVE])


@loop
def _half_even(
    sums: np.ndarray, bias: np.ndarray, form: HalfEven, panel: Integer, ofm: np.ndarray, p: Integer
) -> Integer:
    """requantization.HalfEvenRequantization, cut off one step beyond the ends before it is an integer."""
    ends, floats, first = form.ends, form.float_ends, panel * LANES
    saturated = np.int32(0)
    for o in range(first, min(first + LANES, ofm.shape[1])):
        real = np.rint(np.float32(np.int32(sums[o - first] + bias[o])) * form.scales32[o])
        value = np.int32(min(max(real, floats[0]), floats[1])) + ends[ZERO_POINT]
        saturated += np.int32(value < ends[COUNT_BELOW]) + np.int32(value > ends[COUNT_ABOVE])
        ofm[p, o] = min(max(value, ends[LOW]), ends[HIGH])
    return saturated


@loop
def _away_from_zero(
    sums: np.ndarray, bias: np.ndarray, form: AwayFromZero, panel: Integer, ofm: np.ndarray, p: Integer
) -> Integer:
    """requantization.FloatRequantization."""
    ends, first = form.ends, panel * LANES
    lowest, highest = -2147483648.0, 2147483647.0
    saturated = np.int32(0)
    for o in range(first, min(first + LANES, ofm.shape[1])):
        real = np.float64(np.int32(sums[o - first] + bias[o])) * form.scales[o]
        size = np.floor(np.abs(real) + 0.5)
        steps = -size if real < 0 else size
        inside = lowest <= steps <= highest
        value = np.int32(np.int64(steps if inside else lowest) + ends[ZERO_POINT])
        saturated += np.int32(value < ends[COUNT_BELOW]) + np.int32(value > ends[COUNT_ABOVE])
        ofm[p, o] = min(max(value, ends[LOW]), ends[HIGH])
    return saturated
