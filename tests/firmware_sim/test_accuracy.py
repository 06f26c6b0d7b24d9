import numpy as np
import pytest
from PIL import Image

from firmware_sim.accuracy import Arrays, Pictures, accuracy, picture_inputs
from firmware_sim.run import InputError
from graph import tflite
from pictures import PictureSet, Split
from tests.oracle.single_op import Spec, fb, model, options, quantized

SIDE, ZERO_POINT = 3, -1
COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]


def classifier():
    """Tells red, green and blue apart: a fully connected layer that sums each channel over the picture."""
    weights = np.zeros((3, SIDE * SIDE * 3), np.int8)
    for channel in range(3):
        weights[channel, channel::3] = 1
    blob = model(
        "FULLY_CONNECTED",
        [
            quantized((1, SIDE, SIDE, 3), 2 / 255, ZERO_POINT),
            Spec(weights.shape, "int8", (0.1,), (0,), 0, weights),
            None,
        ],
        quantized((1, 3), 0.05, 0),
        options("FullyConnectedOptions", fusedActivationFunction=fb.ActivationFunctionType.NONE),
    )
    return tflite.read(blob)


def coloured(labels):
    """A split whose i-th picture has the colour of labels[i]."""
    pictures = [Image.new("RGB", (7, 5), COLOURS[label]) for label in labels]
    return Split(np.array(labels, np.int64), tuple(map(str, range(len(labels)))), pictures.__getitem__, None)


GRAPH = classifier()


def test_pixels_become_inputs_by_the_scale_and_zero_point():
    values = picture_inputs(GRAPH, coloured([0]), np.array([0]))
    assert values.shape == (1, SIDE, SIDE, 3)
    scale = GRAPH.tensors[0].quant.scale  # the float32 beside 2/255, above it: +1.0 is 126.99999 steps
    assert scale > 2 / 255
    assert values[0, 1, 1].tolist() == [126, -128, -128]


def test_every_picture_becomes_inputs_in_the_order_of_the_split():
    labels = [2, 0, 1, 1, 0, 2, 2]
    samples = Pictures(GRAPH, with_test_split(coloured(labels)))
    (columns,) = samples.inputs(np.arange(len(samples)))
    assert columns[:, 1, 1].argmax(axis=1).tolist() == labels == samples.labels.tolist()


def with_test_split(split, classes=("r", "g", "b")):
    return PictureSet("colours", "colours", classes, coloured([0]), split, "made here", "")


def test_shares_count_hits_and_agreement():
    chosen, labels = np.array([0, 1, 2, 2]), np.array([0, 1, 2, 0])
    answer = accuracy(chosen, labels, np.array([0, 1, 1, 0]))
    assert (answer.samples, answer.int8_top1, answer.float_top1, answer.agreement) == (4, 0.75, 0.75, 0.5)


def test_other_classes_than_the_models_are_refused():
    with pytest.raises(InputError, match="tells 3 classes apart, colours has 2"):
        Pictures(GRAPH, with_test_split(coloured([0]), ("r", "g")))


def test_predictions_of_another_split_are_refused():
    with pytest.raises(InputError, match="3 float predictions for 2"):
        accuracy(np.array([0, 1]), np.array([0, 1]), np.array([0, 1, 2]))


def test_arrays_need_one_label_a_sample():
    ifm = np.zeros((4, SIDE, SIDE, 3), np.int8)
    assert len(Arrays(GRAPH, ifm, np.zeros(4, np.int64), "x.npy")) == 4
    for labels in (np.zeros(3, np.int64), np.zeros((4, 3)), np.zeros(4, np.float32)):
        with pytest.raises(InputError, match="4 samples, but labels"):
            Arrays(GRAPH, ifm, labels, "x.npy")


def test_a_model_that_takes_no_picture_is_refused():
    vector = tflite.read(model("ABS", [quantized((1, 7), 0.5, 0)], quantized((1, 7), 0.5, 0)))
    with pytest.raises(InputError, match=r"takes int8 \[1, 7\]"):
        picture_inputs(vector, coloured([0]), np.array([0]))
