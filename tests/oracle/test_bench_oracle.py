"""`make oracle`: a row for every model and runtime, also for those that one of the two refuses."""

import json

import pytest
from click.testing import CliRunner

from benchmarks import oracle as bench
from firmware_sim.oracles import Oracle

pytest.importorskip("tflite_micro", reason="needs the oracle extra")

MODELS = [
    "tflm_hello_world_int8",
    "tflm_person_detect_mnv1_025_96_int8",
    "coral_invalid_model_invoking_error",
]


def run(shared, models, *arguments):
    paths = [str(shared / "models" / f"{name}.tflite") for name in models]
    return CliRunner().invoke(bench.main, [*paths, "--samples", "1", *arguments])


def test_every_model_has_a_row_for_every_runtime(shared):
    done = run(shared, MODELS, "--oracle", "tflm", "--oracle", "tflite-ref", "--json")
    answer = json.loads(done.stdout)
    rows = {(r["model"], r["oracle"]): r for r in answer["comparisons"]}
    assert done.exit_code == 0
    assert len(rows) == 2 * len(MODELS)
    hello, person, invalid = (rows[name, "tflite-ref"] for name in MODELS)
    assert (hello["bytes_compared"], hello["bytes_different"], hello["why"]) == (33, 0, "")
    assert "refuses the model" in person["why"]
    assert "custom operator" in invalid["why"]
    assert rows[MODELS[1], "tflm"]["bytes_compared"] == 231_814
    assert answer["bytes_compared"] == sum(r["bytes_compared"] for r in answer["comparisons"])
    assert (answer["models"], answer["models_compared"]) == (3, 2)


def test_a_byte_that_differs_is_a_red_row_and_4(shared, monkeypatch):
    row = bench.Row("m", "tflm", tensors=1, bytes_compared=9, bytes_different=1, first_difference="ADD: here")
    monkeypatch.setattr(bench, "row", lambda *_: row)
    done = run(shared, MODELS[:1], "--oracle", "tflm")
    assert done.exit_code == 4
    assert "ADD: here" in done.stdout and "1 of 9 bytes differ" in done.stdout


def test_a_runtime_that_crashes_does_not_end_the_run(shared, monkeypatch):
    def crash(*_, **__):
        raise bench.OracleError("the oracle tflm crashed (SIGABRT) on the model: no message")

    monkeypatch.setattr(bench, "compare", crash)
    done = run(shared, MODELS[:1], "--oracle", "tflm")
    assert done.exit_code == 0
    assert "SIGABRT" in done.stdout and "0 of 1 models compared" in done.stdout


def test_xnnpack_is_held_to_the_families_whose_operators_it_takes(shared):
    chosen = {"coral_mobilenet_v2_1.0_224_quant_uint8", "mlperf_ic_resnet8_large_int8", "tinymaix_cifar10_q"}
    paths = [shared / "models" / f"{name}.tflite" for name in chosen]
    assert all(bench._belongs(path, Oracle.TFLM) for path in paths)
    xnnpack = next((oracle for oracle in Oracle if oracle.value == "xnnpack"), None)
    if xnnpack is not None:
        assert {p.stem for p in paths if bench._belongs(p, xnnpack)} == chosen - {"tinymaix_cifar10_q"}


def test_a_missing_file_is_named():
    done = CliRunner().invoke(bench.main, ["nowhere.tflite"])
    assert (done.exit_code, "nowhere.tflite: no such file" in done.output) == (2, True)
