"""SOFTMAX of 8 bits as a compiled loop, held to its definition by tests; import only when it is run.

The definition's steps (firmware_sim/ops/softmax.py), row by row: for one row they are many calls of numpy.
"""

from __future__ import annotations

import numpy as np

from firmware_sim.fixed_functions import Q0_ONE, Q2_48_OVER_17, Q2_NEG_32_OVER_17, Q2_ONE
from firmware_sim.fixed_point import INT32_MAX, INT32_MIN
from firmware_sim.loop_cache import loop
from firmware_sim.ops.rows import SUM_BITS

Integer = int | np.signedinteger


@loop
def shares(x: np.ndarray, table: np.ndarray, out_bits: int, most_shift: int, ofm: np.ndarray) -> bool:
    """ofm = exp(x) / sum(exp(x)) of each row in steps of 2**-out_bits; whether no shift exceeds most_shift.

    Shapes: x (R,C) int16, table (256,) int64 of exponentials in Q0.31 by the distance from a row's largest;
        ofm (R,C) int64.
    """
    of_distance = np.empty(len(table), np.int64)
    for r in range(x.shape[0]):
        largest = x[r].max()
        total = np.int64(0)
        for value in x[r]:
            total += _divided(table[largest - value], SUM_BITS)
        bits = 0
        while total >> bits:
            bits += 1
        headroom = 32 - bits
        scale = _one_over_one_plus((total << headroom) - (1 << 31))
        shift = SUM_BITS - headroom + 31 - out_bits
        if shift > most_shift:
            return False
        for distance in range(len(table)):
            of_distance[distance] = _divided(_high(table[distance], scale), shift)
        for c in range(x.shape[1]):
            ofm[r, c] = of_distance[largest - x[r, c]]
    return True


@loop
def _high(a: Integer, b: Integer) -> Integer:
    """fixed_point.saturating_rounding_doubling_high_mul"""
    return min((a * b + (1 << 30)) >> 31, INT32_MAX)


@loop
def _divided(x: Integer, exponent: Integer) -> Integer:
    """fixed_point.rounding_divide_by_pot"""
    return (x + ((1 << exponent) >> 1) - np.int64(x < 0 and exponent > 0)) >> exponent


@loop
def _one_over_one_plus(x: Integer) -> Integer:
    """fixed_functions.one_over_one_plus_x_for_x_in_0_1"""
    half_denominator = (x + Q0_ONE + 1) >> 1
    y = Q2_48_OVER_17 + _high(half_denominator, Q2_NEG_32_OVER_17)
    for _ in range(3):
        error = Q2_ONE - _high(half_denominator, y)
        y += min(max(_high(y, error) << 2, INT32_MIN), INT32_MAX)
    return min(max(y << 1, INT32_MIN), INT32_MAX)
