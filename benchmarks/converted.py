"""The product's own MobileNetV1 with weights at random, quantized: a real file of any size, untrained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import quiet
from quantize import float_model, post_training

if TYPE_CHECKING:
    import keras

CALIBRATION_PICTURES = 2


def converted(alpha: float, res: int, classes: int) -> bytes:
    """The .tflite of the size; the same arguments give the same bytes."""
    with quiet.aside():
        import keras

        from train.mobilenet_v1 import build

        keras.utils.set_random_seed(0)
        network = build(alpha, res, classes)
        rng = np.random.default_rng(0)
        _part_channels(network, rng)
        model = float_model.FloatModel(
            path=Path(network.name),
            call=lambda x: network(x, training=False),
            owner=network,
            res_px=res,
            classes=classes,
        )
        shape = (CALIBRATION_PICTURES, res, res, 3)
        return post_training.convert(model, rng.integers(0, 256, shape).astype(np.uint8))


def _part_channels(network: keras.Model, rng: np.random.Generator) -> None:
    """Biases as training leaves them: no two layers' alike, which the converter would store once."""
    import keras

    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = (rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights())
            layer.set_weights([gamma, beta, mean, variance])
        elif isinstance(layer, keras.layers.Dense):
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel, rng.uniform(-1, 1, bias.shape)])
