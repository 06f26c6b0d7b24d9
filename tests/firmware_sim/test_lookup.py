"""Tables: exact where the function is a line, whatever the interpolation."""

import numpy as np

from firmware_sim import lookup
from graph.types import QuantParams


def test_a_line_is_interpolated_exactly():
    quant = QuantParams((2.0**-10,), (0,))
    table = lookup.sampled_for(lambda x: x, quant, quant)
    q = np.arange(-(1 << 15), 1 << 15)
    assert np.abs(lookup.interpolated(table, q) - q).max() <= 1
    assert table.shape == (513,)


def test_a_result_beyond_32_bits_is_the_nearest():
    before, after = QuantParams((1.0,), (0,)), QuantParams((2.0**-30,), (5,))
    steps = lookup.rounded_in_float(lambda x: x, before, after, np.array([-100, 0, 100]))
    assert steps.tolist() == [-(1 << 31), 5, (1 << 31) - 1]


def test_the_sigmoids_table_is_within_2_of_the_sigmoid():
    exact = 65536 / (1 + np.exp(-np.arange(256) / 24))
    assert np.abs(lookup.SIGMOID - exact).max() < 2
