"""The integer arithmetic against its definition in rational numbers, and at the places where bugs sit."""

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from firmware_sim import fixed_functions
from firmware_sim import fixed_point as fp

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "fixed_point.json").read_text())
INT32 = st.integers(fp.INT32_MIN, fp.INT32_MAX)


def half_up(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))


def half_away(value: Fraction) -> int:
    return half_up(value) if value >= 0 else -half_up(-value)


@pytest.mark.parametrize("vector", GOLDEN["vectors"], ids=lambda v: v["catches"])
def test_golden_vectors_hold(vector):
    function = getattr(fp, vector["function"])
    arguments = [np.array(a, np.int64) if isinstance(a, list) else a for a in vector["arguments"]]
    result = function(*arguments)
    got = result.tolist() if isinstance(result, np.ndarray) else list(result)
    assert vector["result"] == got


@given(INT32, INT32)
@example(fp.INT32_MIN, fp.INT32_MIN)
def test_high_mul_is_the_rounded_high_half_saturated(a, b):
    expected = min(half_up(Fraction(a * b, 1 << 31)), fp.INT32_MAX)
    assert expected == fp.saturating_rounding_doubling_high_mul(np.array(a), np.array(b))


@given(INT32, st.integers(0, 31))
@example(-1, 1)
@example(fp.INT32_MIN, 31)
def test_dividing_by_a_power_of_two_rounds_half_away_from_zero(x, exponent):
    assert half_away(Fraction(x, 1 << exponent)) == fp.rounding_divide_by_pot(np.array(x), exponent)


@given(st.integers(-(1 << 24), 1 << 24), st.integers(1 << 30, fp.INT32_MAX), st.integers(-31, 6))
def test_scaling_rounds_twice(acc, multiplier, shift):
    once = half_up(Fraction(acc * (1 << max(shift, 0)) * multiplier, 1 << 31))
    twice = half_away(Fraction(once, 1 << max(-shift, 0)))
    assert twice == fp.multiply_by_quantized_multiplier(np.array(acc), multiplier, shift)


@given(st.floats(2**-31, 2**20))
def test_a_quantized_multiplier_is_the_nearest_of_31_bits(real):
    multiplier, shift = fp.quantize_multiplier(real)
    assert 1 << 30 <= multiplier < 1 << 31
    error = abs(Fraction(multiplier) * Fraction(2) ** (shift - 31) - Fraction(real))
    assert error <= Fraction(2) ** (shift - 32)


@pytest.mark.parametrize("real", [-1.0, math.inf, math.nan])
def test_a_multiplier_that_is_no_positive_number_is_refused(real):
    with pytest.raises(ValueError, match="cannot be quantized"):
        fp.quantize_multiplier(real)


def test_exponentials_are_within_a_millionth_and_fall():
    a = np.arange(-(1 << 31), 1, 1 << 20)
    exps = fixed_functions.exp_on_negative_values(a, 5)
    assert np.abs(exps / 2.0**31 - np.exp(a / 2.0**26)).max() < 1e-6
    assert (np.diff(exps) >= 0).all()


@given(st.integers(1, fp.INT32_MAX))
def test_a_reciprocal_is_within_a_millionth(x):
    value, bits = fixed_functions.reciprocal(x, 12)
    assert abs(value / 2.0**31 / 2.0**bits * (x / 2.0**19) - 1) < 1e-6


@given(st.lists(st.integers(-(1 << 31) + 1, fp.INT32_MAX), min_size=1, max_size=50))
def test_logistic_and_tanh_are_within_a_millionth(raws):
    a = np.array(raws)
    real = a / 2.0**27
    np.testing.assert_allclose(fixed_functions.logistic(a, 4) / 2.0**31, 1 / (1 + np.exp(-real)), atol=1e-6)
    np.testing.assert_allclose(fixed_functions.tanh(a, 4) / 2.0**31, np.tanh(real), atol=1e-6)


@given(st.lists(st.integers(1 << 19, fp.INT32_MAX), min_size=1, max_size=50))
def test_a_logarithm_is_within_a_hundred_thousandth(raws):
    logs = fixed_functions.log_of_at_least_one(np.array(raws), 12, 5)
    np.testing.assert_allclose(logs / 2.0**26, np.log(np.array(raws) / 2.0**19), atol=1e-5)


@given(st.lists(st.integers(1, fp.INT32_MAX), min_size=1, max_size=50))
def test_an_inverse_square_root_is_within_a_hundred_thousandth_of_itself(values):
    multiplier, shift = fixed_functions.inverse_square_root(np.array(values))
    np.testing.assert_allclose(multiplier * 2.0 ** (shift - 31), np.array(values) ** -0.5, rtol=1e-5)


def test_a_shift_beyond_the_register_counts_modulo_32():
    """An output's scale of 3e-35, which a converter wrote, asks for 2**102: x86-64 shifts by 6."""
    far, near = (fp.multiply_by_quantized_multiplier(np.array([3, -3]), 1 << 30, n) for n in (102, 6))
    assert far.tolist() == near.tolist() == [96, -96]
