"""The same network at another size: equal to networks that others trained at that size."""

from fractions import Fraction

import pytest

from graph import tflite
from memory_planner import plan
from memory_planner.chip import load
from memory_planner.fit import constants_bytes, quantization_bytes
from memory_planner.gate.variants import changed_bytes, mobilenet_v1_alpha, res_px, with_res, with_width

NPU6M = load("npu6m")


def read(shared, name):
    return tflite.read_file(shared / "models" / f"{name}.tflite")


@pytest.fixture
def half(shared):
    return read(shared, "coral_mobilenet_v1_0.5_160_quant_uint8")


@pytest.fixture
def quarter(shared):
    return read(shared, "coral_mobilenet_v1_0.25_128_quant_uint8")


def test_alpha_and_res_are_read_off_the_layers(half, quarter):
    assert [(mobilenet_v1_alpha(g), res_px(g)) for g in (half, quarter)] == [
        (Fraction(1, 2), 160),
        (Fraction(1, 4), 128),
    ]


def test_a_smaller_mobilenet_is_the_one_that_was_trained_so(half, quarter):
    """0.5/160 made 0.25/128 has the shapes, tensor by tensor, of the published 0.25/128."""
    shrunk = with_width(with_res(half, 128), Fraction(1, 2))
    assert [shrunk.tensors[o.outputs[0]].shape for o in shrunk.ops] == [
        quarter.tensors[o.outputs[0]].shape for o in quarter.ops
    ]
    assert constants_bytes(shrunk) == constants_bytes(quarter)
    assert quantization_bytes(shrunk) == quantization_bytes(quarter)
    assert plan(shrunk, NPU6M).arena_bytes == plan(quarter, NPU6M).arena_bytes
    assert changed_bytes(half, shrunk) == constants_bytes(quarter) - constants_bytes(half)


@pytest.mark.parametrize(
    "name",
    [
        "mlperf_vww_mnv1_025_96_int8",
        "mlperf_ic_resnet8_large_int8",
        "mobilenet_v1_1.0_224_imagenet1001_ptq_int8",
    ],
)
def test_at_its_own_size_a_network_stays_as_it_is(shared, name):
    graph = read(shared, name)
    for same in (with_res(graph, res_px(graph)), with_width(graph, Fraction(1))):
        assert [t.shape for t in same.tensors] == [t.shape for t in graph.tensors]
        assert changed_bytes(graph, same) == 0


def test_the_answers_of_a_network_keep_their_number(shared):
    graph = read(shared, "mobilenet_v1_1.0_224_imagenet1001_ptq_int8")
    thin = with_width(graph, Fraction(1, 4))
    assert [thin.tensors[i].shape for i in graph.outputs] == [graph.tensors[i].shape for i in graph.outputs]


def test_per_channel_scales_follow_the_channels(shared):
    graph = read(shared, "mlperf_vww_mnv1_025_96_int8")
    thin = with_width(graph, Fraction(1, 2))
    for before, after in zip(graph.tensors, thin.tensors, strict=True):
        if before.quant and len(before.quant.scales) > 1:
            assert len(after.quant.scales) in (after.shape[0], after.shape[-1])


@pytest.mark.parametrize(
    "name", ["nxp_yolo_face_detect", "tflm_micro_speech_int8", "mlperf_ad01_autoencoder_int8"]
)
def test_what_takes_no_square_picture_has_no_res(shared, name):
    assert res_px(read(shared, name)) is None


def test_an_operator_of_unknown_shape_is_not_guessed(shared):
    assert with_res(read(shared, "coral_deeplab_mnedgetpu_cityscapes_uint8"), 256) is None
