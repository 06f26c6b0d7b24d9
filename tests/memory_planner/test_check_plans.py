"""`make check-plans`: what is planned is run, and a head or a byte that differs is red and ends with 4."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from benchmarks import check_plans as bench
from graph.errors import PlanError

pytest.importorskip("tflite_micro", reason="needs the oracle extra")

MODEL = "tflm_micro_speech_int8"
QUICK = ("--replays", "2", "--samples", "1", "--json")


def run(shared, *arguments, model=MODEL):
    path = str(shared / "models" / f"{model}.tflite")
    return CliRunner().invoke(bench.main, [path, *arguments])


def test_a_model_is_run_by_both_in_four_ways(shared):
    done = run(shared, *QUICK, model="tflm_hello_world_int8")
    answer = json.loads(done.stdout)
    assert done.exit_code == 0
    assert [one["overlap"] for one in answer["replayed"]] == [False, True]
    assert [one["streamed_input"] for one in answer["simulated"]] == [False, True]
    assert {(2, 0)} == {(one["inputs"], one["different"]) for one in answer["replayed"]}
    assert {(33, 0)} == {(one["bytes_compared"], one["bytes_different"]) for one in answer["simulated"]}


def test_why_a_plan_does_not_exist_is_said_and_is_no_fault(shared):
    done = run(shared, *QUICK)
    whole, streamed = json.loads(done.stdout)["simulated"]
    assert done.exit_code == 0
    assert (whole["why"], "row by row" in streamed["why"]) == ("", True)


@pytest.mark.parametrize("change", [{"head_bytes": 31}, {"different": 1}])
def test_another_head_or_other_outputs_are_4(shared, monkeypatch, change):
    right = bench.Replayed("m", False, 32, 32, 20)
    monkeypatch.setattr(bench, "replayed", lambda *_, overlap: replace(right, **change))
    monkeypatch.setattr(bench, "simulated", lambda *_, streamed_input: bench.Simulated("m", streamed_input))
    assert run(shared).exit_code == bench.DIFFERS


def test_a_plan_that_the_simulator_refuses_is_4_and_named(shared, monkeypatch):
    def refused(*_, **__):
        raise PlanError("the plan breaks OVERLAP: tensors 1 and 2 share bytes in time")

    monkeypatch.setattr(bench, "replayed", lambda *_, overlap: bench.Replayed("m", overlap))
    monkeypatch.setattr(bench, "compare", refused)
    done = run(shared)
    assert done.exit_code == bench.DIFFERS
    assert "WRONG: the plan breaks OVERLAP" in done.stdout


def test_sizes_that_are_none_are_a_usage_error(shared):
    done = run(shared, "--sizes", "1.0x224")
    assert (done.exit_code, "give sizes as ALPHA/RES" in done.output) == (2, True)
