"""A small MobileNet of random weights, a folder of coloured pictures, and the model quantized once."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pictures
from quantize import post_training

RES = 32
COLOURS = {"blue": (20, 40, 230), "green": (30, 200, 60), "red": (240, 30, 20)}


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """Three classes by colour: 8 pictures of train and 3 of val each, black and white pixels in all."""
    root = tmp_path_factory.mktemp("colours")
    rng = np.random.default_rng(2)
    for split, count in (("train", 8), ("val", 3)):
        for name, colour in COLOURS.items():
            (root / split / name).mkdir(parents=True)
            for i in range(count):
                noise = rng.integers(-60, 60, (RES, RES, 3))
                pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
                pixels[0, 0], pixels[0, 1] = 0, 255
                Image.fromarray(pixels).save(root / split / name / f"{i}.png")
    return root


@pytest.fixture(scope="session")
def colours(folder) -> pictures.PictureSet:
    return pictures.load(str(folder))


@pytest.fixture(scope="session")
def build():
    return _build


def _build(classes: int = 3, res: int | None = RES):
    """Conv, depthwise, pointwise, mean, dense, softmax, with BatchNorm statistics that are not trivial."""
    import keras

    keras.utils.set_random_seed(5)
    layers = keras.layers
    inputs = keras.Input((res, res, 3))
    x = inputs
    for layer in (
        layers.Conv2D(5, 3, strides=2, padding="same", use_bias=False),
        layers.DepthwiseConv2D(3, padding="same", use_bias=False),
        layers.Conv2D(7, 1, use_bias=False),
    ):
        x = layers.ReLU(6.0)(layers.BatchNormalization()(layer(x)))
    x = layers.Dense(
        classes,
        bias_initializer="random_normal",
        kernel_initializer=keras.initializers.RandomNormal(stddev=2),
        name="classifier",
    )(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, layers.Softmax()(x))
    rng = np.random.default_rng(3)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            gamma, beta, mean, variance = (rng.uniform(0.3, 1.5, w.shape) for w in layer.get_weights())
            layer.set_weights([gamma, beta, mean - 0.9, variance / 10])
    dense = model.get_layer("classifier")
    flat = np.ones((len(COLOURS), RES, RES, 3), np.float32) * np.array(list(COLOURS.values()))[:, None, None]
    features = keras.Model(inputs, dense.input)(flat.astype(np.float32) / 127.5 - 1)
    kernel = dense.get_weights()[0]
    dense.set_weights([kernel, -(features.numpy().mean(axis=0) @ kernel)])  # so that the colours tell
    return model


@pytest.fixture(scope="session")
def float_model(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("float") / "float.keras"
    _build().save(path)
    return path


@pytest.fixture(scope="session")
def quantized(float_model, colours) -> post_training.Quantized:
    return post_training.quantize(float_model, colours, samples=12, seed=0)
