"""The fixed-point arithmetic that the firmware's kernels share, exact, on numpy integers.

Every function takes and gives int64 arrays that hold int32 values.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from firmware_sim import libm

Integers = np.ndarray | np.signedinteger | int

INT32_MAX: Final = (1 << 31) - 1
INT32_MIN: Final = -(1 << 31)


def quantize_multiplier(real: float) -> tuple[int, int]:
    """The (multiplier, shift) whose product with 2**-31 is nearest to `real`, multiplier in Q0.31.

        real ~ multiplier / 2**31 * 2**shift          # 2**30 <= multiplier < 2**31

    Below 2**-32 it gives (0, 0).

    >>> quantize_multiplier(0.25), quantize_multiplier(1.0), quantize_multiplier(0.0)
    ((1073741824, -1), (1073741824, 1), (0, 0))

    Raises: ValueError for a negative number or one that is not finite.
    Source: TFLite quantization_util.cc QuantizeMultiplier.
    """
    if not (math.isfinite(real) and real >= 0):
        raise ValueError(f"a multiplier of {real} cannot be quantized; scales must be positive numbers")
    fraction, shift = math.frexp(real)
    multiplier = math.floor(fraction * (1 << 31) + 0.5)
    if multiplier == 1 << 31:
        multiplier, shift = multiplier // 2, shift + 1
    return (0, 0) if shift < -31 else (multiplier, shift)


def rounded_log2(scale: float) -> tuple[int, bool]:
    """log2 of a float32 scale to the nearest integer, and whether the runtimes take it for a power of two.

    They do within 0.001: 0.2501 passes for 0.25.

    >>> rounded_log2(0.25), rounded_log2(0.2501), rounded_log2(0.3)
    ((-2, True), (-2, True), (-2, False))

    Source: TFLite quantization_util.cc CheckedLog2.
    """
    ln, ln_2 = libm.log(np.array([scale, 2.0], np.float32))
    log2 = ln * (np.float32(1) / ln_2)
    rounded = libm.round_away(log2)
    return int(rounded), bool(np.abs(log2 - rounded) < np.float32(1e-3))


def wrap_int32(values: np.ndarray) -> np.ndarray:
    """The int32 that the low 32 bits say, as registers do.

    >>> wrap_int32(np.array([1 << 31, -1])).tolist()
    [-2147483648, -1]
    """
    return np.asarray(values, np.int64).astype(np.int32).astype(np.int64)


def saturate_int32(values: np.ndarray) -> np.ndarray:
    """The nearest int32."""
    return np.clip(values, INT32_MIN, INT32_MAX)


def saturating_rounding_doubling_high_mul(a: Integers, b: Integers) -> np.ndarray:
    """The high 32 bits of 2 * a * b, rounded to nearest, ties up; saturated in the one case that overflows.

        floor((a * b + 2**30) / 2**31)                # -2**31 * -2**31 gives 2**31 - 1

    >>> saturating_rounding_doubling_high_mul(np.array([1, 3, -1]), np.array(1 << 30)).tolist()
    [1, 2, 0]

    Overflow: |a * b| <= 2**62, inside int64.
    Source: gemmlowp fixedpoint.h SaturatingRoundingDoublingHighMul, whose truncation of a signed nudge
        is this floor.
    """
    product = np.asarray(a, np.int64) * np.asarray(b, np.int64)
    return np.minimum((product + (1 << 30)) >> 31, INT32_MAX)


def rounding_divide_by_pot(x: Integers, exponent: Integers) -> np.ndarray:
    """x / 2**exponent, rounded to nearest, ties away from zero.

    >>> rounding_divide_by_pot(np.array([1, -1, 3, -3, 5]), 1).tolist()
    [1, -1, 2, -2, 3]

    Shapes: x (...) int32 held in int64; exponent () or (C,), 0 to 31.
    Source: gemmlowp fixedpoint.h RoundingDivideByPOT.
    """
    x, exponent = np.asarray(x, np.int64), np.asarray(exponent, np.int64)
    half = (np.int64(1) << exponent) >> 1
    return (x + half - ((x < 0) & (exponent > 0))) >> exponent


def multiply_by_quantized_multiplier(acc: Integers, multiplier: Integers, shift: Integers) -> np.ndarray:
    """Scale int32 accumulators, rounding twice as gemmlowp does.

        high = floor((acc * 2**max(shift, 0) * multiplier + 2**30) / 2**31)
        out  = high / 2**max(-shift, 0), ties away from zero

    The two roundings differ from one rounding by one in the last place
    (0.25 * 1 gives 1, not 0); the chip's bits depend on it.

    >>> multiply_by_quantized_multiplier(np.array([1, 2, -2]), np.int64(1 << 30), np.int64(-1)).tolist()
    [1, 1, -1]

    Shapes: acc (..., C) int32 held in int64; multiplier, shift () or (C,).
    Overflow: acc * 2**shift wraps at 32 bits, as the register does; of a shift of 32 or more the low 5 bits
        count, as on x86-64 (in C it is undefined).
    Source: gemmlowp fixedpoint.h; TFLite common.cc MultiplyByQuantizedMultiplier.
    """
    shift = np.asarray(shift, np.int64)
    shifted = wrap_int32(np.asarray(acc, np.int64) << (np.maximum(shift, 0) & 31))
    high = saturating_rounding_doubling_high_mul(shifted, np.asarray(multiplier))
    return rounding_divide_by_pot(high, np.maximum(-shift, 0))


def multiply_wide_by_quantized_multiplier(acc: Integers, multiplier: Integers, shift: Integers) -> np.ndarray:
    """Scale int64 accumulators by the multiplier's upper 15 bits, rounding once, ties up.

        short = min((multiplier + 2**15) >> 16, 2**15 - 1)
        out   = floor((acc * short + 2**(14 - shift)) / 2**(15 - shift))

    The runtimes' way for 16-bit activations, whose sums pass 32 bits.

    >>> multiply_wide_by_quantized_multiplier(np.array([1, -1, 1 << 40]), 1 << 30, -1).tolist()
    [0, 0, 0]
    >>> multiply_wide_by_quantized_multiplier(np.array([2, -2, 6, 1 << 30]), 1 << 30, -1).tolist()
    [1, 0, 2, 268435456]

    Shapes: acc (..., C) int64; multiplier, shift () or (C,).
    Overflow: |acc| < 2**47 and -31 <= shift <= 7 keep the product inside int64; the result keeps its low 32
        bits, as the register does.
    Source: TFLite common.cc MultiplyByQuantizedMultiplier(int64_t, ...).
    """
    short = np.minimum((np.asarray(multiplier, np.int64) + (1 << 15)) >> 16, (1 << 15) - 1)
    right = 15 - np.asarray(shift, np.int64)
    return wrap_int32((np.asarray(acc, np.int64) * short + (np.int64(1) << (right - 1))) >> right)
