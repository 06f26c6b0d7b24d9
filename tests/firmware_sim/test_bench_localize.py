"""`make bench-localize`: known mistakes planted in real models, as folders and as logs, and what was said."""

import json

import pytest
from click.testing import CliRunner

from benchmarks import localize as bench
from benchmarks.planting import CAUSES

VWW = "mlperf_vww_mnv1_025_96_int8"
UINT8 = "coral_mobilenet_v1_0.25_128_quant_uint8"
WITH_MEAN = "tinymaix_mbnet128_0.25_q"


def run(shared, model, *arguments):
    return CliRunner().invoke(bench.main, [str(shared / "models" / f"{model}.tflite"), *arguments])


@pytest.mark.parametrize("form", [[], ["--log"]])
def test_a_planted_mistake_is_shown_beside_what_was_said(shared, form):
    done = run(shared, VWW, "--cause", "padding_with_zero", "--cause", "input_off_by_128", *form, "--json")
    answer = json.loads(done.stdout)
    assert (done.exit_code, answer["planted"], answer["found"]) == (0, 2, 2)
    operator, picture = answer["rows"]
    assert operator["said"].startswith(operator["planted_in"] + ", channel ")
    assert picture["said"].startswith("INPUT, channel 0, pixel [0, 0, 0]: ours ")
    assert picture["elements_different"] == 96 * 96 * 3


def test_the_zero_point_of_uint8_weights_left_out_is_found(shared):
    done = run(shared, UINT8, "--cause", "weights_zero_point_left_out", "--cause", "single_rounding")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (
        0,
        "2 of 2 planted mistakes found; 2 of 2 causes planted",
    )


def test_the_arithmetic_of_another_runtime_is_found(shared):
    done = run(shared, WITH_MEAN, "--cause", "other_numerics", "--json")
    (row,) = json.loads(done.stdout)["rows"]
    assert (done.exit_code, row["planted_in"], row["wrong"]) == (0, "31 MEAN", "")


def test_a_mistake_that_is_not_found_is_a_red_row_and_4(shared, monkeypatch):
    blamed = {"op": 1, "kind": "ADD", "tensor": 0, "channel": 0, "pixel": [0, 0, 0], "ours": 0, "theirs": 0}
    monkeypatch.setattr(bench, "asked", lambda _: {**blamed, "different": 1, "causes": []})
    done = run(shared, VWW, "--cause", "input_off_by_128")
    assert done.exit_code == 4
    assert "0 of 1 planted mistakes found" in done.stdout and "op 1, not None" in done.stdout


def test_what_no_operator_can_have_is_said_and_the_dumps_are_kept(shared, tmp_path):
    done = run(
        shared, VWW, "--cause", "padding_counted", "--cause", "output_as_nchw", "--keep", str(tmp_path)
    )
    assert done.exit_code == 0
    assert bench.ABSENT in done.stdout
    (command,) = (line for line in done.stdout.splitlines() if line.startswith("sixmeg compare "))
    assert str(next((tmp_path / VWW).glob("output_as_nchw_*"))) in command


def test_a_file_that_cannot_be_read_is_one_line_and_2(tmp_path):
    done = CliRunner().invoke(bench.main, [str(tmp_path / "nowhere.tflite")])
    assert (done.exit_code, "nowhere.tflite" in done.output) == (2, True)


@pytest.mark.slow
@pytest.mark.parametrize("model", [VWW, UINT8, WITH_MEAN])
def test_every_mistake_that_a_mobilenet_can_have_is_found(shared, model):
    answer = json.loads(run(shared, model, "--json").stdout)
    assert [row["wrong"] for row in answer["rows"] if row["wrong"]] == []
    assert answer["planted"] == answer["found"] >= 16
    assert answer["causes"] == len(CAUSES)
