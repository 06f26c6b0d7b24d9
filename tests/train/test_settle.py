"""BatchNorm's settled statistics and the float accuracy, against numpy."""

import numpy as np
import pytest

import pictures
from train.mobilenet_v1 import build
from train.settle import cross_entropy, predict, settle_batchnorm


def test_settled_statistics_are_those_of_all_pictures_together():
    """Two batches of unlike brightness: the variance between them counts as well as that within."""
    import keras

    model = build(0.25, 32, 3)
    random = np.random.default_rng(2)
    batches = [random.uniform(-1, 0, (5, 32, 32, 3)), random.uniform(0, 1, (5, 32, 32, 3))]
    batches = [batch.astype(np.float32) for batch in batches]
    weights_before = [np.array(variable) for variable in model.trainable_variables]
    settle_batchnorm(model, batches, 2)
    layer = model.get_layer("conv1_bn")
    before_norm = keras.Model(model.input, model.get_layer("conv1").output)
    ifm = np.concatenate([np.asarray(before_norm(batch), np.float64) for batch in batches])
    np.testing.assert_allclose(layer.moving_mean, ifm.mean((0, 1, 2)), atol=1e-6)
    np.testing.assert_allclose(layer.moving_variance, ifm.var((0, 1, 2)), rtol=1e-4)
    assert layer.momentum == 0.99
    for variable, expected in zip(model.trainable_variables, weights_before, strict=True):
        np.testing.assert_array_equal(np.array(variable), expected)


def test_predictions_are_of_the_pixels_that_split_read_gives(colours_folder):
    split = pictures.load(str(colours_folder)).test
    model = build(0.25, 32, 3)
    pixels = split.read(range(len(split)), 32)
    expected = model.predict(pixels.astype(np.float32) / 127.5 - 1, verbose=0)
    actual = predict(model, split, 32)
    assert actual.shape == (24, 3)
    np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_cross_entropy_of_a_sure_mistake_is_finite():
    assert cross_entropy(np.array([[0.0, 1.0]]), np.array([0])) == pytest.approx(-np.log(1e-7))
