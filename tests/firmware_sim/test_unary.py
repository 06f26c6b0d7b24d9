"""Operators of one operand: where the runtimes part, what they refuse, what counts as saturated."""

import numpy as np
import pytest

from firmware_sim.numerics import Numerics
from firmware_sim.ops import KERNELS
from firmware_sim.ops.kernel import Operands, RuntimeAbortError, Workspace
from graph.attrs import LeakyReluAttrs, SoftmaxAttrs
from graph.errors import UnsupportedOperatorError
from graph.op_kind import OpKind
from graph.types import DType, Op, QuantParams, Tensor

TFLM, LITERT = Numerics.TFLM, Numerics.TFLITE_REF
NAN_AND_ENDS = np.array([np.nan, np.inf, -np.inf, 127.9, -128.9], np.float32)


def quant(scale, zero_point=0):
    return QuantParams((float(np.float32(scale)),), (zero_point,))


def run(kind, x, before, after, numerics=TFLM, attrs=None, to=None):
    """(ofm, saturated) of one operator."""
    x = np.asarray(x)
    to = np.dtype(to or x.dtype)
    ifm, ofm = (
        Tensor(i, "t", x.shape, DType(d.name), q) for i, d, q in ((0, x.dtype, before), (1, to, after))
    )
    kernel = KERNELS[kind](Operands(Op(0, kind, (0,), (1,), attrs), numerics, (ifm,), (ofm,)))
    result = np.empty(x.shape, to)
    saturated = kernel([x], [result], Workspace())
    return result.tolist(), saturated


@pytest.mark.parametrize(("numerics", "expected"), [(TFLM, [0, 20, 120]), (LITERT, [-128, -85, 127])])
def test_relu6_of_the_firmware_keeps_the_inputs_own_steps(numerics, expected):
    x = np.array([-128, 20, 127], np.int8)
    assert (expected, 0) == run(OpKind.RELU6, x, quant(0.05), quant(6 / 255, -128), numerics)


@pytest.mark.parametrize(("numerics", "expected"), [(TFLM, -16790), (LITERT, -16789)])
def test_a_multiplier_is_a_quotient_of_float64_or_of_float32(numerics, expected):
    x, attrs = np.array([-32305], np.int16), LeakyReluAttrs(alpha=float(np.float32(0.3)))
    assert ([expected], 0) == run(OpKind.LEAKY_RELU, x, quant(0.0123), quant(0.0071), numerics, attrs)


@pytest.mark.parametrize(("numerics", "expected"), [(TFLM, [-128, 0, 127]), (LITERT, [-61, 3, 67])])
def test_tanh_of_the_firmware_is_in_steps_of_1_128_whatever_its_outputs_scale(numerics, expected):
    x = np.array([-128, 0, 127], np.int8)
    assert (expected, 0) == run(OpKind.TANH, x, quant(0.05), quant(1 / 64, 3), numerics)


@pytest.mark.parametrize(("numerics", "expected"), [(TFLM, [32767, 1270]), (LITERT, [24627, 24435])])
def test_rsqrt_of_int16_is_computed_or_interpolated(numerics, expected):
    x = np.array([0, 1], np.int16)
    assert expected == run(OpKind.RSQRT, x, quant(0.0123), quant(0.0071), numerics)[0]


@pytest.mark.parametrize("kind", [OpKind.RSQRT, OpKind.SQRT])
@pytest.mark.parametrize("dtype", [np.int8, np.int16])
def test_a_root_of_what_is_below_the_zero_point_stops_the_run(kind, dtype):
    run(kind, np.array([0], dtype), quant(0.1), quant(0.1))
    with pytest.raises(RuntimeAbortError, match=f"^{kind.value}: a value below the zero point"):
        run(kind, np.array([-1], dtype), quant(0.1), quant(0.1))


@pytest.mark.parametrize(
    ("numerics", "expected"), [(TFLM, [0, 127, -128, 127, -128]), (LITERT, [127, 127, -128, 127, -128])]
)
def test_a_cast_saturates_and_makes_nan_what_the_runtime_makes_of_it(numerics, expected):
    assert (expected, 2) == run(OpKind.CAST, NAN_AND_ENDS, None, None, numerics, to=np.int8)


def test_casts_between_integers_keep_the_low_bits():
    assert run(OpKind.CAST, np.array([256, -1, 300], np.int32), None, None, to=np.int8) == ([0, -1, 44], 0)


def test_quantize_gives_the_lowest_value_beyond_32_bits_as_x86_64_converts():
    x = np.array([3e9, 2e9, -3e9, np.nan], np.float32)
    assert run(OpKind.QUANTIZE, x, None, quant(1.0), to=np.int8) == ([-128, 127, -128, -128], 4)


def test_what_the_type_cuts_off_counts_as_saturated_and_what_an_activation_cuts_does_not():
    x = np.array([-100, 100], np.int8)
    assert run(OpKind.RELU, x, quant(1.0), quant(0.5)) == ([0, 127], 1)
    assert run(OpKind.QUANTIZE, x, quant(1.0), quant(0.5)) == ([-128, 127], 2)


def test_hard_swish_shifts_by_what_int16_holds_and_refuses_more():
    x = np.array([-128, -30, 0, 127], np.int8)
    assert run(OpKind.HARD_SWISH, x, quant(0.05), quant(0.05)) == ([0, -8, 0, 127], 0)
    with pytest.raises(UnsupportedOperatorError, match="its output's scale 1e-05 is out of what"):
        run(OpKind.HARD_SWISH, x, quant(0.05), quant(1e-5))


def test_a_row_whose_exponentials_sum_to_512_stops_the_run():
    row, after, attrs = np.zeros((2, 512), np.int8), quant(1 / 256, -128), SoftmaxAttrs(1.0)
    row[0] = np.arange(512)
    with pytest.raises(RuntimeAbortError, match="sum to 512 or more"):
        run(OpKind.SOFTMAX, row, quant(0.5), after, attrs=attrs)
    assert run(OpKind.SOFTMAX, row[:1], quant(0.5), after, attrs=attrs)[1] == 0
    assert run(OpKind.SOFTMAX, row[1:, 1:], quant(0.5), after, attrs=attrs)[0] == [[-127] * 511]


@pytest.mark.parametrize(
    ("scale", "numerics"), [(1.0005 / 256, TFLM), (1.002 / 256, LITERT), (1 / 128, LITERT)]
)
def test_softmax_in_other_steps_is_refused_as_far_as_the_runtime_does(scale, numerics):
    row, attrs = np.zeros((1, 3), np.int8), SoftmaxAttrs(1.0)
    with pytest.raises(UnsupportedOperatorError, match="not 1/256, -128"):
        run(OpKind.SOFTMAX, row, quant(0.5), quant(scale, -128), numerics, attrs)
    assert run(OpKind.SOFTMAX, row, quant(0.5), quant(1.0005 / 256, -128), LITERT, attrs)[0] == [
        [-43, -43, -43]
    ]


def test_softmax_of_equal_elements_shares_them_equally():
    attrs = SoftmaxAttrs(1.0)
    wide = run(OpKind.SOFTMAX, np.zeros((1, 4), np.int16), quant(0.01), quant(2**-15), attrs=attrs)
    mixed = run(
        OpKind.SOFTMAX,
        np.zeros((1, 4), np.int8),
        quant(0.01),
        quant(2**-16, -32768),
        attrs=attrs,
        to=np.int16,
    )
    assert wide == ([[8192] * 4], 0)
    assert mixed == ([[16384 - 32768] * 4], 0)


def test_several_scales_are_the_first_for_the_firmware_and_each_ones_own_for_litert():
    x = np.array([[10, 10]], np.int8)
    before = QuantParams((0.5, 0.25), (0, 2), 1)
    assert run(OpKind.DEQUANTIZE, x, before, None, TFLM, to=np.float32)[0] == [[5.0, 5.0]]
    assert run(OpKind.DEQUANTIZE, x, before, None, LITERT, to=np.float32)[0] == [[5.0, 2.0]]


def test_logistic_in_a_scale_of_8_takes_zero_for_far_below():
    """The fixed-point range leaves nothing inside, and the lower end is asked first."""
    x = np.array([-1, 0, 1], np.int8)
    assert run(OpKind.LOGISTIC, x, quant(8.0), quant(1 / 256, -128))[0] == [-128, -128, 127]
    assert run(OpKind.LOGISTIC, x, quant(8.0), quant(1 / 256, -128), LITERT)[0] == [-128, 0, 127]
