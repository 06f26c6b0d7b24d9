"""The main road as a user walks it, on seconds of training: `make model`, from pictures to firmware."""

import hashlib
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
CLASSES = {"blue": (40, 60, 220), "green": (30, 200, 60), "red": (210, 50, 40)}
TRAIN, TEST = 24, 8
MODEL = "mobilenet_v1_0.25_32"


def make(build, data):
    """Run `make model` and give what it printed."""
    words = ["ALPHA=0.25", "RES=32", "INIT=scratch", "MINUTES=0.1", f"DATA={data}", f"BUILD={build}"]
    done = subprocess.run(
        ["make", "--no-print-directory", "model", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def road(tmp_path_factory):
    """The build folder after one run, and what it printed; the data are noisy patches of three colours."""
    folder = tmp_path_factory.mktemp("road")
    rng = np.random.default_rng(0)
    for split, count in (("train", TRAIN), ("val", TEST)):
        for name, colour in CLASSES.items():
            (folder / "patches" / split / name).mkdir(parents=True)
            for i in range(count):
                pixels = np.clip(rng.normal(colour, 30, (40, 48, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / "patches" / split / name / f"{i:02}.png")
    printed = make(folder / "build", folder / "patches")
    return folder, folder / "build" / MODEL / "patches", printed


def read(path):
    return json.loads(path.read_text())


def test_the_last_lines_are_the_verdict(road):
    _, _, printed = road
    lines = printed.splitlines()
    assert any(line.startswith("memory: fits: ") for line in lines[-6:])
    assert any(line.startswith("accuracy: int8 ") for line in lines[-6:])


def test_no_bit_differs_from_either_oracle(road):
    _, build, _ = road
    for oracle in ("tflm", "tflite-ref"):
        compared = read(build / f"compare_{oracle}.json")
        assert compared["bytes_compared"] > 0
        assert compared["bytes_different"] == 0


def test_the_model_is_int8_from_end_to_end_and_fits(road):
    _, build, _ = road
    fit = read(build / "npu6m" / "plan.json")["fit"]
    assert fit["fits"]
    assert fit["arena_bytes"] == fit["lower_bound_bytes"]
    assert read(build / "quantize.json")["model_sha256"] == sha256(build / "model.tflite")


def test_accuracy_is_of_the_whole_test_split(road):
    _, build, _ = road
    accuracy = read(build / "accuracy.json")
    assert accuracy["samples"] == len(CLASSES) * TEST
    assert 0 <= accuracy["agreement"] <= 1
    assert accuracy["float_top1"] == read(build / "train.json")["float_top1"]


def test_calibration_was_drawn_from_train_in_equal_parts(road):
    _, build, _ = road
    samples = read(build / "calibration.json")["samples"]
    counts = [sum(s["class"] == name for s in samples) for name in CLASSES]
    assert counts == [TRAIN] * len(CLASSES)  # fewer pictures than the default asks for: all of them
    assert len({s["sha256"] for s in samples}) == len(samples)


def test_the_manifest_names_every_file_of_the_firmware_folder_by_its_hash(road):
    _, build, _ = road
    firmware = build / "npu6m" / "firmware"
    named = read(firmware / "manifest.json")["files"]
    there = {p.name: sha256(p) for p in firmware.iterdir() if p.name != "manifest.json"}
    assert {name: entry["sha256"] for name, entry in named.items()} == there


def test_a_second_run_does_nothing_again(road):
    folder, build, _ = road
    before = {p: p.stat().st_mtime_ns for p in build.rglob("*") if p.is_file()}
    printed = make(folder / "build", folder / "patches")
    assert "sixmeg train" not in printed and "sixmeg quantize" not in printed
    assert {p: p.stat().st_mtime_ns for p in build.rglob("*") if p.is_file()} == before


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()
