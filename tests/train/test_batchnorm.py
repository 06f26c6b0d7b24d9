"""The fused layer is Keras' layer: in training, in inference, and frozen."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from train.batchnorm import FusedBatchNormalization
from train.mobilenet_v1 import build, build_for_training

SHAPE = (5, 7, 3, 11)


@pytest.fixture
def layers():
    """Keras' layer and ours with the same weights."""
    random = np.random.default_rng(3)
    weights = [random.uniform(0.5, 2, 11).astype(np.float32) for _ in range(4)]
    made = [kind(momentum=0.9) for kind in (keras.layers.BatchNormalization, FusedBatchNormalization)]
    for layer in made:
        layer.build(SHAPE)
        layer.set_weights(weights)
    return made


def gradients(layer, ifm, training):
    with tf.GradientTape() as tape:
        tape.watch(ifm)
        ofm = layer(ifm, training=training)
        loss = tf.reduce_sum(ofm**3)
    found = tape.gradient(loss, [ifm, layer.gamma.value, layer.beta.value])
    return [ofm.numpy(), *(gradient.numpy() for gradient in found)]


@pytest.mark.parametrize("training", [True, False])
def test_outputs_and_gradients_are_those_of_keras_own_layer(layers, training):
    ifm = tf.constant(np.random.default_rng(4).normal(1, 2, SHAPE).astype(np.float32))
    expected, actual = (gradients(layer, ifm, training) for layer in layers)
    for one, other in zip(expected, actual, strict=True):
        np.testing.assert_allclose(other, one, rtol=2e-3, atol=2e-3)


def test_moving_statistics_follow_the_unbiased_variance(layers):
    ifm = np.random.default_rng(4).normal(1, 2, SHAPE).astype(np.float32)
    theirs, ours = layers
    before = np.array(theirs.moving_variance)
    for layer in layers:
        layer(ifm, training=True)
    np.testing.assert_allclose(ours.moving_mean, theirs.moving_mean, rtol=1e-5)
    count = 5 * 7 * 3
    expected = 0.9 * before + 0.1 * ifm.var((0, 1, 2)) * count / (count - 1)
    np.testing.assert_allclose(ours.moving_variance, expected, rtol=1e-4)


def test_a_frozen_layer_keeps_its_statistics(layers):
    ours = layers[1]
    before = [np.array(weight) for weight in ours.get_weights()]
    ours.trainable = False
    ours(np.ones(SHAPE, np.float32), training=True)
    for array, expected in zip(ours.get_weights(), before, strict=True):
        np.testing.assert_array_equal(array, expected)


def test_the_training_model_has_the_weights_of_the_product():
    training, product = build_for_training(0.25, 3, "relu6", 0.2), build(0.25, 64, 3)
    product.set_weights(training.get_weights())
    ifm = np.random.default_rng(1).uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32)
    np.testing.assert_allclose(training(ifm, training=False), product(ifm, training=False), atol=1e-6)
    assert {type(layer).__module__.split(".")[0] for layer in product.layers} == {"keras"}
