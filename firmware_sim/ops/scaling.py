"""A requantization as the compiled loops take it; each form here has one loop in firmware_sim/compiled.py."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from firmware_sim.requantization import Clamp, FloatRequantization, HalfEvenRequantization, Requantization

AnyRequantization = Requantization | FloatRequantization | HalfEvenRequantization

NEVER = 1 << 40
"""An end beyond every value: what an activation cuts off does not count as saturated."""


MOST_RIGHT = 12
"""The largest right shift whose two roundings float64 holds exactly; see _TwiceInFloat64."""


class Scaling(Protocol):
    """The last step of a product: ofm = requantize(acc + bias), gives how many elements saturated.

    Shapes: ofm (P,O) of the type that the requantization was made for; acc (P',O') int32, of which the first
        P rows and O columns count; bias (O,) int32, its sum with acc wraps at 32 bits.
    """

    def apply(self, acc: np.ndarray, bias: np.ndarray, ofm: np.ndarray) -> int: ...


class _Twice:
    """Two roundings in integers: Requantization.

    Shapes: channels (5,O) int32: multiplier, left, right, half, tie.
    """

    def __init__(self, made: Requantization) -> None:
        right = np.maximum(-made.shifts, 0)
        left = np.maximum(made.shifts, 0)
        half = (np.int64(1) << right) >> 1
        rows = [made.multipliers, left, right, half, (right > 0).astype(np.int64)]
        self.channels = np.stack(rows).astype(np.int32)
        self.ends = _ends(made.zero_point, made.clamp)

    def apply(self, acc: np.ndarray, bias: np.ndarray, ofm: np.ndarray) -> int:
        from firmware_sim import compiled  # numba: only when something runs

        return int(compiled.scale_twice(acc, bias, self.channels, self.ends, ofm))


class _TwiceInFloat64:
    """The same two roundings as one, in float64, where each channel shifts right, and by 12 at most.

        real = acc * multiplier / 2**(31 + right)
        ofm  = floor(real + 0.5 + nudge)           # nudge = +-1 / 2**(right + 1), real's sign; 0 for right 0

    The first rounding sends halves up and the second away from zero, so a positive number reaches the next
    step half of the first rounding's unit too early, a negative one as much too late: that is the nudge.

    Exact while |acc * multiplier| < 2**53: all of it are multiples of 2**-(31 + right) with no more than 53
    bits. Beyond that |real| >= 2**(22 - right) >= 1024, which no rounding brings back inside 8 bits.
    """

    def __init__(self, made: Requantization) -> None:
        self.scales = np.ldexp(made.multipliers.astype(np.float64), made.shifts - 31)
        self.nudges = np.where(made.shifts < 0, np.ldexp(0.5, made.shifts), 0.0)
        self.ends = _ends(made.zero_point, made.clamp).astype(np.float64)
        self.counts = _counts(made.clamp)

    @staticmethod
    def serves(made: Requantization) -> bool:
        return bool(np.all((made.shifts <= 0) & (made.shifts >= -MOST_RIGHT)))

    def apply(self, acc: np.ndarray, bias: np.ndarray, ofm: np.ndarray) -> int:
        from firmware_sim import compiled

        tables = (self.scales, self.nudges, self.ends, self.counts)
        return int(compiled.scale_twice_in_float64(acc, bias, *tables, ofm))


class _AwayFromZero:
    """One rounding in float64: FloatRequantization."""

    def __init__(self, made: FloatRequantization) -> None:
        self.scales = np.ascontiguousarray(made.scales, np.float64)
        self.ends = _ends(made.zero_point, made.clamp)

    def apply(self, acc: np.ndarray, bias: np.ndarray, ofm: np.ndarray) -> int:
        from firmware_sim import compiled

        return int(compiled.scale_away_from_zero(acc, bias, self.scales, self.ends, ofm))


class _HalfEven:
    """One rounding in float32: HalfEvenRequantization."""

    def __init__(self, made: HalfEvenRequantization) -> None:
        self.scales = np.ascontiguousarray(made.scales, np.float32)
        self.ends = _ends(made.zero_point, made.clamp).astype(np.float32)
        self.counts = _counts(made.clamp)

    def apply(self, acc: np.ndarray, bias: np.ndarray, ofm: np.ndarray) -> int:
        from firmware_sim import compiled

        return int(compiled.scale_half_even(acc, bias, self.scales, self.ends, self.counts, ofm))


def scaling_of(requantization: AnyRequantization) -> Scaling:
    """The compiled form."""
    match requantization:
        case Requantization():
            in_float64 = _TwiceInFloat64.serves(requantization)
            return (_TwiceInFloat64 if in_float64 else _Twice)(requantization)
        case FloatRequantization():
            return _AwayFromZero(requantization)
        case HalfEvenRequantization():
            return _HalfEven(requantization)


def _counts(clamp: Clamp) -> bool:
    return clamp.saturates_low or clamp.saturates_high


def _ends(zero_point: int, clamp: Clamp) -> np.ndarray:
    """(5,) int64: zero_point, low, high, count below, count above."""
    below = clamp.low if clamp.saturates_low else -NEVER
    above = clamp.high if clamp.saturates_high else NEVER
    return np.array([zero_point, clamp.low, clamp.high, below, above], np.int64)
