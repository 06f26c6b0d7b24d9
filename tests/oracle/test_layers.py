"""Forms and values of layers with weights that random choice does not reach."""

import numpy as np
import pytest

from firmware_sim.fixed_point import multiply_by_quantized_multiplier, quantize_multiplier
from firmware_sim.oracles import Oracle
from tests.oracle.cases_products import transpose_conv
from tests.oracle.choices import REFERENCES
from tests.oracle.single_op import Case, Spec, model, options, quantized
from tests.oracle.test_single_operators import FEW, chosen, hold

pytest.importorskip("ai_edge_litert", reason="needs the oracle extra")


def test_16_bit_activations_with_a_bias_of_32_bits_have_litert_bits():
    """In a transposed convolution, where tflite-micro reads the bias as one of 64 bits."""
    assert hold(chosen(transpose_conv("int16", narrow_bias=True), FEW), Oracle.TFLITE_REF) > 0


IFM, WEIGHTS, OFM = (float(np.float32(s)) for s in (0.0235294122248888, 0.0031, 0.47))


def sums_that_tell_the_rules_apart():
    """Where a product of scales in float32 and one in float64 lead to different steps."""
    sums = np.arange(1, 800_000)
    in_float32 = float(np.float32(IFM) * np.float32(WEIGHTS)) / OFM
    steps = [
        multiply_by_quantized_multiplier(sums, *quantize_multiplier(real))
        for real in (in_float32, IFM * WEIGHTS / OFM)
    ]
    return sums[(steps[0] != steps[1]) & (steps[0] < 128)]


LAYERS = [
    ("CONV_2D", "uint8", Oracle.TFLITE_REF),
    ("DEPTHWISE_CONV_2D", "uint8", Oracle.TFLITE_REF),
    ("TRANSPOSE_CONV", "uint8", Oracle.TFLITE_REF),
    ("FULLY_CONNECTED", "int8", Oracle.TFLM),
    ("FULLY_CONNECTED", "int8", Oracle.TFLITE_REF),
]


@pytest.mark.parametrize(("kind", "dtype", "oracle"), LAYERS)
def test_the_multiplier_of_a_layer_is_formed_as_its_runtime_does(kind, dtype, oracle):
    """The input is zero, so that the bias is the sum."""
    sums = sums_that_tell_the_rules_apart()
    assert sums.tolist() == [473600, 673350]
    flat = kind == "FULLY_CONNECTED"
    shape = (2, 1) if flat else (1, 1, 1, 2) if kind == "DEPTHWISE_CONV_2D" else (2, 1, 1, 1)
    ifm = quantized((1, 1) if flat else (1, 1, 1, 1), IFM, 0, dtype)
    ofm = quantized((1, 2) if flat else (1, 1, 1, 2), OFM, 0, dtype)
    weights = Spec(shape, dtype, (WEIGHTS,), (0,), 0, np.ones(shape, dtype))
    bias = Spec((2,), "int32", (IFM * WEIGHTS,), (0,), 0, sums.astype(np.int32))
    inputs = [ifm, weights, bias]
    table = {
        "CONV_2D": options("Conv2DOptions", padding=1, strideH=1, strideW=1),
        "DEPTHWISE_CONV_2D": options(
            "DepthwiseConv2DOptions", padding=1, strideH=1, strideW=1, depthMultiplier=2
        ),
        "TRANSPOSE_CONV": options("TransposeConvOptions", padding=1, strideH=1, strideW=1),
        "FULLY_CONNECTED": options("FullyConnectedOptions"),
    }[kind]
    if kind == "TRANSPOSE_CONV":
        inputs = [Spec((4,), "int32", data=np.array(ofm.shape, np.int32)), weights, ifm, bias]
    case = Case(model(kind, inputs, ofm, table), (np.zeros(ifm.shape, dtype),), f"{kind} {sums}")
    assert hold([case], oracle) > 0


@pytest.mark.parametrize("oracle", REFERENCES)
def test_the_multiplier_of_a_product_of_two_activations_is_formed_as_its_runtime_does(oracle):
    """Rows of 127s, and a rest, whose products sum to the telling number."""
    for total in sums_that_tell_the_rules_apart():
        full, rest = divmod(int(total), 127 * 127)
        left = np.array([[127] * full + [rest // 127, rest % 127]], np.int8)
        right = np.array([[127]] * (full + 1) + [[1]], np.int8)
        x, y = (quantized(a.shape, scale, 0) for a, scale in ((left, IFM), (right, WEIGHTS)))
        blob = model("BATCH_MATMUL", [x, y], quantized((1, 1), OFM, 0), options("BatchMatMulOptions"))
        assert hold([Case(blob, (left, right), f"BATCH_MATMUL {total}")], oracle) == 2
