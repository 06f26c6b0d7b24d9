"""First weights: read from Keras' files, put in by name, refused in one line."""

from pathlib import Path

import numpy as np
import pytest

from train import weights
from train.errors import TrainError
from train.mobilenet_v1 import build, build_for_training

ALPHA, RES, CLASSES = 0.25, 96, 7


@pytest.fixture(scope="module")
def keras_mobilenet():
    """Keras' own MobileNet with random weights, BatchNorm's statistics included."""
    import keras

    model = keras.applications.MobileNet((RES, RES, 3), alpha=ALPHA, weights=None, classes=CLASSES)
    random = np.random.default_rng(7)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            count = layer.gamma.shape[0]
            layer.set_weights([random.uniform(0.5, 1.5, count) for _ in range(4)])
    return model


@pytest.fixture(scope="module")
def weights_file(keras_mobilenet, tmp_path_factory) -> Path:
    """The same as a file with the layout of the published ones."""
    from keras.src.legacy.saving import legacy_h5_format

    path = tmp_path_factory.mktemp("weights") / "theirs.h5"
    legacy_h5_format.save_model_to_hdf5(keras_mobilenet, str(path))
    return path


@pytest.fixture
def pictures_of_noise() -> np.ndarray:
    return np.random.default_rng(11).uniform(-1, 1, (3, RES, RES, 3)).astype(np.float32)


def test_our_model_computes_what_keras_own_does(keras_mobilenet, weights_file, pictures_of_noise):
    """SAME padding stands for explicit zero padding, a dense classifier for a 1x1 convolution."""
    model = build(ALPHA, RES, CLASSES)
    assert "classifier included" in weights.assign(model, weights.read(weights_file), "theirs")
    expected = keras_mobilenet.predict(pictures_of_noise, verbose=0)
    actual = model.predict(pictures_of_noise, verbose=0)
    assert np.ptp(expected) > 0.01
    np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_the_classifier_stays_fresh_for_another_number_of_classes(weights_file):
    model = build(ALPHA, RES, 5)
    before = model.get_layer("classifier").get_weights()
    said = weights.assign(model, weights.read(weights_file), "theirs")
    assert "7 classes there and 5 here" in said
    for array, expected in zip(model.get_layer("classifier").get_weights(), before, strict=True):
        np.testing.assert_array_equal(array, expected)
    np.testing.assert_array_equal(
        model.get_layer("conv_pw_13").get_weights()[0], weights.read(weights_file)["conv_pw_13"][0]
    )


def test_our_own_model_is_a_weights_file_too(tmp_path):
    model = build(ALPHA, RES, CLASSES)
    model.save(tmp_path / "ours.keras")
    other = build(ALPHA, RES, CLASSES)
    weights.assign(other, weights.read(tmp_path / "ours.keras"), "ours")
    for array, expected in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(array, expected)


def test_weights_of_another_alpha_name_the_first_layer_that_differs(weights_file):
    model = build(0.5, RES, CLASSES)
    with pytest.raises(TrainError, match=r"theirs: conv1 has shapes .*3, 8.* this ALPHA needs .*3, 16"):
        weights.assign(model, weights.read(weights_file), "theirs")


def test_weights_of_another_architecture_are_refused():
    with pytest.raises(TrainError, match="theirs has no layer conv1"):
        weights.assign(build(ALPHA, RES, CLASSES), {"dense": []}, "theirs")


@pytest.mark.parametrize("name", ["cut.h5", "cut.keras"])
def test_a_damaged_file_is_refused_in_one_line(weights_file, tmp_path, name):
    cut = tmp_path / name
    cut.write_bytes(weights_file.read_bytes()[:1000])
    with pytest.raises(TrainError, match=f"{name} is no weights file of Keras") as raised:
        weights.find(str(cut), ALPHA, RES)
    assert "\n" not in str(raised.value)


def test_auto_without_published_weights_starts_from_scratch():
    source = weights.find("auto", 0.3, 160)
    assert (source.used, source.weights) == ("scratch", None)
    assert "ALPHA 0.3, RES 160" in source.why
    assert weights.find("auto", 0.5, 96).used == "scratch"


def test_auto_without_a_network_starts_from_scratch_and_says_why(monkeypatch):
    def unreachable(alpha, res):
        raise OSError("Keras' ImageNet weights cannot be downloaded: no network")

    monkeypatch.setattr(weights, "download_imagenet", unreachable)
    source = weights.find("auto", 0.5, 160)
    assert source.used == "scratch"
    assert source.why == "Keras' ImageNet weights cannot be downloaded: no network"
    with pytest.raises(OSError, match="no network"):
        weights.find("imagenet", 0.5, 160)


def test_auto_with_a_network_uses_what_it_got(monkeypatch):
    monkeypatch.setattr(weights, "download_imagenet", lambda alpha, res: {"size": [np.array([alpha, res])]})
    assert weights.find("auto", 0.5, 160).used == "imagenet"
    source = weights.find("imagenet", 1.0, 256)
    assert source.why == "weights of RES 224"
    assert source.weights["size"][0].tolist() == [1.0, 224]


def test_a_failed_download_is_an_oserror_in_one_line(monkeypatch):
    import keras

    def fail(*args, **kwargs):
        raise Exception("URL fetch failure\non the way")  # what Keras raises is no more special

    monkeypatch.setattr(keras.applications, "MobileNet", fail)
    with pytest.raises(OSError, match=r"cannot be downloaded: URL fetch failure$"):
        weights.download_imagenet(0.5, 160)


def test_imagenet_of_a_free_alpha_and_a_missing_file_are_refused():
    with pytest.raises(TrainError, match=r"no ImageNet weights for ALPHA 0\.3"):
        weights.find("imagenet", 0.3, 160)
    with pytest.raises(TrainError, match=r"INIT nowhere\.h5: no such file"):
        weights.find("nowhere.h5", 0.5, 160)


def test_the_published_imagenet_weights_fill_the_model(shared: Path):
    source = weights.find(str(shared / "weights" / "keras_mobilenet_1_0_224_imagenet1000.h5"), 1.0, 224)
    assert source.used == "file"
    model = build_for_training(1.0, 1000, "relu6", 0.0)
    assert weights.assign(model, source.weights, source.why) == "all layers, classifier included"
    assert sum(array.size for arrays in source.weights.values() for array in arrays) == 4253864
