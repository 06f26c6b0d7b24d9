"""Layers of --qat: what int8 keeps, gradients as if nothing happened, weights of the plain network."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from train.fake_quantization import ReLU, rounded
from train.mobilenet_v1 import build, build_for_training


def test_a_kernel_keeps_255_steps_of_each_channel():
    kernel = np.random.default_rng(7).normal(0, 1, (3, 3, 5, 7)).astype(np.float32)
    kernel *= np.array([1e-3, 1, 1000, 1, 1, 1, 0], np.float32)
    seen = rounded(tf.constant(kernel), (0, 1, 2)).numpy()
    scale = np.abs(kernel).max((0, 1, 2)) / 127
    steps = seen[..., :6] / scale[:6]
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-3)
    assert np.abs(np.round(steps)).max((0, 1, 2)).tolist() == [127] * 6
    assert (np.abs(seen - kernel) <= scale / 2 + 1e-6 * np.abs(kernel)).all()


def test_gradients_pass_the_rounding():
    kernel = tf.Variable([[0.3, -1.0], [0.77, 0.01]])
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(rounded(kernel, (0, 1)) * [[1.0, 2.0], [3.0, 4.0]])
    assert tape.gradient(total, kernel).numpy().tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_activations_have_at_most_256_values():
    x = tf.constant(np.random.default_rng(3).normal(0, 4, (2, 31, 29, 3)).astype(np.float32))
    seen = ReLU(6.0)(x).numpy()
    assert len(np.unique(seen)) <= 256
    assert (seen.min(), seen.max()) == (0.0, 6.0)


@pytest.mark.parametrize("variant", ["separable", "full"])
def test_its_weights_fit_the_plain_network_and_its_output_is_near(variant):
    noisy = build_for_training(0.25, 5, "relu6", 0.0, variant, qat=True)
    plain = build(0.25, 32, 5, variant=variant)
    plain.set_weights(noisy.get_weights())
    x = np.random.default_rng(1).uniform(-1, 1, (4, 32, 32, 3)).astype(np.float32)
    first = "conv_1_relu" if variant == "full" else "conv_dw_1_relu"  # deeper, fresh weights vanish
    seen, real = (
        np.asarray(keras.Model(net.inputs[0], net.get_layer(first).output)(x)) for net in (noisy, plain)
    )
    assert 0 < np.abs(seen - real).max() < 0.05 * real.max()
