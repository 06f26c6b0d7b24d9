"""The C library's functions, whose bits numpy does not give."""

import numpy as np
import pytest

from firmware_sim import libm

FUNCTIONS = [libm.exp, libm.expm1, libm.log, libm.tanh, libm.sin, libm.cos]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_result_is_within_one_step_of_float64_and_keeps_the_shape(function):
    x = np.random.default_rng(1).uniform(0.1, 3, (7, 11)).astype(np.float32)
    wide = getattr(np, function.__name__)(x.astype(np.float64))
    result = function(x)
    assert result.dtype == np.float32 and result.shape == (7, 11)
    assert np.abs(result.view(np.int32) - wide.astype(np.float32).view(np.int32)).max() <= 1


def test_what_is_no_number_stays_so_and_infinities_are_reached():
    x = np.array([np.nan, np.inf, -np.inf, 100.0, -200.0], np.float32)
    nan, *rest = libm.exp(x).tolist()
    assert np.isnan(nan)
    assert rest == [np.inf, 0.0, np.inf, 0.0]
    assert libm.exp(np.zeros((0, 3), np.float32)).shape == (0, 3)
