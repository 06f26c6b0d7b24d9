"""`train` whole, in seconds: files, figures, interruption and resumption."""

import dataclasses
import json
import os
import signal

import numpy as np
import pytest
from click.testing import CliRunner

import pictures
from graph.errors import ModelError
from train import cli, run
from train.loop import step_function
from train.mobilenet_v1 import build_for_training
from train.recipe import FINE_TUNE
from train.run import Wish


@pytest.fixture(scope="module")
def trained(colours_folder, tmp_path_factory):
    """The folder of one short training, and what the command printed."""
    folder = tmp_path_factory.mktemp("trained")
    wanted = ["--alpha", "0.25", "--res", "64", "--data", str(colours_folder), "--init", "scratch"]
    result = CliRunner().invoke(
        cli.train, [*wanted, "--steps", "30", "-o", str(folder)], catch_exceptions=False
    )
    assert result.exit_code == 0
    return folder, result.output


def test_training_leaves_its_files_and_nothing_else(trained):
    folder, output = trained
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["float.keras", "float_predictions.npy", "logs", "train.json"]
    assert any(path.name.startswith("events.out.tfevents") for path in (folder / "logs").iterdir())
    assert "float top-1" in output
    assert str(folder / "float.keras") in output


def test_it_learned_colours(trained):
    record = json.loads((trained[0] / "train.json").read_text())
    assert record["float_top1"] > 0.9


def test_the_record_says_what_was_done(trained, colours_folder):
    record = json.loads((trained[0] / "train.json").read_text())
    assert record["model"] == "mobilenet_v1_0.25_64"
    assert (record["alpha"], record["res_px"], record["activation"]) == (0.25, 64, "relu6")
    assert record["classes"] == ["blue", "green", "red"]
    assert (record["macs"], record["parameters"]) == (3331072 - 256 * 7, 221114 - 257 * 7)
    assert record["data"]["sha256"] == pictures.load(str(colours_folder)).sha256
    assert (record["data"]["train_samples"], record["data"]["test_samples"]) == (72, 24)
    assert (record["init"]["asked"], record["init"]["used"]) == ("scratch", "scratch")
    assert sum(stage["steps"] for stage in record["stages"]) == record["steps_budget"] == 30
    assert record["minutes_budget"] is None
    assert record["stages"][-1]["res_px"] == 64
    assert record["recipe"]["name"] == "scratch"
    assert set(record["versions"]) == {"python", "keras", "numpy", "pillow", "tensorflow-cpu"}


def test_predictions_and_accuracy_are_those_of_the_saved_model(trained, colours_folder):
    import keras

    folder = trained[0]
    model = keras.models.load_model(folder / "float.keras")
    test = pictures.load(str(colours_folder)).test
    pixels = test.read(range(len(test)), 64).astype(np.float32) / 127.5 - 1
    predictions = np.load(folder / "float_predictions.npy")
    assert predictions.dtype == np.int64
    np.testing.assert_array_equal(predictions, model.predict(pixels, verbose=0).argmax(1))
    record = json.loads((folder / "train.json").read_text())
    assert record["float_top1"] == (predictions == test.labels).mean()
    assert model.input_shape == (None, 64, 64, 3)


def test_the_same_steps_and_seed_give_the_same_bytes(colours_folder, tmp_path):
    wish = Wish(0.25, 32, str(colours_folder), "scratch", steps=4, seed=9)
    first = run.train(wish, tmp_path / "first")
    again = run.train(wish, tmp_path / "again")
    assert (first / "float.keras").read_bytes() == (again / "float.keras").read_bytes()


def test_an_interrupted_run_goes_on_where_it_stood(colours_folder, tmp_path, monkeypatch, caplog):
    wish = Wish(0.25, 32, str(colours_folder), "scratch", steps=12)
    real = run.pipeline.batches

    def interrupted_after_five(*args):
        for number, batch in enumerate(real(*args), 1):
            if number == 5:
                os.kill(os.getpid(), signal.SIGINT)
            yield batch

    monkeypatch.setattr(run.pipeline, "batches", interrupted_after_five)
    with pytest.raises(KeyboardInterrupt):
        run.train(wish, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint", "logs"]
    monkeypatch.setattr(run.pipeline, "batches", real)
    with caplog.at_level("INFO"):
        run.train(wish, tmp_path)
    assert "resumed at 42 % of the budget" in caplog.text
    record = json.loads((tmp_path / "train.json").read_text())
    assert sum(stage["steps"] for stage in record["stages"]) == 12
    assert not (tmp_path / "checkpoint").exists()


def test_fine_tuning_starts_from_the_file(trained, colours_folder, tmp_path):
    import keras

    first = trained[0] / "float.keras"
    run.train(Wish(0.25, 32, str(colours_folder), str(first), steps=6), tmp_path)
    record = json.loads((tmp_path / "train.json").read_text())
    assert record["init"]["used"] == "file"
    assert record["init"]["why"] == "float.keras: all layers, classifier included"
    assert record["recipe"]["name"] == "fine-tune"
    assert [stage["trains"] for stage in record["stages"]] == ["classifier", "all", "all"]
    before, after = (keras.models.load_model(path) for path in (first, tmp_path / "float.keras"))
    for layer in before.layers:
        for old, new in zip(layer.get_weights(), after.get_layer(layer.name).get_weights(), strict=True):
            assert 0 < np.abs(old - new).max() < 0.5 * np.abs(old).max() + 1, layer.name


def test_what_cannot_be_used_is_refused_before_anything_is_written(colours_folder, tmp_path):
    with pytest.raises(ModelError, match="RES 100"):
        run.train(Wish(0.25, 100, str(colours_folder)), tmp_path)
    with pytest.raises(ValueError, match="no such file"):
        run.train(Wish(0.25, 32, str(colours_folder), init="nowhere.h5"), tmp_path)
    with pytest.raises(ValueError, match="either a number of minutes or a number of steps"):
        run.train(Wish(0.25, 32, str(colours_folder), "scratch", minutes=1, steps=1), tmp_path)
    assert not any(tmp_path.iterdir())


def test_the_classifier_alone_moves_in_its_stage():
    import keras

    network = build_for_training(0.25, 3, "relu6", 0.2)
    chosen = dataclasses.replace(FINE_TUNE, weight_decay=0.1)
    step = step_function(network, run.optimizer(network, chosen), chosen, "classifier")
    before = {layer.name: layer.get_weights() for layer in network.layers}
    step(keras.random.uniform((4, 32, 32, 3), seed=1), keras.ops.one_hot([0, 1, 2, 0], 3))
    moved = {
        layer.name
        for layer in network.layers
        for old, new in zip(before[layer.name], layer.get_weights(), strict=True)
        if not np.array_equal(old, new)
    }
    assert moved == {"classifier"}


def test_depthwise_kernels_and_batchnorm_do_not_decay():
    import keras

    network = build_for_training(0.25, 3, "relu6", 0.0)
    found = run.optimizer(network, dataclasses.replace(FINE_TUNE, weight_decay=0.5))
    found.learning_rate = 1.0
    before = {variable.path: np.array(variable) for variable in network.trainable_variables}
    found.apply([keras.ops.zeros_like(v) for v in network.trainable_variables], network.trainable_variables)
    decayed = {v.path for v in network.trainable_variables if not np.array_equal(before[v.path], np.array(v))}
    assert decayed == {"conv1/kernel", "classifier/kernel", *(f"conv_pw_{n}/kernel" for n in range(1, 14))}


def test_a_student_learns_from_a_teacher_of_another_width_and_side(trained, colours_folder, tmp_path):
    teacher = trained[0] / "float.keras"
    wish = Wish(0.5, 32, str(colours_folder), "scratch", steps=30, teacher=str(teacher))
    run.train(wish, tmp_path)
    record = json.loads((tmp_path / "train.json").read_text())
    assert record["teacher"]["file"] == "float.keras"
    assert record["float_top1"] > 0.9


def test_a_teacher_of_other_classes_is_refused(trained):
    from train import teacher

    with pytest.raises(ValueError, match="3 classes of"):
        teacher.load(trained[0] / "float.keras", 7, 256)
    with pytest.raises(ValueError, match="cannot be loaded by Keras"):
        teacher.load(trained[0] / "train.json", 3, 256)


def test_a_student_equal_to_its_teacher_lacks_no_class(trained):
    import keras

    from train import teacher

    model = keras.models.load_model(trained[0] / "float.keras", compile=False)
    x = keras.random.uniform((5, 64, 64, 3), -1, 1, seed=3)
    for told in (model, keras.Model(model.inputs[0], model.get_layer("classifier").output)):
        path = trained[0].parent / "told.keras"
        told.save(path)
        found = teacher.load(path, 3, 256)
        found.projection.kernel.assign(keras.ops.eye(256))
        embedding = keras.Model(model.inputs[0], model.get_layer("pool").output)(x)
        assert abs(float(found.loss(x, model(x), embedding))) < 1e-4
