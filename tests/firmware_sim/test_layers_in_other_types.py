"""Rules of convolutions and products that 8 bits do not show: order, width, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.numerics import Numerics
from firmware_sim.ops import conv_2d, transpose_conv
from firmware_sim.ops.accumulators import add_product
from firmware_sim.program import Engine, prepare
from firmware_sim.requantization import FloatRequantization, clamp_of, per_channel
from firmware_sim.run import Machine
from graph.attrs import Activation, Conv2DAttrs, FullyConnectedAttrs, Padding, TransposeConvAttrs
from graph.errors import UnsupportedOperatorError
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, QuantParams, Tensor
from graph.windows import axis_of, window_of
from memory_planner import chip
from memory_planner.plan import plan
from tests.firmware_sim.layers import convolutions
from tests.firmware_sim.test_fast_equals_plain import FEW

CHIP = chip.load("npu6m")


def test_float32_sums_in_the_order_of_the_loops_and_rounds_each_product():
    """In any other order the ones survive."""
    acc = np.zeros((1, 1), np.float32)
    add_product(acc, np.array([[1e8, 1, -1e8, 1]], np.float32), np.ones((4, 1), np.float32))
    assert acc.tolist() == [[1.0]]
    acc[...] = -(2.0**-24)  # a fused multiply-add would keep the product's last bit, 2**-70
    add_product(
        acc, np.array([[1 + 2.0**-23]], np.float32), np.array([[2.0**-24 * (1 + 2.0**-23)]], np.float32)
    )
    assert acc.tolist() == [[2.0**-46]]


def test_a_transposed_convolution_meets_its_inputs_in_their_order():
    ifm = np.array([1e8, 1, -1e8], np.float32).reshape(1, 1, 3, 1)
    weights = np.ones((1, 1, 3, 1), np.float32)
    axes = axis_of(Padding.SAME, 1, 1, 1), axis_of(Padding.SAME, 3, 3, 1)
    bias = np.zeros(1, np.float32)
    (((row,),),) = transpose_conv.accumulate(ifm, weights, bias, axes, (1, 3), 0).transpose(0, 3, 1, 2)
    assert row.tolist() == [100000000.0, 0.0, -100000000.0]


@FEW
@given(convolutions(depthwise=False), st.integers(0, 2**31))
def test_the_compiled_float_convolution_has_the_definitions_bits(case, seed):
    from firmware_sim import compiled_float

    graph, picture = case
    rng = np.random.default_rng(seed)
    attrs, shape = graph.ops[0].attrs, graph.tensors[1].shape
    assert isinstance(attrs, Conv2DAttrs)
    ifm = rng.normal(0, 1, picture.shape).astype(np.float32)
    weights = (rng.normal(0, 1, shape) * 10.0 ** rng.integers(-3, 4, shape)).astype(np.float32)
    window = window_of(attrs, ifm.shape, shape[1:3], (attrs.dilation_h, attrs.dilation_w))
    expected = conv_2d.accumulate(ifm, weights, np.zeros(len(weights), np.float32), window, 0)
    acc = np.empty_like(expected)
    compiled_float.convolve(ifm, np.ascontiguousarray(weights.transpose(1, 2, 3, 0)), window.geometry, acc)
    assert expected.tobytes() == acc.tobytes()


INT16 = QuantParams((0.5,), (0,))


def test_64_bit_sums_keep_15_bits_of_the_multiplier_and_32_bit_sums_31():
    """0.7 in Q0.15 is 22938 / 32768 = 0.70001: at 360,000 the two are one step apart."""
    ifm, ofm = (Tensor(i, "t", (1,), DType.INT16, QuantParams((1.0,), (0,))) for i in (0, 1))
    weights = Tensor(2, "w", (1, 1), DType.INT8, QuantParams((float(np.float32(0.7 / 2**3)),), (0,)))
    narrow = per_channel(ifm, weights, ofm, Activation.NONE, 1)
    acc = np.array([[100000]])
    assert tuple(r.apply(acc)[0].tolist() for r in (narrow, narrow.wide())) == ([[8750]], [[8750]])
    acc = np.array([[360000]])
    assert tuple(r.apply(acc)[0].tolist() for r in (narrow, narrow.wide())) == ([[31500]], [[31501]])


def test_a_sum_beyond_32_bits_is_scaled_whole_in_float64():
    ofm = Tensor(0, "y", (1,), DType.INT16, QuantParams((1.0,), (0,)))
    scaling = FloatRequantization(np.array([2.0**-30]), 0, clamp_of(Activation.NONE, ofm), DType.INT16)
    assert scaling.apply(np.array([1 << 40]))[0].tolist() == [1024]


def wide_layer(kind, attrs, bias_type, weights_shape, shapes, scale=0.01):
    """One operator on int16 with a bias of a type."""
    channels = weights_shape[0]
    weights = np.ones(weights_shape, np.int8)
    bias = np.ones(channels, bias_type.numpy)
    tensors = [
        Tensor(0, "ifm", shapes[0], DType.INT16, INT16),
        Tensor(1, "weights", weights_shape, DType.INT8, QuantParams((scale,), (0,)), weights),
        Tensor(2, "bias", bias.shape, bias_type, QuantParams((scale / 2,), (0,)), bias),
        Tensor(3, "ofm", shapes[1], DType.INT16, INT16),
        Tensor(
            4, "shape", (4,), DType.INT32, None, np.array(shapes[1] if len(shapes[1]) == 4 else [0] * 4, "i4")
        ),
    ]
    inputs = (4, 1, 0, 2) if kind is OpKind.TRANSPOSE_CONV else (0, 1, 2)
    return Graph(tuple(tensors), (Op(0, kind, inputs, (3,), attrs),), (0,), (3,))


def refusal(graph, numerics):
    with pytest.raises(UnsupportedOperatorError) as caught:
        prepare(graph, plan(graph, CHIP), numerics=numerics)
    return str(caught.value)


@pytest.mark.parametrize("stated", ["", "int64"])
def test_a_bias_of_32_bits_that_litert_would_read_as_64_is_refused_there_alone(stated):
    attrs = FullyConnectedAttrs(Activation.NONE, False, False, stated)
    graph = wide_layer(OpKind.FULLY_CONNECTED, attrs, DType.INT32, (3, 2), ((1, 2), (1, 3)))
    prepare(graph, plan(graph, CHIP), numerics=Numerics.TFLM)
    assert "bias tensor 2 is int32" in refusal(graph, Numerics.TFLITE_REF)


def test_a_transposed_convolutions_bias_of_32_bits_is_refused_where_tflm_would_read_64():
    attrs = TransposeConvAttrs(Padding.SAME, 1, 1, Activation.NONE, "int32")
    graph = wide_layer(OpKind.TRANSPOSE_CONV, attrs, DType.INT32, (3, 1, 1, 2), ((1, 2, 2, 2), (1, 2, 2, 3)))
    prepare(graph, plan(graph, CHIP), numerics=Numerics.TFLITE_REF)
    assert "bias tensor 2 is int32" in refusal(graph, Numerics.TFLM)


def test_a_multiplier_that_the_64_bit_scaling_has_no_shift_for_is_refused():
    attrs = FullyConnectedAttrs(Activation.NONE, False, False)
    graph = wide_layer(OpKind.FULLY_CONNECTED, attrs, DType.INT64, (3, 2), ((1, 2), (1, 3)), scale=128.0)
    assert "multiplier of 2**7 or more" in refusal(graph, Numerics.TFLM)


def test_a_bias_in_other_steps_than_input_times_weights_is_refused_as_the_runtimes_do():
    attrs = FullyConnectedAttrs(Activation.NONE, False, False)
    graph = wide_layer(OpKind.FULLY_CONNECTED, attrs, DType.INT64, (3, 2), ((1, 2), (1, 3)), scale=0.1)
    bias = graph.tensors[2]
    other = Tensor(2, "bias", bias.shape, bias.dtype, QuantParams((0.5,), (0,)), bias.data)
    changed = Graph((*graph.tensors[:2], other, *graph.tensors[3:]), graph.ops, graph.inputs, graph.outputs)
    assert "not that of input times weights" in refusal(changed, Numerics.TFLM)


def test_sums_that_pass_32_bits_wrap_in_both_engines():
    """33,100 products of 255 and 255 pass 2**31."""
    depth, one = 33_100, QuantParams((1.0,), (0,))
    weights = np.full((1, depth), 255, np.uint8)
    tensors = (
        Tensor(0, "ifm", (1, depth), DType.UINT8, one),
        Tensor(1, "weights", weights.shape, DType.UINT8, one, weights),
        Tensor(2, "ofm", (1, 1), DType.UINT8, QuantParams((2.0**24,), (200,))),
    )
    attrs = FullyConnectedAttrs(Activation.NONE, False, False)
    graph = Graph(tensors, (Op(0, OpKind.FULLY_CONNECTED, (0, 1), (2,), attrs),), (0,), (2,))
    made = plan(graph, CHIP)
    steps = round((255 * 255 * depth - 2**32) / 2**24)
    for engine in Engine:
        program = prepare(graph, made, engine=engine)
        (ofm,) = Machine(program).infer([np.full((1, depth), 255, np.uint8)]).outputs
        assert [[200 + steps]] == ofm.tolist()
