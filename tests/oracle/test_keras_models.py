"""MobileNets made and converted on the spot: models that nobody chose."""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracle.test_xnnpack import hold_model

tf = pytest.importorskip("tensorflow", reason="needs the train extra")

SAMPLES = 3


def randomized(network):
    """The network with statistics as training leaves them: no channel like its neighbour."""
    rng = np.random.default_rng(1)
    for layer in network.layers:
        if isinstance(layer, tf.keras.layers.BatchNormalization):
            shape = layer.get_weights()[0].shape
            drawn = [(0.5, 2.0), (-1.0, 1.0), (-0.5, 0.5), (0.3, 3.0)]  # gamma, beta, mean, variance
            layer.set_weights([rng.uniform(*ends, shape) for ends in drawn])
    return network


def converted(network, folder, interface, per_channel) -> bytes:
    """Full-integer post-training quantization by tf.lite."""
    rng = np.random.default_rng(2)
    network.export(str(folder), verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    shape = (1, *network.input_shape[1:])
    converter.representative_dataset = lambda: (
        [rng.uniform(-1, 1, shape).astype(np.float32)] for _ in range(4)
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = interface
    converter._experimental_disable_per_channel = not per_channel
    return converter.convert()


def mobilenet_v2(**more):
    return tf.keras.applications.MobileNetV2((96, 96, 3), alpha=0.35, weights=None, classes=10, **more)


def mobilenet_v1(**more):
    return tf.keras.applications.MobileNet((96, 96, 3), alpha=0.25, weights=None, classes=10, **more)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # TensorFlow's own
@pytest.mark.parametrize(
    "build, interface, per_channel",
    [
        (mobilenet_v2, "int8", True),
        (mobilenet_v2, "float32", False),
        (mobilenet_v1, "int8", True),
        (mobilenet_v1, "uint8", True),
    ],
)
def test_a_mobilenet_of_keras_has_the_delegates_bits(build, interface, per_channel, tmp_path):
    blob = converted(randomized(build()), tmp_path / "saved", getattr(tf, interface), per_channel)
    hold_model(blob, SAMPLES)
