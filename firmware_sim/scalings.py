"""Compiled scaling of the sums of tiles.py; import this module only when something is simulated.

`put_scaled` takes sums in a register, `scale` sums in memory and channels of every sort.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload

from firmware_sim.loop_cache import loop, part
from firmware_sim.ops.scaling import LINE, AwayFromZero, HalfEven, Twice
from firmware_sim.vector_scaling import put_exact, put_half_even, put_line, put_line_uncounted
from firmware_sim.vectors import LANES, pointer, sums_at

Integer = int | np.signedinteger

# What each form's `ends` hold, and the rows of Twice.channels.
ZERO_POINT, LOW, HIGH, COUNT_BELOW, COUNT_ABOVE = range(5)
MULTIPLIER, LEFT, RIGHT, HALF, TIE = range(5)


class TwiceLanes(NamedTuple):
    """Of scaling.Twice, what a vector takes: numbers and pointers."""

    lowest: float
    highest: float
    zero: int
    low: int
    high: int
    below_low: int
    above_high: int
    scales: Any
    nudges: Any
    line_scales: Any
    above: Any
    below: Any
    odd_sums: Any
    step: Any
    uncounted: bool


class HalfEvenLanes(NamedTuple):
    """The same of scaling.HalfEven."""

    lowest: float
    highest: float
    zero: int
    low: int
    high: int
    below_low: int
    above_high: int
    scales32: Any


class NoLanes(NamedTuple):
    """Of scaling.AwayFromZero, which no vector scales."""

    zero: int


def lanes_of(form: Any) -> Any:
    """What `put_scaled` takes of a form; the form must outlive it."""
    raise NotImplementedError("compiled loops alone call this")


def put_scaled(sums: Any, lanes: Any, way: Any, o: Any, out: Any, to: Any) -> Any:
    """out[to : to + 16] = requantize(sums) of the channels from o on, sums in a register.

    Gives how many saturated. The panel's `way` is a LINE or EXACT; for what is BY_ONE there is `scale`.
    """
    raise NotImplementedError("compiled loops alone call this")


def scale(sums: Any, form: Any, panel: Any, out: Any) -> Any:
    """The same for a panel of any sort; gives how many saturated.

        out[lane] = requantize(sums[lane]) of channel 16 * panel + lane

    Shapes: sums (16,) int32; out (16,) int8.
    """
    raise NotImplementedError("compiled loops alone call this")


@part
def _limits(form: Any) -> Any:
    floats, ends = form.float_ends, form.ends
    limits = floats[0], floats[1], ends[ZERO_POINT], ends[LOW], ends[HIGH]
    return (*limits, ends[COUNT_BELOW], ends[COUNT_ABOVE])


@overload(lanes_of)
def _lanes_of(form: Any) -> Callable:
    def twice(form: Any) -> Any:
        lowest, highest, zero, low, high, below_low, above_high = _limits(form)
        return TwiceLanes(
            lowest,
            highest,
            zero,
            low,
            high,
            below_low,
            above_high,
            pointer(form.scales),
            pointer(form.nudges),
            pointer(form.line_scales),
            pointer(form.above),
            pointer(form.below),
            pointer(form.odd_sums),
            pointer(form.step),
            form.one_addend,
        )

    def half_even(form: Any) -> Any:
        lowest, highest, zero, low, high, below_low, above_high = _limits(form)
        scales = pointer(form.scales32)
        return HalfEvenLanes(lowest, highest, zero, low, high, below_low, above_high, scales)

    def none(form: Any) -> Any:
        return NoLanes(form.ends[ZERO_POINT])

    return {Twice: twice, HalfEven: half_even, AwayFromZero: none}[form.instance_class]


@overload(put_scaled)
def _put_scaled(sums: Any, lanes: Any, way: Any, o: Any, out: Any, to: Any) -> Callable:
    def twice(sums: Any, lanes: Any, way: Any, o: Any, out: Any, to: Any) -> Any:
        if way != LINE:
            return put_exact(sums, lanes, o, out, to)
        if lanes.uncounted:
            return put_line_uncounted(sums, lanes, o, out, to)
        return put_line(sums, lanes, o, out, to)

    def half_even(sums: Any, lanes: Any, way: Any, o: Any, out: Any, to: Any) -> Any:
        return put_half_even(sums, lanes, o, out, to)

    def never(sums: Any, lanes: Any, way: Any, o: Any, out: Any, to: Any) -> Any:
        return np.int32(0)

    return {TwiceLanes: twice, HalfEvenLanes: half_even, NoLanes: never}[lanes.instance_class]


@overload(scale)
def _scale(sums: Any, form: Any, panel: Any, out: Any) -> Callable:
    chosen = {Twice: _twice, HalfEven: _half_even, AwayFromZero: _away_from_zero}[form.instance_class]

    def call(sums: Any, form: Any, panel: Any, out: Any) -> Any:
        return chosen(sums, form, panel, out)

    return call


@loop
def _twice(sums: np.ndarray, form: Twice, panel: Integer, out: np.ndarray) -> Integer:
    """requantization.Requantization in float64, its odd channels in integers; see scaling.Twice."""
    first = panel * LANES
    saturated = put_exact(sums_at(sums, 0), lanes_of(form), first, out, 0)
    for i in range(form.begins[panel], form.begins[panel + 1]):
        lane = form.odd[i] - first
        saturated += _in_integers(sums[lane], form.channels, i, form.ends, out, lane)
    return saturated


@loop
def _in_integers(
    acc: Integer, channels: np.ndarray, i: Integer, ends: np.ndarray, out: np.ndarray, lane: Integer
) -> Integer:
    """fixed_point.multiply_by_quantized_multiplier for a channel of a pixel; gives whether it saturated."""
    shifted = np.int64(np.int32(np.int32(acc) << channels[LEFT, i]))
    upper = (shifted * np.int64(channels[MULTIPLIER, i]) + np.int64(1 << 30)) >> np.int64(31)
    down = np.int64(channels[TIE, i]) if upper < 0 else np.int64(0)
    value = ends[ZERO_POINT] + ((upper + np.int64(channels[HALF, i]) - down) >> np.int64(channels[RIGHT, i]))
    out[lane] = min(max(value, ends[LOW]), ends[HIGH])
    return np.int32(value < ends[COUNT_BELOW]) + np.int32(value > ends[COUNT_ABOVE])


@loop
def _half_even(sums: np.ndarray, form: HalfEven, panel: Integer, out: np.ndarray) -> Integer:
    """requantization.HalfEvenRequantization."""
    return put_half_even(sums_at(sums, 0), lanes_of(form), panel * LANES, out, 0)


@loop
def _away_from_zero(sums: np.ndarray, form: AwayFromZero, panel: Integer, out: np.ndarray) -> Integer:
    """requantization.FloatRequantization."""
    ends, scales = form.ends, form.scales[panel * LANES : (panel + 1) * LANES]
    lowest, highest = -2147483648.0, 2147483647.0
    saturated = np.int32(0)
    for i in range(LANES):
        real = np.float64(sums[i]) * scales[i]
        size = np.floor(np.abs(real) + 0.5)
        steps = -size if real < 0 else size
        inside = lowest <= steps <= highest
        value = np.int32(np.int64(steps if inside else lowest) + ends[ZERO_POINT])
        saturated += np.int32(value < ends[COUNT_BELOW]) + np.int32(value > ends[COUNT_ABOVE])
        out[i] = min(max(value, ends[LOW]), ends[HIGH])
    return saturated
