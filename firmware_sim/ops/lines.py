"""Two roundings as one line in float32, wherever a proof finds that each output keeps its own sums.

    sum += step if sum == odd_sum else 0
    ofm  = rint(clamp(float32(sum) * scale + (below if sum < 0 else above)))      # the product is not rounded

An output rises with its sum, and the line with it, for none of its steps ever falls. So the two are equal for
every sum if they agree at the least sum of each output and at the one before it: some 500 sums a channel, all
of which are tried. A line that errs at one of them alone takes the sum beside it there.

Import this module only when something is simulated.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firmware_sim.fixed_point import INT32_MIN
from firmware_sim.loop_cache import loop
from firmware_sim.requantization import Requantization

UNIT = 2.0**-20
"""Scales are no less, addends are multiples of it: so float64 holds an unrounded result near 0 in 53 bits."""
TRIED = (0, -1, 1, -2, 2)
"""A scale's neighbours in float32, in the order in which they are tried."""


class Lines(NamedTuple):
    """Lines of some channels, and for which of them they are proven.

    Shapes: all (O,); float32, but int32 for odd_sums and step, bool for proven.
    """

    scales: np.ndarray
    above: np.ndarray
    below: np.ndarray
    odd_sums: np.ndarray
    step: np.ndarray
    proven: np.ndarray


def lines_of(made: Requantization, low: int, high: int, first: np.ndarray, last: np.ndarray) -> Lines:
    """The line of each channel, clamped to low and high, for sums from `first` to `last`.

    Shapes: first, last (O,) int64, within int32 where a line is wanted.
    """
    channels = len(made.multipliers)
    real = np.ldexp(made.multipliers.astype(np.float64), made.shifts - 31)
    near = real.astype(np.float32)
    tried = np.stack([near + np.float32(away) * np.spacing(near) for away in TRIED])
    lines = Lines(
        scales=np.zeros(channels, np.float32),
        above=np.zeros(channels, np.float32),
        below=np.zeros(channels, np.float32),
        odd_sums=np.full(channels, INT32_MIN, np.int32),
        step=np.zeros(channels, np.int32),
        proven=np.zeros(channels, bool),
    )
    possible = np.flatnonzero((made.shifts <= 0) & (real >= UNIT))
    shape = made.zero_point, low, high
    _fit_all(
        possible,
        made.multipliers.astype(np.int64),
        -made.shifts.astype(np.int64),
        *shape,
        first,
        last,
        tried,
        lines,
    )
    return lines


@loop
def _fit_all(
    channels: np.ndarray,
    multipliers: np.ndarray,
    rights: np.ndarray,
    zero_point: int,
    low: int,
    high: int,
    first: np.ndarray,
    last: np.ndarray,
    tried: np.ndarray,
    lines: Lines,
) -> None:
    """Fill the lines of `channels`."""
    least = np.empty(high - low, np.int64)
    for i in channels:
        for k in range(high - low):
            least[k] = _least_sum(multipliers[i], rights[i], low + 1 + k - zero_point)
        _fit(least, zero_point, low, high, first[i], last[i], tried, i, lines)


@loop
def _fit(
    least: np.ndarray,
    zero_point: int,
    low: int,
    high: int,
    first: int,
    last: int,
    tried: np.ndarray,
    i: int,
    lines: Lines,
) -> None:
    """Try one addend for all sums, then one for negative ones and one for others."""
    for signed in (False, True):
        for scale in tried[:, i]:
            above, below = _addends(least, zero_point, low, first, last, scale, signed)
            wrong, odd, step = _wrong(least, low, high, first, last, scale, above, below, INT32_MIN, 0)
            if wrong == 1:
                wrong, _, _ = _wrong(least, low, high, first, last, scale, above, below, odd, step)
            elif wrong == 0:
                odd, step = INT32_MIN, 0
            if wrong == 0 and below <= above:
                lines.scales[i], lines.above[i], lines.below[i] = scale, above, below
                lines.odd_sums[i], lines.step[i], lines.proven[i] = odd, step, True
                return


@loop
def _least_sum(multiplier: int, right: int, output: int) -> int:
    """The least sum that gives `output`, less its zero point, or more; see fixed_point.

    (floor((sum * multiplier + 2**30) / 2**31) + half - negative) >> right >= output
    """
    high = (output << right) - ((1 << right) >> 1)
    if high < 0 and right > 0:
        high += 1
    high = min(max(high, -(1 << 31)), 1 << 31)  # beyond, there is no sum
    return -((-((high << 31) - (1 << 30))) // multiplier)


@loop
def _addends(
    least: np.ndarray, zero_point: int, low: int, first: int, last: int, scale: float, signed: bool
) -> tuple[np.float32, np.float32]:
    """Above and below: the middles of what lets an output begin between its least sum and the one before."""
    floors, ceilings = np.full(2, -np.inf), np.full(2, np.inf)
    for k in range(len(least)):
        if first < least[k] <= last:
            at, before = np.int64(signed and least[k] < 0), np.int64(signed and least[k] - 1 < 0)
            edge = low + 0.5 + k
            floors[at] = max(floors[at], edge - least[k] * np.float64(scale))
            ceilings[before] = min(ceilings[before], edge - (least[k] - 1) * np.float64(scale))
    middles = np.empty(2, np.float64)
    for side in range(2):
        floor, ceiling = floors[side], ceilings[side]
        if np.isinf(floor):
            floor = ceiling
        if np.isinf(ceiling):
            ceiling = floor
        middles[side] = np.rint((floor + ceiling) / 2 / UNIT) * UNIT
    if np.isinf(middles[0]):  # no output begins here
        middles[0] = zero_point
    if np.isinf(middles[1]):
        middles[1] = middles[0]
    return np.float32(middles[0]), np.float32(middles[1])


@loop
def _wrong(
    least: np.ndarray,
    low: int,
    high: int,
    first: int,
    last: int,
    scale: float,
    above: float,
    below: float,
    odd_sum: int,
    step: int,
) -> tuple[int, int, int]:
    """At how many of the sums that decide the line errs, the last of them, and the way to the right one."""
    count, odd, beside = 0, INT32_MIN, 0
    for k in range(len(least)):
        output = low + 1 + k
        if least[k] <= last:
            at = max(least[k], first)
            if _line(at, low, high, scale, above, below, odd_sum, step) < output:
                count, odd, beside = count + 1, at, 1
        if least[k] > first:
            before = min(least[k] - 1, last)
            if _line(before, low, high, scale, above, below, odd_sum, step) >= output:
                count, odd, beside = count + 1, before, -1
    return count, odd, beside


@loop
def _line(
    total: int, low: int, high: int, scale: float, above: float, below: float, odd_sum: int, step: int
) -> float:
    """What vector_scaling.put_line gives."""
    if total == odd_sum:
        total += step
    addend = np.float64(below if total < 0 else above)
    real = np.float32(np.float64(np.float32(total)) * np.float64(scale) + addend)
    return np.rint(min(max(real, np.float32(low)), np.float32(high)))
