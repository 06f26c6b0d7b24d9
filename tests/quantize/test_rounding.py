"""Compensated rounding: exact moments, and sums that are nearer than those of the nearest weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.attrs import Activation, Conv2DAttrs, DepthwiseConv2DAttrs, Padding
from graph.op_kind import OpKind
from graph.types import Op
from graph.windows import window_of
from quantize import rounding

CONV = Op(0, OpKind.CONV_2D, (), (), Conv2DAttrs(Padding.SAME, 2, 1, 1, 1, Activation.NONE))
DEPTHWISE = Op(
    0, OpKind.DEPTHWISE_CONV_2D, (), (), DepthwiseConv2DAttrs(Padding.SAME, 2, 1, 1, 1, 1, Activation.NONE)
)


def taps(op, pictures, padding):
    """What every output pixel reads, by hand: (pixels, 9, C)."""
    window = window_of(op.attrs, (1, *pictures.shape[2:]), (3, 3))
    padded = np.pad(pictures[:, 0], window.padding, constant_values=padding).astype(np.int64)
    read = [padded[:, window.rows.taps(y), window.cols.taps(x)] for y in range(3) for x in range(3)]
    return np.stack(read, axis=3).reshape(-1, 9, pictures.shape[-1])


@settings(deadline=None, max_examples=20)
@given(st.booleans(), st.integers(-128, 127), st.integers(0, 2**32 - 1))
def test_moments_are_exact(depthwise, padding, seed):
    pictures = np.random.default_rng(seed).integers(-128, 128, (11, 1, 7, 5, 3), dtype=np.int8)
    op = DEPTHWISE if depthwise else CONV
    shape = (1, 3, 3, 3) if depthwise else (4, 3, 3, 3)
    got = rounding.moments(op, shape, pictures, padding)
    rows = taps(op, pictures, padding)
    count = len(rows)
    for channel in range(3):
        own = rows[:, :, channel] if depthwise else rows.reshape(count, -1)
        total = own.sum(axis=0)
        expected = own.T @ own - np.outer(total, total) / count
        assert np.array_equal(expected, got[channel] if depthwise else got)


def test_a_layer_with_more_taps_than_memory_is_left_alone():
    assert rounding.moments(CONV, (1, 3, 3, 513), np.zeros((1, 1, 4, 4, 513), np.int8), 0) is None


def test_taps_that_have_nothing_to_do_with_each_other_are_rounded_to_the_nearest():
    rng = np.random.default_rng(3)
    weights = rng.uniform(-100, 100, (5, 1, 1, 17))
    second = np.diag(rng.uniform(1, 9, 17))
    made = rounding.compensated(CONV, weights, np.ones((5, 1, 1, 1)), second, 0.01)
    assert np.array_equal(np.round(weights), made)


@pytest.mark.parametrize("op", [CONV, DEPTHWISE], ids=["conv", "depthwise"])
def test_sums_are_nearer_than_with_the_nearest_weights(op):
    rng = np.random.default_rng(4)
    shape, groups, taps_of = ((29, 3, 3, 5), 1, 45) if op is CONV else ((1, 3, 3, 29), 29, 9)
    weights = rng.uniform(-20, 20, shape)
    mixed = rng.normal(size=(groups, 200, taps_of)) + 2 * rng.normal(size=(groups, 200, 1))
    second = mixed.transpose(0, 2, 1) @ mixed
    made = rounding.compensated(op, weights, np.ones((1, 1, 1, 1)), second[0] if op is CONV else second, 0.01)

    def cost(rounded):
        error = rounded - weights
        rows = error.reshape(1, 29, 45) if op is CONV else error.reshape(9, 29).T[:, None]
        return float(np.einsum("gok,gkl,gol->", rows, second, rows))

    assert np.abs(made).max() <= 127
    assert cost(made) < 0.7 * cost(np.round(weights))
