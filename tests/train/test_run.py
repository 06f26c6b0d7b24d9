"""`train` whole, in seconds: files, figures, interruption and resumption."""

import json
import os
import signal

import numpy as np
import pytest
from click.testing import CliRunner

import pictures
from train import cli, run
from train.run import Wish


@pytest.fixture(scope="module")
def trained(colours_folder, tmp_path_factory):
    """The folder of one short training, and what the command printed."""
    folder = tmp_path_factory.mktemp("trained")
    wanted = ["train", "--alpha", "0.25", "--res", "64", "--data", str(colours_folder), "--init", "scratch"]
    result = CliRunner().invoke(
        cli.main, [*wanted, "--steps", "30", "-o", str(folder)], catch_exceptions=False
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


def test_fine_tuning_keeps_batchnorm_and_moves_the_rest(trained, colours_folder, tmp_path):
    import keras

    first = trained[0] / "float.keras"
    run.train(Wish(0.25, 32, str(colours_folder), str(first), steps=6), tmp_path)
    before, after = (keras.models.load_model(path) for path in (first, tmp_path / "float.keras"))
    record = json.loads((tmp_path / "train.json").read_text())
    assert record["init"]["used"] == "file"
    assert record["init"]["why"] == "float.keras: all layers, classifier included"
    assert record["recipe"]["batchnorm"] == "frozen"
    for name, moves in (("conv_pw_3_bn", False), ("conv_pw_3", True), ("classifier", True)):
        pairs = zip(before.get_layer(name).get_weights(), after.get_layer(name).get_weights(), strict=True)
        assert any(not np.array_equal(one, other) for one, other in pairs) == moves, name


def test_what_cannot_be_used_is_refused_before_anything_is_written(colours_folder, tmp_path):
    with pytest.raises(ValueError, match="RES 100"):
        run.train(Wish(0.25, 100, str(colours_folder)), tmp_path)
    with pytest.raises(ValueError, match="no such file"):
        run.train(Wish(0.25, 32, str(colours_folder), init="nowhere.h5"), tmp_path)
    with pytest.raises(ValueError, match="either a number of minutes or a number of steps"):
        run.train(Wish(0.25, 32, str(colours_folder), "scratch", minutes=1, steps=1), tmp_path)
    assert not any(tmp_path.iterdir())
