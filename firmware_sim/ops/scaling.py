"""A requantization as the compiled loops take it; each form here has one loop in firmware_sim/compiled.py."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from firmware_sim.requantization import Clamp, FloatRequantization, HalfEvenRequantization, Requantization

AnyRequantization = Requantization | FloatRequantization | HalfEvenRequantization

NEVER = 1 << 40
"""An end beyond every value: what an activation cuts off does not count as saturated."""


class Scaling(Protocol):
    """The last step of a product: ofm = requantize(acc + bias), gives how many elements saturated.

    Shapes: acc (P,O) float32, float64 or int32, all of integers; bias (O,) int32, its sum with acc wraps at
        32 bits; ofm (P,O) of the type that the requantization was made for.
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
        self.ends = _ends(made.zero_point, made.clamp)

    def apply(self, acc: np.ndarray, bias: np.ndarray, ofm: np.ndarray) -> int:
        from firmware_sim import compiled

        return int(compiled.scale_half_even(acc, bias, self.scales, self.ends, ofm))


def scaling_of(requantization: AnyRequantization) -> Scaling:
    """The compiled form."""
    match requantization:
        case Requantization():
            return _Twice(requantization)
        case FloatRequantization():
            return _AwayFromZero(requantization)
        case HalfEvenRequantization():
            return _HalfEven(requantization)


def _ends(zero_point: int, clamp: Clamp) -> np.ndarray:
    """(5,) int64: zero_point, low, high, count below, count above."""
    below = clamp.low if clamp.saturates_low else -NEVER
    above = clamp.high if clamp.saturates_high else NEVER
    return np.array([zero_point, clamp.low, clamp.high, below, above], np.int64)
