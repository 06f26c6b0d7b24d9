"""The reader: what it reads, and that whatever is wrong ends as one ModelError of one line."""

import csv
import random

import flatbuffers
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph import tflite
from graph.attrs import Activation, Conv2DAttrs, Padding, SoftmaxAttrs
from graph.errors import ModelError, UnsupportedOperatorError
from graph.op_kind import OpKind
from graph.types import DType, QuantParams
from memory_planner import plan, validate
from memory_planner.chip import load
from tests.oracle.single_op import Spec, constant, fb, model, options, quantized

CHIP = load("npu6m")
WEIGHTS = np.arange(5 * 3 * 2 * 7, dtype=np.int8).reshape(5, 3, 2, 7)
BIAS = np.array([-3, 0, 1, 1 << 30, -(1 << 30)], np.int32)


def conv_2d():
    """A convolution with everything told apart: prime sides, per-channel scales, SAME, strides, dilations."""
    scales = (0.5, 0.25, 0.125, 1.0, 2.0)
    return model(
        "CONV_2D",
        [
            quantized((1, 11, 13, 7), 0.5, -5),
            Spec(WEIGHTS.shape, "int8", scales, (0,) * 5, 0, WEIGHTS),
            Spec(BIAS.shape, "int32", tuple(s / 2 for s in scales), (0,) * 5, 0, BIAS),
        ],
        quantized((1, 6, 5, 5), 0.75, 9),
        options(
            "Conv2DOptions",
            padding=fb.Padding.SAME,
            strideH=2,
            strideW=3,
            dilationHFactor=1,
            dilationWFactor=4,
            fusedActivationFunction=fb.ActivationFunctionType.RELU6,
        ),
    )


BLOB = conv_2d()


def test_a_convolution_is_read_whole():
    graph = tflite.read(BLOB)
    ifm, weights, bias, ofm = graph.tensors
    assert (graph.inputs, graph.outputs) == ((0,), (3,))
    assert graph.ops[0].kind is OpKind.CONV_2D
    assert (graph.ops[0].inputs, graph.ops[0].outputs) == ((0, 1, 2), (3,))
    assert graph.ops[0].attrs == Conv2DAttrs(Padding.SAME, 2, 3, 1, 4, Activation.RELU6)
    assert (ifm.shape, ifm.dtype, ifm.quant) == ((1, 11, 13, 7), DType.INT8, QuantParams((0.5,), (-5,)))
    assert not ifm.is_constant and ofm.quant == QuantParams((0.75,), (9,))
    assert weights.quant == QuantParams((0.5, 0.25, 0.125, 1.0, 2.0), (0,) * 5, 0)
    np.testing.assert_array_equal(weights.data, WEIGHTS)
    np.testing.assert_array_equal(bias.data, BIAS)
    assert (ifm.size_bytes, bias.size_bytes) == (11 * 13 * 7, 4 * 5)


def test_constants_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        tflite.read(BLOB).tensors[1].data[0] = 1


def test_an_input_left_out_is_minus_one():
    blob = model(
        "FULLY_CONNECTED",
        [quantized((1, 7), 0.5, 0), Spec((3, 7), "int8", (0.5,), (0,), 0, np.ones((3, 7), np.int8)), None],
        quantized((1, 3), 0.5, 0),
        options("FullyConnectedOptions"),
    )
    assert tflite.read(blob).ops[0].inputs == (0, 1, -1)


def test_floats_among_the_options_are_kept():
    blob = model(
        "SOFTMAX",
        [quantized((1, 7), 0.5, 0)],
        quantized((1, 7), 1 / 256, -128),
        options("SoftmaxOptions", beta=0.5),
    )
    assert tflite.read(blob).ops[0].attrs == SoftmaxAttrs(0.5)


def test_reading_twice_gives_equal_graphs_and_another_weight_gives_another():
    assert tflite.read(BLOB) == tflite.read(BLOB)
    at = BLOB.index(WEIGHTS.tobytes())
    assert tflite.read(BLOB) != tflite.read(BLOB[:at] + b"\x77" + BLOB[at + 1 :])


def refusal(blob):
    """The message of the refusal; one line."""
    with pytest.raises(ModelError) as error:
        graph = tflite.read(blob)
        plan(graph, CHIP)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("length", [0, 4, 7, 8, 12, 100, len(BLOB) // 2, len(BLOB) - 40])
def test_a_truncated_file_is_refused(length):
    assert "damaged" in refusal(BLOB[:length]) or "no TFL3 mark" in refusal(BLOB[:length])


def test_what_is_no_tflite_is_refused():
    assert "not a .tflite" in refusal(b"\x89HDF\r\n\x1a\n" + bytes(100))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"nowhere\.tflite: No such file"):
        tflite.read_file(tmp_path / "nowhere.tflite")


def test_a_constant_that_does_not_fill_its_shape_is_refused():
    short = Spec((3, 7), "int8", (0.5,), (0,), 0, np.ones(20, np.int8))
    blob = model("FULLY_CONNECTED", [quantized((1, 7), 0.5, 0), short], quantized((1, 3), 0.5, 0))
    assert "holds 20 bytes where its shape [3, 7] of int8 needs 21" in refusal(blob)


def test_a_negative_side_is_refused():
    assert "shape [1, -7]" in refusal(model("ABS", [quantized((1, -7), 0.5, 0)], quantized((1, 7), 0.5, 0)))


def test_a_scale_that_is_no_number_is_refused():
    blob = model("ABS", [quantized((1, 7), float("nan"), 0)], quantized((1, 7), 0.5, 0))
    assert "not a number" in refusal(blob)


def test_scales_and_zero_points_go_in_pairs():
    blob = model("ABS", [Spec((1, 7), "int8", (0.5, 0.25), (1,))], quantized((1, 7), 0.5, 0))
    assert "2 scales and 1 zero points" in refusal(blob)


def test_weights_that_are_left_out_are_missed():
    picture = quantized((1, 5, 5, 3), 0.5, 0)
    assert "it needs more" in refusal(model("CONV_2D", [picture], picture))


@pytest.mark.parametrize(("old", "new"), [(0, 6), (6, 0), (6, 6)])
def test_the_larger_of_the_old_and_the_new_operator_code_counts(old, new):
    blob = model("DEQUANTIZE", [quantized((1, 3), 0.5, 0)], Spec((1, 3), "float32"))
    whole = fb.ModelT.InitFromPackedBuf(blob)
    whole.operatorCodes[0].deprecatedBuiltinCode, whole.operatorCodes[0].builtinCode = old, new
    builder = flatbuffers.Builder(1024)
    builder.Finish(whole.Pack(builder), b"TFL3")
    assert tflite.read(bytes(builder.Output())).ops[0].kind is OpKind.DEQUANTIZE


def test_a_custom_operator_is_named():
    with pytest.raises(UnsupportedOperatorError, match="operator 0 is the custom operator"):
        tflite.read(model("CUSTOM", [constant([1])], quantized((1,), 0.5, 0)))


@given(st.integers(0, 2**32 - 1))
def test_damaged_bytes_are_refused_or_still_make_a_graph_that_plans(seed):
    rng = random.Random(seed)
    blob = bytearray(BLOB)
    for _ in range(rng.choice([1, 2, 8, 64])):
        blob[rng.randrange(len(blob))] = rng.choice([0, 1, 127, 128, 255, rng.randrange(256)])
    try:
        graph = tflite.read(bytes(blob))
        made = plan(graph, CHIP)
    except ModelError as error:
        assert "\n" not in str(error).replace("\\n", "")
    else:
        assert validate(graph, made) == []


def test_every_shared_model_plans_at_its_published_bound_or_is_refused_by_name(shared):
    """The manifest's bound was computed elsewhere, from the file's own order at 16-byte alignment."""
    with (shared / "models" / "MANIFEST.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        path = shared / "models" / row["file"]
        if row["litert_2_3_0_runs"] != "True" and "custom op" in row["litert_error"]:
            with pytest.raises(UnsupportedOperatorError, match="custom operator"):
                tflite.read_file(path)
            continue
        graph = tflite.read_file(path)
        made = plan(graph, CHIP)
        assert validate(graph, made) == []
        assert made.lower_bound_bytes == int(row["lower_bound_bytes_align16"]), row["file"]
        assert made.arena_bytes <= int(row["tflm_head_bytes"] or row["greedy_by_size_bytes"]), row["file"]
