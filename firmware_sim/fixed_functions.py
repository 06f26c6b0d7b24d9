"""Functions of fixed-point numbers as the firmware's kernels compute them: short series and Newton steps.

Every function takes and gives int64 arrays that hold int32 values; Q5 is a number with 5 integer bits and 26
fractional ones.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from firmware_sim.fixed_point import (
    INT32_MAX,
    Integers,
    rounding_divide_by_pot,
    saturate_int32,
    saturating_rounding_doubling_high_mul,
)

Q0_ONE: Final = INT32_MAX  # 1.0 has no Q0.31; the largest value stands for it
Q2_ONE: Final = 1 << 29
Q2_48_OVER_17: Final = 1515870810
Q2_NEG_32_OVER_17: Final = -1010580540
EXP_MINUS_EIGHTH: Final = 1895147668
ONE_THIRD: Final = 715827883
Q3_THREE_HALVES: Final = (1 << 28) + (1 << 27)
SQRT_HALF: Final = 1518500250
SQRT_SQRT_HALF: Final = 1805811301
LOG_2: Final = 1488522236
# The rational function behind log_of_at_least_one, in Q0.31.
LOG_NUMERATOR: Final = 117049297
LOG_DENOMINATOR_D: Final = 127690142
LOG_DENOMINATOR_I: Final = 1057819769
LOG_DENOMINATOR_F: Final = 638450708
# exp(-2**k) in Q0.31, by k.
EXP_MINUS_POT: Final = {
    -2: 1672461947,
    -1: 1302514674,
    0: 790015084,
    1: 290630308,
    2: 39332535,
    3: 720401,
    4: 242,
}


def _exp_near_minus_eighth(a: np.ndarray) -> np.ndarray:
    """exp(a) for -1/4 <= a < 0, all in Q0.31: four terms of the series around -1/8."""
    mul = saturating_rounding_doubling_high_mul
    x = a + (1 << 28)
    x2 = mul(x, x)
    x3 = mul(x2, x)
    x4 = mul(x2, x2)
    thirds = mul(rounding_divide_by_pot(x4, 2) + x3, ONE_THIRD)
    tail = rounding_divide_by_pot(thirds + x2, 1)
    return EXP_MINUS_EIGHTH + mul(EXP_MINUS_EIGHTH, x + tail)


def exp_on_negative_values(a: np.ndarray, integer_bits: int) -> np.ndarray:
    """exp(a) in Q0.31 for a <= 0 in Q(integer_bits).(31 - integer_bits), for integer_bits <= 5.

    The series covers the last quarter below zero; one factor exp(-2**k) stands for each further bit of -a.

    >>> (exp_on_negative_values(np.array([0, -(1 << 26)]), 5) / 2.0**31).round(6).tolist()
    [1.0, 0.36788]

    Shapes: a (...) int32 held in int64.
    Source: gemmlowp fixedpoint.h exp_on_negative_values.
    """
    a = np.asarray(a, np.int64)
    fractional_bits = 31 - integer_bits
    quarter = 1 << (fractional_bits - 2)
    within = (a & (quarter - 1)) - quarter
    result = _exp_near_minus_eighth(saturate_int32(within << integer_bits))
    remainder = within - a
    for exponent, factor in EXP_MINUS_POT.items():
        if exponent < integer_bits:
            bit = (remainder >> (fractional_bits + exponent)) & 1
            result = np.where(bit, saturating_rounding_doubling_high_mul(result, factor), result)
    return np.where(a == 0, Q0_ONE, result)


def _two_over_one_plus_x(x: np.ndarray) -> np.ndarray:
    """2 / (1 + x) in Q2.29 for 0 <= x < 1 in Q0.31, by three Newton steps."""
    mul = saturating_rounding_doubling_high_mul
    half_denominator = (np.asarray(x, np.int64) + Q0_ONE + 1) >> 1
    y = Q2_48_OVER_17 + mul(half_denominator, Q2_NEG_32_OVER_17)
    for _ in range(3):
        error = Q2_ONE - mul(half_denominator, y)
        y = y + saturate_int32(mul(y, error) << 2)
    return y


def one_over_one_plus_x_for_x_in_0_1(x: np.ndarray) -> np.ndarray:
    """1 / (1 + x) in Q0.31 for 0 <= x < 1 in Q0.31.

    >>> (one_over_one_plus_x_for_x_in_0_1(np.array([1 << 30])) / 2.0**31).round(6).tolist()
    [0.666667]

    Shapes: x (...) int32 held in int64.
    Source: gemmlowp fixedpoint.h one_over_one_plus_x_for_x_in_0_1.
    """
    return saturate_int32(_two_over_one_plus_x(x) << 1)


def logistic(a: np.ndarray, integer_bits: int) -> np.ndarray:
    """1 / (1 + exp(-a)) in Q0.31 for a in Q(integer_bits).

    >>> (logistic(np.array([0, 1 << 27, -(1 << 27)]), 4) / 2.0**31).round(6).tolist()
    [0.5, 0.731059, 0.268941]

    Shapes: a (...) int32 held in int64.
    Source: gemmlowp fixedpoint.h logistic.
    """
    a = np.asarray(a, np.int64)
    above = one_over_one_plus_x_for_x_in_0_1(exp_on_negative_values(-np.abs(a), integer_bits))
    return np.select([a > 0, a < 0], [above, Q0_ONE - above], 1 << 30)


def tanh(a: np.ndarray, integer_bits: int) -> np.ndarray:
    """tanh(a) in Q0.31 for a in Q(integer_bits), by (1 - exp(-2a)) / (1 + exp(-2a)).

    >>> (tanh(np.array([0, 1 << 27, -(1 << 27)]), 4) / 2.0**31).round(6).tolist()
    [0.0, 0.761594, -0.761594]

    Shapes: a (...) int32 held in int64.
    Source: gemmlowp fixedpoint.h tanh.
    """
    a = np.asarray(a, np.int64)
    doubled = exp_on_negative_values(-np.abs(a), integer_bits + 1)
    above = saturate_int32((_two_over_one_plus_x(doubled) - Q2_ONE) << 2)
    return np.sign(a) * above


def bit_length(x: Integers) -> np.ndarray:
    """Bits up to the highest that is set, for 0 <= x < 2**53.

    >>> bit_length(np.array([0, 1, 255, 256])).tolist()
    [0, 1, 8, 9]
    """
    return np.frexp(np.asarray(x, np.float64))[1].astype(np.int64)


def reciprocal(x: Integers, integer_bits: int) -> tuple[np.ndarray, np.ndarray]:
    """1 / x as a Q0.31 number and the bits that x has above 1.0, for x > 0 in Q(integer_bits).

        1 / x = value / 2**31 / 2**bits_over_unit

    >>> value, bits_over_unit = reciprocal(3 << 19, 12)  # 1 / 3 = 1431655765 * 2**-32, nearly
    >>> int(value), int(bits_over_unit)
    (1431655762, 1)

    Source: TFLite common.h GetReciprocal.
    """
    headroom = 32 - bit_length(x)
    shifted_minus_one = (np.asarray(x, np.int64) << headroom) - (1 << 31)
    return one_over_one_plus_x_for_x_in_0_1(shifted_minus_one), integer_bits - headroom


def log_of_at_least_one(x: np.ndarray, integer_bits: int, out_bits: int) -> np.ndarray:
    """ln(x) in Q(out_bits) for x >= 1 in Q(integer_bits).

    x is 2**k * r with r near sqrt(sqrt(1/2)), by the better of two choices of k; a rational function
    of r gives ln(r), and k * ln(2) is added.

    >>> (log_of_at_least_one(np.array([1 << 19, 20 << 19]), 12, 5) / 2.0**26).round(6).tolist()
    [0.0, 2.995732]

    Shapes: x (...) int32 held in int64.
    Source: TFLite common.h log_x_for_x_greater_than_or_equal_to_1_impl.
    """
    mul = saturating_rounding_doubling_high_mul
    x, accumulator_bits = np.asarray(x, np.int64), out_bits + 1
    one, quarter = 1 << (31 - accumulator_bits), 1 << (29 - accumulator_bits)
    wide = 31 - bit_length(x)
    narrow = 31 - bit_length(mul(x, SQRT_HALF))
    by_wide = saturate_int32(mul(saturate_int32(x << wide), SQRT_HALF) << 1)
    by_narrow = saturate_int32(x << narrow)
    power = np.maximum((integer_bits - 1 - wide) * one + quarter, (integer_bits - narrow) * one - quarter)
    r = np.minimum(by_wide, by_narrow)
    p, q = (r + SQRT_SQRT_HALF + 1) >> 1, 2 * (r - SQRT_SQRT_HALF)
    square = mul(q, q)
    numerator = mul(q, r) + mul(mul(q, square), LOG_NUMERATOR)
    denominator = mul(p, LOG_DENOMINATOR_I + q + mul(LOG_DENOMINATOR_D, square)) + mul(LOG_DENOMINATOR_F, q)
    of_r = mul(
        rounding_divide_by_pot(numerator, accumulator_bits), one_over_one_plus_x_for_x_in_0_1(denominator)
    )
    return saturate_int32((mul(power, LOG_2) + of_r) << 1)


def input_radius(integer_bits: int, left_shift: int) -> int:
    """The largest whole number that, shifted left, stays inside Q(integer_bits).

        floor((2**integer_bits - 1) * 2**(31 - integer_bits) / 2**left_shift)

    Source: TFLite quantization_util.cc CalculateInputRadius.
    """
    return (((1 << integer_bits) - 1) << (31 - integer_bits)) >> left_shift


def inverse_square_root(x: Integers) -> tuple[np.ndarray, np.ndarray]:
    """(multiplier, shift) of 1 / sqrt(x), multiplier in Q0.31, by five Newton steps; 0 counts as 1.

        1 / sqrt(x) = multiplier / 2**31 * 2**shift

    >>> multiplier, shift = inverse_square_root([4, 1])
    >>> multiplier.tolist(), shift.tolist()
    ([1073741828, 2147483647], [0, 0])

    Shapes: x (...) int32 held in int64, 0 <= x.
    Source: TFLite common.h GetInvSqrtQuantizedMultiplierExp.
    """
    mul = saturating_rounding_doubling_high_mul
    given = np.asarray(x, np.int64)
    quarters = given >= 1 << 29
    x = np.where(quarters, given >> 2, np.maximum(given, 2))
    pairs = (31 - bit_length(x)) // 2 - 1
    half = rounding_divide_by_pot((x << (2 * pairs)) >> 1, 1)  # Q3.28, as all that follow
    root = np.full_like(x, 1 << 28)
    for _ in range(5):
        cube = saturate_int32(mul(mul(root, root), root) << 6)
        root = saturate_int32((mul(Q3_THREE_HALVES, root) - mul(half, cube)) << 3)
    shift = pairs - quarters - 11
    value = mul(root, SQRT_HALF) << np.maximum(shift, 0)
    return np.where(given <= 1, INT32_MAX, value), np.where(given <= 1, 0, np.minimum(shift, 0))
