"""`make check-c`: every plan on every path is run, and a byte that differs is red and ends with 4."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmarks import check_c as bench

pytest.importorskip("tflite_micro", reason="needs the oracle extra")


def run(shared: Path, model: str, *arguments: str) -> Result:
    path = str(shared / "models" / f"{model}.tflite")
    return CliRunner().invoke(bench.main, [path, "--samples", "2", *arguments])


def test_a_model_is_held_in_every_plan_on_every_path(shared, monkeypatch):
    monkeypatch.setattr(bench, "PATHS", {way: f"{flags} -O0" for way, flags in bench.PATHS.items()})
    done = run(shared, "tflm_hello_world_int8", "--json")
    answers = json.loads(done.stdout)["checked"]
    assert done.exit_code == 0
    assert [(plan, path) for plan in bench.PLANS for path in bench.PATHS] == [
        (a["plan"], a["path"]) for a in answers if a["path"]
    ] + [(a["plan"], path) for a in answers if not a["path"] for path in bench.PATHS]
    assert {(2 * 33, 0)} == {(a["bytes_compared"], a["bytes_different"]) for a in answers if a["path"]}


def test_a_model_without_emitted_c_is_named_and_is_no_fault(shared):
    done = run(shared, "coral_split_concat")
    assert (done.exit_code, "0 models in C, 1 without" in done.stdout) == (0, True)
    assert "uint8" in done.stdout


def test_a_byte_that_differs_is_4(shared, monkeypatch):
    right = bench.Checked("m", "op by op", "plain", "oracle:tflm", 32, inputs=2, bytes_compared=66)
    wrong = replace(right, bytes_different=1, first_difference="CONV_2D (operator 0) at [0]")
    monkeypatch.setattr(bench, "checked", lambda *_: [right, wrong])
    done = run(shared, "tflm_hello_world_int8")
    assert (done.exit_code, "WRONG on plain, op by op: first in CONV_2D" in done.stdout) == (4, True)
