"""The fast path gives the definitions' bits: any shape, any edge, 0 different."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.fixed_point import INT32_MAX, INT32_MIN, wrap_int32
from firmware_sim.ops import FAST, KERNELS, conv_2d, depthwise_conv_2d
from firmware_sim.ops.kernel import Workspace
from firmware_sim.ops.products import Depthwise, Product, convolve, convolve_depthwise
from firmware_sim.ops.scaling import AnyRequantization, scaling_of
from firmware_sim.program import Engine, prepare
from firmware_sim.requantization import (
    Clamp,
    FloatRequantization,
    HalfEvenRequantization,
    Requantization,
    limits,
)
from firmware_sim.run import Machine
from firmware_sim.windows import window_of
from graph.types import DType, Graph
from memory_planner import chip
from memory_planner.plan import plan
from tests.firmware_sim.layers import convolutions, dense

CHIP = chip.load("npu6m")
FEW = settings(max_examples=60, deadline=None, derandomize=True)
MANY = settings(FEW, max_examples=3000)


def both(graph: Graph, ifm: np.ndarray) -> None:
    made = plan(graph, CHIP)
    plain, fast = (Machine(prepare(graph, made, engine=engine)).infer([ifm]) for engine in Engine)
    np.testing.assert_array_equal(plain.outputs[0], fast.outputs[0])
    assert plain.saturations == fast.saturations


@FEW
@given(convolutions(depthwise=False))
def test_a_convolution_by_matrix_products_has_the_same_bits(case):
    both(*case)


@FEW
@given(convolutions(depthwise=True))
def test_a_depthwise_convolution_by_the_compiled_loop_has_the_same_bits(case):
    both(*case)


@FEW
@given(dense())
def test_a_fully_connected_layer_by_a_matrix_product_has_the_same_bits(case):
    both(*case)


@pytest.mark.slow
@MANY
@given(convolutions(depthwise=False))
def test_thousands_of_convolutions_have_the_same_bits(case):
    both(*case)


@pytest.mark.slow
@MANY
@given(convolutions(depthwise=True))
def test_thousands_of_depthwise_convolutions_have_the_same_bits(case):
    both(*case)


def test_every_fast_kernel_has_a_definition():
    assert set(FAST) == set(KERNELS)


@st.composite
def scalings(draw: st.DrawFn, channels: int) -> AnyRequantization:
    """One of the three, its channels from saturating ones to ones that leave a few steps, some on ties."""
    dtype = draw(st.sampled_from([DType.INT8, DType.UINT8]))
    lowest, highest = limits(dtype)
    low, high = draw(st.sampled_from([(lowest, highest), (lowest + 27, highest - 37)]))
    clamp = Clamp(low, high, saturates_low=draw(st.booleans()), saturates_high=draw(st.booleans()))
    zero_point = draw(st.sampled_from([lowest, lowest + 131, highest]))
    mantissas = st.sampled_from([1 << 30, (1 << 31) - 1, 1518500250, 1073741825])
    multipliers = draw(st.lists(mantissas, min_size=channels, max_size=channels))
    shifts = draw(st.lists(st.integers(-20, 3), min_size=channels, max_size=channels))
    kind = draw(st.sampled_from([Requantization, FloatRequantization, HalfEvenRequantization]))
    if kind is Requantization:
        return Requantization(np.array(multipliers), np.array(shifts), zero_point, clamp, dtype)
    scales = np.ldexp(np.array(multipliers, np.float64), np.array(shifts) - 31)
    if kind is HalfEvenRequantization:
        return HalfEvenRequantization(scales.astype(np.float32), zero_point, clamp, dtype)
    return FloatRequantization(scales, zero_point, clamp, dtype)


ACCUMULATORS = st.one_of(
    st.integers(-(1 << 12), 1 << 12),
    st.integers(-(1 << 24), 1 << 24),
    st.sampled_from([-(1 << 24), 1 << 24, -(1 << 22), 1 << 22, 0, 1, -1]),
)
BIASES = st.one_of(
    st.integers(-5000, 5000), st.integers(INT32_MIN, INT32_MAX), st.sampled_from([INT32_MIN, INT32_MAX])
)


@FEW
@given(st.data())
def test_a_compiled_scaling_is_the_definition_on_ties_and_off_them(data):
    channels = data.draw(st.sampled_from([1, 3, 17]))
    plain = data.draw(scalings(channels))
    values = data.draw(st.lists(ACCUMULATORS, min_size=5 * channels, max_size=5 * channels))
    bias = np.array(data.draw(st.lists(BIASES, min_size=channels, max_size=channels)), np.int64)
    acc = np.array(values).reshape(5, channels)
    ofm = np.empty(acc.shape, plain.dtype.numpy)
    saturated = scaling_of(plain).apply(acc.astype(np.int32), bias.astype(np.int32), ofm)
    expected, count = plain.apply(wrap_int32(acc + bias))
    np.testing.assert_array_equal(expected, ofm)
    assert count == saturated


@pytest.mark.parametrize("shift", range(-13, 2))
@pytest.mark.parametrize("dtype", [DType.INT8, DType.UINT8])
def test_two_roundings_as_one_in_float64_are_the_two_in_integers(shift, dtype):
    """Around zero and around each output's tie, at the ends of int32, for the least and the largest Q0.31."""
    multipliers = np.array([1 << 30, (1 << 30) + 1, 1518500250, (1 << 31) - 1, 0])
    clamp = Clamp(*limits(dtype), saturates_low=True, saturates_high=True)
    made = Requantization(multipliers, np.full(5, shift), 5, clamp, dtype)
    ties = np.outer((np.arange(-300, 301) - 0.5) * 2.0 ** (31 - shift), 1 / np.maximum(multipliers, 1))
    near = np.floor(ties)[None] + np.arange(-2, 3)[:, None, None]
    ends = np.concatenate([np.arange(INT32_MIN, INT32_MIN + 9), np.arange(INT32_MAX - 8, INT32_MAX + 1)])
    acc = np.concatenate([near.reshape(-1, 5), np.repeat(ends[:, None], 5, 1), *np.mgrid[-999:1000, :5][:1]])
    acc = np.clip(acc, INT32_MIN, INT32_MAX).astype(np.int32)
    ofm = np.empty(acc.shape, dtype.numpy)
    saturated = scaling_of(made).apply(acc, np.zeros(5, np.int32), ofm)
    expected, count = made.apply(acc.astype(np.int64))
    np.testing.assert_array_equal(expected, ofm)
    assert count == saturated


def test_a_compiled_scaling_breaks_ties_as_each_rule_does():
    """Halves, near zero and far from it: two roundings, away from zero, to even."""
    values = np.arange(-8, 9, dtype=np.int64)[:, None]
    clamp = Clamp(-128, 127, saturates_low=True, saturates_high=True)
    half = np.array([0.5])
    rules = [
        Requantization(np.array([1 << 30]), np.array([0]), 0, clamp, DType.INT8),
        FloatRequantization(half, 0, clamp, DType.INT8),
        HalfEvenRequantization(half.astype(np.float32), 0, clamp, DType.INT8),
    ]
    got = []
    for rule in rules:
        ofm = np.empty(values.shape, np.int8)
        scaling_of(rule).apply(values.astype(np.int32), np.zeros(1, np.int32), ofm)
        got.append(ofm[:, 0].tolist())
    assert got == [
        [-4, -3, -3, -2, -2, -1, -1, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4],
        [-4, -4, -3, -3, -2, -2, -1, -1, 0, 1, 1, 2, 2, 3, 3, 4, 4],
        [-4, -4, -3, -2, -2, -2, -1, 0, 0, 0, 1, 2, 2, 2, 3, 4, 4],
    ]


@st.composite
def legacy(draw: st.DrawFn, depthwise: bool) -> tuple[Any, ...]:
    """Windows over uint8 or int8 pictures with weights of up to 255 in size."""
    graph, _ = draw(convolutions(depthwise))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    op, (ifm, weights, bias, _) = graph.ops[0], graph.tensors
    dtype = draw(st.sampled_from([DType.INT8, DType.UINT8]))
    low, high = limits(dtype)
    picture = rng.integers(low, high, ifm.shape, dtype.numpy, endpoint=True)
    heavy = rng.integers(-255, 255, weights.shape, np.int16, endpoint=True)
    channels = weights.shape[3 if depthwise else 0]
    attrs = op.attrs
    window = window_of(attrs, ifm.shape, weights.shape[1:3], (attrs.dilation_h, attrs.dilation_w))
    zero_point = draw(st.integers(low, high))
    return picture, heavy, bias.data.astype(np.int64), window, zero_point, draw(scalings(channels))


@FEW
@given(legacy(depthwise=False))
def test_heavy_weights_and_unsigned_pictures_have_the_same_bits(case):
    ifm, weights, bias, window, zero_point, scaling = case
    product = Product(weights.reshape(len(weights), -1), bias, zero_point, scaling)
    expected, count = scaling.apply(wrap_int32(conv_2d.accumulate(ifm, weights, bias, window, zero_point)))
    ofm = np.empty_like(expected)
    assert count == convolve(product, window, ifm, ofm, Workspace())
    np.testing.assert_array_equal(expected, ofm)


@FEW
@given(legacy(depthwise=True))
def test_heavy_depthwise_weights_and_unsigned_pictures_have_the_same_bits(case):
    ifm, weights, bias, window, zero_point, scaling = case
    made = Depthwise(weights[0], bias, zero_point, scaling, window)
    acc = depthwise_conv_2d.accumulate(ifm, weights, bias, window, zero_point)
    expected, count = scaling.apply(wrap_int32(acc))
    ofm = np.empty_like(expected)
    assert count == convolve_depthwise(made, ifm, ofm, Workspace())
    np.testing.assert_array_equal(expected, ofm)
