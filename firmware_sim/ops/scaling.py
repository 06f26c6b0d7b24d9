"""A requantization as the compiled loops of firmware_sim/scalings.py take it.

In each form, ends (5,) int32 hold the zero point, the lowest and the highest output, and the ends beyond
which an output counts as saturated; float_ends (2,) float32 are one step beyond the output's; ways (O'/16,)
int64 tell how sixteen channels are scaled: by a LINE, EXACTly, or BY_ONE. O' is O made a multiple of 16;
channels beyond O have the scale 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firmware_sim.fixed_point import INT32_MAX, INT32_MIN, multiply_by_quantized_multiplier, wrap_int32
from firmware_sim.requantization import Clamp, FloatRequantization, HalfEvenRequantization, Requantization

AnyRequantization = Requantization | FloatRequantization | HalfEvenRequantization

MOST_RIGHT = 12
"""The largest right shift whose two roundings float64 holds exactly; see TwiceInFloat."""
LANES = 16
"""Channels of a panel, as firmware_sim/vectors.py has them, which only what simulates may import."""
BY_ONE, EXACT, LINE = range(3)
"""One after the other; in float64; in float32."""
FIXED_SHIFT = 22
"""How an output that never changes is said; see _twice."""


class Twice(NamedTuple):
    """Two roundings as one in floating point, for channels that shift right, and by 12 at most.

        real = acc * multiplier / 2**(31 + right)
        ofm  = floor(real + 0.5 + nudge)           # nudge = +-1 / 2**(right + 1), real's sign; 0 for right 0

    The first rounding sends halves up and the second away from zero, so a positive number reaches the next
    step half of the first rounding's unit too early, a negative one as much too late: that is the nudge.

    Float64 is exact while |acc * multiplier| < 2**53: all of it are multiples of 2**-(31 + right) with no
    more than 53 bits. Beyond that |real| >= 2**(22 - right) >= 1024, which no rounding brings back inside 8
    bits. Other shifts: as exact where |acc * multiplier| < 2**52 for every acc that the weights allow. A real
    is a multiple of 2**-53 then, or below 1/4, which gives 0 either way. What is left is `odd`, has the scale
    0 and goes through integers after the others.

    Panels that are `LINE` take float32: each of their channels has a line that is proven, see lines.py.

    Where nothing `counts` as saturated, float_ends are the ends themselves.

    Shapes: scales, nudges (O',) float64; lines of (O',); odd (K,) int64, those of panel i from begins[i] to
        begins[i + 1]; channels (5,K) int32: multiplier, left, right, half, tie.
    """

    ends: np.ndarray
    float_ends: np.ndarray
    counts: bool
    ways: np.ndarray
    scales: np.ndarray
    nudges: np.ndarray
    line_scales: np.ndarray
    above: np.ndarray
    below: np.ndarray
    odd_sums: np.ndarray
    step: np.ndarray
    one_addend: bool
    odd: np.ndarray
    begins: np.ndarray
    channels: np.ndarray


class AwayFromZero(NamedTuple):
    """One rounding in float64.

    Shapes: scales (O',) float64.
    """

    ends: np.ndarray
    float_ends: np.ndarray
    ways: np.ndarray
    scales: np.ndarray


class HalfEven(NamedTuple):
    """One rounding in float32.

    Shapes: scales32 (O',) float32.
    """

    ends: np.ndarray
    float_ends: np.ndarray
    ways: np.ndarray
    scales32: np.ndarray


Scaling = Twice | AwayFromZero | HalfEven


def scaling_of(
    requantization: AnyRequantization, bias: np.ndarray, reach: np.ndarray
) -> tuple[Scaling, np.ndarray]:
    """The compiled form, and the bias that goes with it.

    Shapes: bias (O,) int64; reach (O,) int64, the largest size that a sum without bias can have; gives (O',)
        int32.
    """
    made, bias = requantization, wrap_int32(bias)
    ends, none = _ends(made.zero_point, made.clamp), np.zeros(len(bias), bool)
    match made:
        case Requantization():
            return _twice(made, ends, bias, reach)
        case FloatRequantization():
            scales = _padded(made.scales).astype(np.float64)
            form: Scaling = AwayFromZero(ends, _float_ends(ends), _ways(none, none), scales)
        case HalfEvenRequantization():
            scales = _padded(made.scales).astype(np.float32)
            form = HalfEven(ends, _float_ends(ends) - ends[0], _ways(~none, none), scales)
    return form, _padded(bias).astype(np.int32)


def _twice(
    made: Requantization, ends: np.ndarray, bias: np.ndarray, reach: np.ndarray
) -> tuple[Twice, np.ndarray]:
    """The form; an output k that no input changes becomes a bias of k * 2**22 beside a scale of 2**-22.

    Training leaves channels of that kind: weights that round to 0, a bias of 2**30 beside a scale of 2**-50.
    """
    from firmware_sim.ops.lines import lines_of  # numba: only when something is simulated

    shifts, zero_point = made.shifts, made.zero_point
    lowest, highest = made.clamp.low - zero_point - 1, made.clamp.high - zero_point + 1
    least, most = (
        np.clip(multiply_by_quantized_multiplier(bias + end, made.multipliers, shifts), lowest, highest)
        for end in (-reach, reach)
    )
    monotonic = (shifts <= 0) & (np.abs(bias) + reach <= INT32_MAX)
    fixed = monotonic & (least == most) & (reach < 1 << (FIXED_SHIFT - 2))
    small = (np.abs(bias) + reach) * made.multipliers < 1 << 52
    usual = fixed | (shifts <= 0) & (small | (shifts >= -MOST_RIGHT))
    odd = np.flatnonzero(~usual)
    scales = np.ldexp(made.multipliers.astype(np.float64), shifts - 31)
    scales[odd] = 0.0
    scales[fixed] = 2.0**-FIXED_SHIFT
    nudges = np.where((shifts < 0) & ~fixed, np.ldexp(0.5, shifts), 0.0)
    right = np.maximum(-shifts, 0)
    half = (np.int64(1) << right) >> 1
    rows = [made.multipliers, np.maximum(shifts, 0), right, half, (right > 0).astype(np.int64)]
    channels = np.ascontiguousarray(np.stack(rows)[:, odd], np.int32)
    counts = made.clamp.saturates_low or made.clamp.saturates_high
    float_ends = _float_ends(ends) if counts else ends[1:3].astype(np.float32)
    lines = lines_of(made, int(float_ends[0]), int(float_ends[1]), bias - reach, bias + reach)
    proven = fixed | monotonic & lines.proven
    zero, slope = np.float32(zero_point), np.float32(2.0**-FIXED_SHIFT)
    form = Twice(
        ends=ends,
        float_ends=float_ends,
        counts=counts,
        ways=_ways(proven, usual),
        scales=_padded(scales),
        nudges=_padded(nudges),
        line_scales=_padded(np.where(fixed, slope, lines.scales)),
        above=_padded(np.where(fixed, zero, lines.above)),
        below=_padded(np.where(fixed, zero, lines.below)),
        odd_sums=_padded(lines.odd_sums),
        step=_padded(np.where(fixed, 0, lines.step).astype(np.int32)),
        one_addend=not counts and bool(np.all(fixed | (lines.above == lines.below))),
        odd=odd,
        begins=np.searchsorted(odd, np.arange(0, len(bias) + LANES, LANES)),
        channels=channels,
    )
    return form, _padded(np.where(fixed, least << FIXED_SHIFT, bias)).astype(np.int32)


def _ends(zero_point: int, clamp: Clamp) -> np.ndarray:
    """What an activation cuts off does not count: nothing of int32 is beyond its own ends."""
    below = clamp.low if clamp.saturates_low else INT32_MIN
    above = clamp.high if clamp.saturates_high else INT32_MAX
    return np.array([zero_point, clamp.low, clamp.high, below, above], np.int32)


def _float_ends(ends: np.ndarray) -> np.ndarray:
    return np.array([ends[1] - 1, ends[2] + 1], np.float32)


def _padded(channels: np.ndarray, filling: float = 0) -> np.ndarray:
    """Values of the channels, and more where the last panel is not full."""
    return np.pad(channels, (0, -len(channels) % LANES), constant_values=filling)


def _ways(proven: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """A panel goes one way, which all of its channels can go."""
    by_line, exactly = (_padded(c, True).reshape(-1, LANES).all(axis=1) for c in (proven, usual))
    return np.where(by_line, LINE, np.where(exactly, EXACT, BY_ONE))
