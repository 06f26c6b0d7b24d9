"""Weights files of Keras, old and new, and padding that SAME takes in."""

import json
from pathlib import Path

import numpy as np
import pytest

import quiet
from quantize import float_model
from quantize.errors import QuantizeError
from quantize.keras_files import Size, padded_same

SMALL = Size(0.25, 32, 3)
RNG = np.random.default_rng(11)


@pytest.fixture(scope="module")
def small():
    """Keras' MobileNet with moving statistics that are not trivial."""
    import keras

    keras.utils.set_random_seed(3)
    model = keras.applications.MobileNet((32, 32, 3), alpha=0.25, weights=None, classes=3)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([RNG.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    return model


def inputs() -> np.ndarray:
    return RNG.uniform(-1, 1, (4, 32, 32, 3)).astype(np.float32)


def test_padding_is_taken_in_and_the_function_stays(small):
    import keras

    same = padded_same(small)
    assert not [one for one in same.layers if isinstance(one, keras.layers.ZeroPadding2D)]
    pictures = inputs()
    assert np.array_equal(np.asarray(small(pictures)), np.asarray(same(pictures)))


@pytest.mark.parametrize("side", [9, 8])
def test_padding_that_same_would_place_elsewhere_stays(side):
    import keras

    layers = keras.layers
    given = keras.Input((side, side, 3))
    padded = layers.ZeroPadding2D(((0, 1), (0, 1)) if side == 9 else ((1, 0), (1, 0)))(given)
    model = keras.Model(given, layers.DepthwiseConv2D(3, strides=2, padding="valid")(padded))
    assert padded_same(model) is model


def test_weights_alone_fill_the_size_that_is_given(small, tmp_path):
    path = tmp_path / "small.weights.h5"
    small.save_weights(path)
    with quiet.aside():
        model = float_model.load(path, SMALL)
    pictures = inputs()
    assert (model.res_px, model.classes) == (32, 3)
    assert np.allclose(np.asarray(small(pictures)), np.asarray(model.call(pictures)), atol=1e-6)


def test_an_old_file_with_its_architecture_needs_no_size(small, tmp_path):
    """Keras 2 wrote `groups` for depthwise layers, which Keras 3 refuses."""
    import h5py

    path = tmp_path / "old.h5"
    with quiet.aside():
        small.save(path)
    with h5py.File(path, "a") as file:
        config = json.loads(file.attrs["model_config"])
        for layer in config["config"]["layers"]:
            if layer["class_name"] == "DepthwiseConv2D":
                layer["config"]["groups"] = 1
        file.attrs["model_config"] = json.dumps(config).encode()
    with quiet.aside():
        model = float_model.load(path)
    pictures = inputs()
    assert np.allclose(np.asarray(small(pictures)), np.asarray(model.call(pictures)), atol=1e-6)


def refusal(path: Path, size: Size | None) -> str:
    with quiet.aside(), pytest.raises(QuantizeError) as caught:
        float_model.load(path, size)
    message = str(caught.value)
    assert str(path) in message and "\n" not in message
    return message


def test_what_does_not_fit_is_told_in_one_line(small, tmp_path):
    path = tmp_path / "small.weights.h5"
    small.save_weights(path)
    assert "give --alpha, --res and --classes" in refusal(path, None)
    assert "cannot be loaded" in refusal(path, Size(0.5, 32, 3))
    assert "cannot be loaded" in refusal(path, Size(0.25, 32, 4))
    whole = tmp_path / "small.keras"
    small.save(whole)
    assert "takes 32 px and tells 3 classes" in refusal(whole, Size(0.25, 64, 3))
