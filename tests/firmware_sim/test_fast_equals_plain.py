"""The fast path gives the definitions' bits: any shape, any edge, 0 different."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.fixed_point import INT32_MAX, INT32_MIN, wrap_int32
from firmware_sim.ops import FAST, KERNELS, conv_2d, depthwise_conv_2d
from firmware_sim.ops.kernel import RuntimeAbortError, Workspace
from firmware_sim.ops.products import Depthwise, Product
from firmware_sim.ops.scaling import LINE, AnyRequantization, scaling_of
from firmware_sim.program import Engine, prepare
from firmware_sim.requantization import (
    Clamp,
    FloatRequantization,
    HalfEvenRequantization,
    Requantization,
    limits,
)
from firmware_sim.run import Machine
from graph.attrs import Activation, Conv2DAttrs, Padding, ReducerAttrs, SoftmaxAttrs
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, QuantParams, Tensor
from graph.windows import window_of
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


@FEW
@given(
    st.tuples(*[st.sampled_from([1, 2, 3, 7, 17])] * 4),
    st.sampled_from([DType.INT8, DType.UINT8]),
    st.sampled_from([2.0**-4, 0.0617, 0.01]),
    st.integers(0, 2**31),
)
def test_a_mean_as_a_depthwise_convolution_has_the_same_bits(shape, dtype, scale, seed):
    low, high = limits(dtype)
    rng = np.random.default_rng(seed)
    before, after = rng.integers(low, high, 2, endpoint=True).tolist()
    ifm = Tensor(0, "ifm", shape, dtype, QuantParams((0.0625,), (before,)))
    axes = Tensor(1, "axes", (2,), DType.INT32, None, np.array([1, 2], np.int32))
    ofm = Tensor(2, "ofm", (shape[0], shape[3]), dtype, QuantParams((scale,), (after,)))
    op = Op(0, OpKind.MEAN, (0, 1), (2,), ReducerAttrs(keep_dims=False))
    graph = Graph((ifm, axes, ofm), (op,), (0,), (2,))
    both(graph, rng.integers(low, high, shape, dtype.numpy, endpoint=True))


@FEW
@given(
    st.tuples(*[st.sampled_from([1, 2, 3, 7])] * 4),
    st.lists(st.integers(0, 3), min_size=8, max_size=8),
    st.sampled_from([DType.INT8, DType.UINT8, DType.INT32, DType.FLOAT32]),
    st.booleans(),
)
def test_padding_straight_into_the_output_has_the_same_bits(shape, amounts, dtype, stated):
    around = np.array(amounts, np.int32).reshape(4, 2)
    quant = QuantParams((0.5,), (3,)) if dtype in (DType.INT8, DType.UINT8) else None
    value = np.array([77], dtype.numpy)
    padded = tuple(side + int(sum(pair)) for side, pair in zip(shape, around, strict=True))
    tensors = (
        Tensor(0, "ifm", shape, dtype, quant),
        Tensor(1, "amounts", around.shape, DType.INT32, None, around),
        Tensor(2, "ofm", padded, dtype, quant),
        Tensor(3, "value", value.shape, dtype, quant, value),
    )
    kind, inputs = (OpKind.PADV2, (0, 1, 3)) if stated else (OpKind.PAD, (0, 1))
    graph = Graph(tensors, (Op(0, kind, inputs, (2,), None),), (0,), (2,))
    both(graph, np.arange(np.prod(shape)).reshape(shape).astype(dtype.numpy))


@FEW
@given(
    st.tuples(st.integers(1, 3), st.sampled_from([1, 2, 7, 300, 1001])),
    st.sampled_from([DType.INT8, DType.UINT8]),
    st.sampled_from([1.0, 2.0**-4, 2.0**-9]),
    st.integers(1, 255),
    st.integers(0, 2**31),
)
def test_a_softmax_in_a_compiled_loop_has_the_same_bits_or_aborts_as_well(shape, dtype, scale, span, seed):
    low, _ = limits(dtype)
    ifm = Tensor(0, "ifm", shape, dtype, QuantParams((scale,), (0,)))
    ofm = Tensor(1, "ofm", shape, dtype, QuantParams((2.0**-8,), (low,)))
    graph = Graph((ifm, ofm), (Op(0, OpKind.SOFTMAX, (0,), (1,), SoftmaxAttrs(1.0)),), (0,), (1,))
    x = (np.random.default_rng(seed).integers(0, span, shape, endpoint=True) + low).astype(dtype.numpy)
    made = plan(graph, CHIP)
    answers: list[np.ndarray | str] = []
    for engine in Engine:
        try:
            answers.append(Machine(prepare(graph, made, engine=engine)).infer([x]).outputs[0])
        except RuntimeAbortError as error:
            answers.append(str(error))
    np.testing.assert_array_equal(*answers)


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
    low, high = (draw(st.sampled_from(ends)) for ends in ([lowest, lowest + 27], [highest, highest - 37]))
    clamp = Clamp(low, high, saturates_low=low == lowest, saturates_high=high == highest)
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


def scaled(made: AnyRequantization, acc: np.ndarray, bias: np.ndarray | int, reach: int) -> np.ndarray:
    """What the compiled loop makes of acc + bias, held to the definition; sums without bias are in reach."""
    from firmware_sim import tiles

    channels = acc.shape[1]
    wide = np.broadcast_to(np.asarray(bias, np.int64), channels)
    form, given = scaling_of(made, wide, np.full(channels, reach))
    padded = np.pad(acc.astype(np.int32), ((0, 0), (0, -channels % 16)))
    panels = (padded + given).reshape(len(acc), -1, 16)  # which wraps, as the register does
    ofm = np.empty(acc.shape, np.int8)
    saturated = 0
    for panel in range(panels.shape[1]):
        sums = panels[:, panel].reshape(-1)
        saturated += tiles.one_by_one(sums, form, panel, ofm, 0, 0, len(acc))
    ofm = ofm.view(made.dtype.numpy)
    expected, count = made.apply(wrap_int32(acc + wide))
    np.testing.assert_array_equal(expected, ofm)
    assert count == saturated
    return ofm


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
    scaled(plain, np.array(values).reshape(5, channels), bias, 1 << 24)


@pytest.mark.parametrize("shift", range(-13, 2))
@pytest.mark.parametrize("dtype", [DType.INT8, DType.UINT8])
def test_two_roundings_as_one_in_float64_are_the_two_in_integers(shift, dtype):
    """Around zero and around each output's tie, at the ends of int32, for the least and the largest Q0.31."""
    multipliers = np.repeat([1 << 30, (1 << 30) + 1, 1518500250, (1 << 31) - 1, 0], 5)  # a vector and a rest
    channels = len(multipliers)
    clamp = Clamp(*limits(dtype), saturates_low=True, saturates_high=True)
    made = Requantization(multipliers, np.full(channels, shift), 5, clamp, dtype)
    ties = np.outer((np.arange(-300, 301) - 0.5) * 2.0 ** (31 - shift), 1 / np.maximum(multipliers, 1))
    near = (np.floor(ties)[None] + np.arange(-2, 3)[:, None, None]).reshape(-1, channels)
    ends = [*range(INT32_MIN, INT32_MIN + 9), *range(INT32_MAX - 8, INT32_MAX + 1), *range(-999, 1000)]
    acc = np.concatenate([near, np.repeat(np.array(ends)[:, None], channels, 1)])
    scaled(made, np.clip(acc, INT32_MIN, INT32_MAX), 0, INT32_MAX)


@pytest.mark.parametrize("zero_point", [-128, 5])
@pytest.mark.parametrize("counts", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_a_line_that_is_proven_gives_every_sum_its_output(zero_point, counts, seed):
    """All sums within reach, of channels of which most have a line."""
    rng, reach = np.random.default_rng(seed), 40_000
    clamp = Clamp(-128, 127, saturates_low=counts, saturates_high=counts)
    multipliers, shifts = rng.integers(1 << 30, 1 << 31, 64), rng.integers(-10, -4, 64)
    made = Requantization(multipliers, shifts, zero_point, clamp, DType.INT8)
    form, _ = scaling_of(made, np.zeros(64, np.int64), np.full(64, reach))
    assert np.count_nonzero(form.ways == LINE) > 1
    sums = np.arange(-reach, reach + 1)
    scaled(made, np.repeat(sums[:, None], 64, axis=1), 0, reach)


@pytest.mark.parametrize("bias", [-(1 << 30), 1 << 30, 0, INT32_MIN + 300, INT32_MAX - 300, INT32_MAX])
@pytest.mark.parametrize("shift", [-31, -27, -13, -12, -9, 0, 2])
def test_a_channel_that_no_input_changes_is_its_own_output(bias, shift):
    """Weights that training let die, a bias that is huge for it."""
    clamp = Clamp(-100, 127, saturates_low=False, saturates_high=True)
    made = Requantization(np.full(17, 1518500250), np.full(17, shift), 11, clamp, DType.INT8)
    for reach in (0, 255):
        acc = np.resize([-reach, 0, reach, 1 - reach], (5, 17))
        scaled(made, np.clip(acc, -reach, reach), bias, reach)


def test_a_compiled_scaling_breaks_ties_as_each_rule_does():
    """Halves, near zero and far from it: two roundings, away from zero, to even."""
    values = np.repeat(np.arange(-8, 9)[:, None], 17, 1)
    clamp = Clamp(-128, 127, saturates_low=True, saturates_high=True)
    half = np.full(17, 0.5)
    rules: list[AnyRequantization] = [
        Requantization(np.full(17, 1 << 30), np.zeros(17, np.int64), 0, clamp, DType.INT8),
        FloatRequantization(half, 0, clamp, DType.INT8),
        HalfEvenRequantization(half.astype(np.float32), 0, clamp, DType.INT8),
    ]
    got = [scaled(rule, values, 0, 8)[:, 0].tolist() for rule in rules]
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


def scaling_to_ties(sums: np.ndarray, seed: int) -> Requantization:
    """Multipliers that bring each channel's sum as near to a tie of two roundings as Q0.31 can."""
    sizes, rng = np.maximum(np.abs(sums), 1), np.random.default_rng(seed)
    ties = rng.integers(1, 100, len(sums)) - 0.5
    shifts = np.clip(np.frexp(ties / sizes)[1], -12, 0)
    ties -= np.where(shifts < 0, np.ldexp(0.5, shifts), 0)  # what the first rounding adds
    multipliers = np.rint(np.ldexp(ties / sizes, 31 - shifts)).astype(np.int64)
    clamp = Clamp(-90, 80, saturates_low=seed % 2 == 0, saturates_high=seed % 2 == 0)
    return Requantization(np.clip(multipliers, 0, (1 << 31) - 1), shifts, -14, clamp, DType.INT8)


@pytest.mark.parametrize("depthwise", [False, True])
@FEW
@given(st.tuples(*[st.integers(1, 20)] * 2), st.sampled_from([16, 17, 48]), st.integers(0, 2**31))
def test_where_every_sum_is_near_a_tie_each_pixel_has_its_bits(depthwise, size, channels, seed):
    """Also those that a tile computes a second time."""
    rng = np.random.default_rng(seed)
    height, width = size
    depth, filters = (channels, 1) if depthwise else (3, channels)
    ifm = np.full((1, height, width, depth), rng.integers(-128, 127), np.int8)
    weights = rng.integers(-127, 127, (filters, 1, 1, depth), np.int8)
    window = window_of(Conv2DAttrs(Padding.VALID, 1, 1, 1, 1, Activation.NONE), ifm.shape, (1, 1))
    bias = rng.integers(-5000, 5000, channels)
    accumulate = depthwise_conv_2d.accumulate if depthwise else conv_2d.accumulate
    acc = accumulate(ifm, weights, bias, window, -128)
    scaling = scaling_to_ties(acc[0, 0, 0], seed)
    made: Product | Depthwise
    if depthwise:
        made = Depthwise(weights[0], bias, -128, scaling, DType.INT8, window)
    else:
        made = Product(weights[:, 0, 0], bias, -128, scaling, DType.INT8, window)
    expected, count = scaling.apply(acc)
    ofm = np.empty_like(expected)
    assert count == made.convolve(ifm, ofm, Workspace())
    np.testing.assert_array_equal(expected, ofm)


@pytest.mark.parametrize("quads", [False, None], ids=["pairs", "what this processor sums"])
@FEW
@given(legacy(depthwise=False))
def test_heavy_weights_and_unsigned_pictures_have_the_same_bits(quads, case):
    dtype, ifm, weights, bias, window, zero_point, scaling = case
    if quads is None:
        weights = np.clip(weights, -128, 127)
    product = Product(
        weights.reshape(len(weights), -1), bias, zero_point, scaling, dtype, window, quads=quads
    )
    expected, count = scaling.apply(wrap_int32(conv_2d.accumulate(ifm, weights, bias, window, zero_point)))
    ofm = np.empty_like(expected)
    assert count == product.convolve(ifm, ofm, Workspace())
    np.testing.assert_array_equal(expected, ofm)


@FEW
@given(legacy(depthwise=True))
def test_heavy_depthwise_weights_and_unsigned_pictures_have_the_same_bits(case):
    dtype, ifm, weights, bias, window, zero_point, scaling = case
    made = Depthwise(weights[0], bias, zero_point, scaling, dtype, window)
    acc = depthwise_conv_2d.accumulate(ifm, weights, bias, window, zero_point)
    expected, count = scaling.apply(wrap_int32(acc))
    ofm = np.empty_like(expected)
    assert count == made.convolve(ifm, ofm, Workspace())
    np.testing.assert_array_equal(expected, ofm)
