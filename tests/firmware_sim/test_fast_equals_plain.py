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


def requantization(channels: int) -> Requantization:
    clamp = Clamp(-128, 127, saturates_low=True, saturates_high=True)
    multipliers = np.full(channels, 1 << 30, np.int64)
    return Requantization(multipliers, np.full(channels, -15, np.int64), 0, clamp, DType.INT8)


@pytest.mark.parametrize(
    ("weight", "ifm", "depth", "dtype"),
    [
        (-128, DType.INT8, 1024, np.float32),
        (-128, DType.INT8, 1025, np.float64),
        (-127, DType.INT8, 1032, np.float32),
        (255, DType.UINT8, 258, np.float32),
        (-255, DType.UINT8, 259, np.float64),
        (1, DType.UINT8, 65793, np.float32),
        (1, DType.UINT8, 65794, np.float64),
    ],
)
def test_float32_serves_up_to_its_bound_and_not_beyond(weight, ifm, depth, dtype):
    """128 * 128 * 1024 is 2**24, the last integer that float32 counts to."""
    weights = np.full((1, depth), weight, np.int16)
    product = Product(weights, np.zeros(1, np.int64), 0, requantization(1), ifm)
    assert product.dtype == dtype
    largest = -128 if ifm is DType.INT8 else 255
    rows = np.full((1, depth), largest).astype(product.dtype)
    assert largest * weight * depth == int((rows @ product.weights)[0, 0])


def test_a_product_beyond_float32_would_lose_its_last_bit_there():
    """What the switch to float64 is for: 2**24 + 1 is no float32."""
    weights = np.full((1, 1025), -128, np.int8)
    weights[0, -1] = -1
    rows = np.full((1, 1025), -128, np.int8)
    rows[0, -1] = -1
    exact = 128 * 128 * 1024 + 1
    assert exact == int(rows.astype(np.int64)[0] @ weights.astype(np.int64)[0])
    assert exact != int(np.float32(exact))


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
@given(st.data(), st.sampled_from([np.float32, np.float64, np.int32]))
def test_a_compiled_scaling_is_the_definition_on_ties_and_off_them(data, dtype):
    channels = data.draw(st.sampled_from([1, 3, 17]))
    plain = data.draw(scalings(channels))
    values = data.draw(st.lists(ACCUMULATORS, min_size=5 * channels, max_size=5 * channels))
    bias = np.array(data.draw(st.lists(BIASES, min_size=channels, max_size=channels)), np.int64)
    acc = np.array(values).reshape(5, channels)
    ofm = np.empty(acc.shape, plain.dtype.numpy)
    saturated = scaling_of(plain).apply(acc.astype(dtype), bias.astype(np.int32), ofm)
    expected, count = plain.apply(wrap_int32(acc + bias))
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
        scaling_of(rule).apply(values.astype(np.float32), np.zeros(1, np.int32), ofm)
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
    return dtype, picture, heavy, bias.data.astype(np.int64), window, zero_point, draw(scalings(channels))


@FEW
@given(legacy(depthwise=False))
def test_heavy_weights_and_unsigned_pictures_have_the_same_bits(case):
    dtype, ifm, weights, bias, window, zero_point, scaling = case
    product = Product(weights.reshape(len(weights), -1), bias, zero_point, scaling, dtype)
    expected, count = scaling.apply(wrap_int32(conv_2d.accumulate(ifm, weights, bias, window, zero_point)))
    ofm = np.empty_like(expected)
    assert count == convolve(product, window, ifm, ofm, Workspace())
    np.testing.assert_array_equal(expected, ofm)


@FEW
@given(legacy(depthwise=True))
def test_heavy_depthwise_weights_and_unsigned_pictures_have_the_same_bits(case):
    _, ifm, weights, bias, window, zero_point, scaling = case
    made = Depthwise(weights[0], bias, zero_point, scaling)
    acc = depthwise_conv_2d.accumulate(ifm, weights, bias, window, zero_point)
    expected, count = scaling.apply(wrap_int32(acc))
    ofm = np.empty_like(expected)
    assert count == convolve_depthwise(made, window, ifm, ofm, Workspace())
    np.testing.assert_array_equal(expected, ofm)
