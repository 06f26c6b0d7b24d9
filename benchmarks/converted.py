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
LOGITS_STD = 3.0


def converted(alpha: float, res: int, classes: int) -> bytes:
    """The .tflite of the size; the same arguments give the same bytes."""
    with quiet.aside():
        import keras

        from train.mobilenet_v1 import build

        keras.utils.set_random_seed(0)
        network = build(alpha, res, classes)
        rng = np.random.default_rng(0)
        _fill(network, rng)
        model = float_model.FloatModel(
            path=Path(network.name),
            call=lambda x: network(x, training=False),
            owner=network,
            res_px=res,
            classes=classes,
        )
        shape = (CALIBRATION_PICTURES, res, res, 3)
        return post_training.convert(model, rng.integers(0, 256, shape).astype(np.uint8))


def _fill(network: keras.Model, rng: np.random.Generator) -> None:
    """Weights that keep the variance of what runs through them, so that outputs part from input to input.

    Biases are as training leaves them: no two layers' alike, which the converter would store once.
    """
    from train.mobilenet_v1 import CLASSIFIER

    for layer in network.layers:
        shapes = [tuple(w.shape) for w in layer.weights]
        if layer.name.endswith("_bn"):
            gamma, beta = rng.uniform(0.5, 1.5, shapes[0]), rng.normal(0, 0.3, shapes[1])
            layer.set_weights([gamma, beta, np.zeros(shapes[2]), np.ones(shapes[3])])
        elif shapes:
            per_channel = layer.name.startswith("conv_dw")
            fan_in = np.prod(shapes[0][:2] if per_channel else shapes[0][:-1])
            gain = LOGITS_STD if layer.name == CLASSIFIER else 2**0.5
            kernel = rng.normal(0, gain / fan_in**0.5, shapes[0])
            layer.set_weights([kernel, *(rng.uniform(-1, 1, shape) for shape in shapes[1:])])
