"""Two runtimes set against each other, and a runtime against the simulation of another."""

import json

import pytest
from click.testing import CliRunner

import sixmeg

pytest.importorskip("tflite_micro", reason="needs the oracle extra")

MODEL = "mlperf_ad01_autoencoder_int8.tflite"


def compared(shared, *sides):
    asked = ["compare", str(shared / "models" / MODEL), "--samples", "6", "--json", "--between", *sides]
    done = CliRunner().invoke(sixmeg.cli, asked)
    return done.exit_code, json.loads(done.stdout)


def test_two_runtimes_part_as_their_simulations_do(shared):
    code, real = compared(shared, "oracle:tflm", "oracle:tflite-ref")
    _, simulated = compared(shared, "tflm", "tflite-ref")
    assert code == 4
    assert real["first_difference"] == simulated["first_difference"]
    assert real["tensors"] == simulated["tensors"]
    assert [b["version"].split()[0] for b in real["between"]] == ["tflite-micro", "ai-edge-litert"]


def test_a_runtime_may_stand_first(shared):
    code, answer = compared(shared, "oracle:tflite-ref", "tflite-ref")
    assert (code, answer["bytes_different"]) == (0, 0)
    assert answer["numerics"] == answer["oracle"] == "tflite-ref"
