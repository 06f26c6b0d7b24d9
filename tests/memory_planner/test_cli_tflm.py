"""`sixmeg plan --runtime tflm`: the planned model, its JSON, and one line for what cannot be done."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from graph import file_facts, tflite
from memory_planner import cli_tflm
from memory_planner.cli import plan
from memory_planner.tflm import replay
from memory_planner.tflm.arena import arena_of
from memory_planner.tflm.layout import HOST
from memory_planner.tflm.replay import Replay
from memory_planner.tflm.replay_worker import MISSING_PACKAGE
from sixmeg import main

VWW = "mlperf_vww_mnv1_025_96_int8.tflite"


@pytest.fixture
def vww(shared) -> str:
    return str(shared / "models" / VWW)


def test_the_json_has_the_head_its_proof_and_the_tensor_arena(vww):
    done = CliRunner().invoke(plan, [vww, "--runtime", "tflm", "--json"])
    assert done.exit_code == 0, done.output
    content = json.loads(done.output)
    assert content["runtime"] == "tflm"
    assert content["arena_bytes"] == content["lower_bound_bytes"] == 55_296
    assert content["proof"] == "lower-bound"
    assert content["tensor_arena"]["host"]["head_bytes"] == 55_296
    fit = content["fit"]
    assert fit["required_bytes"] == fit["file_bytes"] + content["tensor_arena"]["cortex-m"]["arena_bytes"]


def test_a_name_in_tflite_gets_the_model_with_its_plan(vww, tmp_path):
    planned, told = tmp_path / "planned.tflite", tmp_path / "plan.json"
    for output in (planned, told):
        done = CliRunner().invoke(plan, [vww, "--runtime", "tflm", "-o", str(output)])
        assert done.exit_code == 0, done.output
    content = json.loads(told.read_text())
    offsets = file_facts.read(planned.read_bytes()).offline_offsets
    assert {b["tensor"]: b["offset"] for b in content["buffers"]} == {
        tensor: offset for tensor, offset in enumerate(offsets) if offset >= 0
    }
    assert arena_of(planned.read_bytes(), HOST).head_bytes == content["arena_bytes"]
    assert tflite.read_file(planned).ops == tflite.read_file(vww).ops


def test_planning_a_planned_model_changes_nothing(vww, tmp_path):
    once, twice = tmp_path / "once.tflite", tmp_path / "twice.tflite"
    for source, output in ((vww, once), (once, twice)):
        assert CliRunner().invoke(plan, [str(source), "--runtime", "tflm", "-o", str(output)]).exit_code == 0
    assert once.read_bytes() == twice.read_bytes()


def test_a_chip_that_is_too_small_exits_with_3(vww, tmp_path):
    arguments = [vww, "--runtime", "tflm", "--reserve", "camera=6MB", "--json"]
    done = CliRunner().invoke(plan, arguments)
    assert done.exit_code == 3, done.output
    assert json.loads(done.output)["fit"]["margin_bytes"] < 0


@pytest.mark.parametrize(
    ("model", "arguments", "why"),
    [
        (VWW, ["-o", "x.tflite"], "carries plans for --runtime tflm alone"),
        ("coral_split_concat.tflite", ["--runtime", "tflm"], "does not run it with uint8 input"),
    ],
)
def test_what_cannot_be_done_ends_in_one_line_with_2(shared, capsys, model, arguments, why):
    with pytest.raises(SystemExit) as stop:
        main(["plan", str(shared / "models" / model), *arguments])
    said = capsys.readouterr().err
    assert stop.value.code == 2
    assert why in said
    assert said.count("\n") == 1


def test_an_overlapped_model_is_tried_before_it_is_written(vww, tmp_path):
    pytest.importorskip("tflite_micro", reason="needs the tflite-micro wheel (the oracle extra)")
    arguments = [vww, "--runtime", "tflm", "--overlap", "--kernels", "reference", "--replay", "3", "--json"]
    done = CliRunner().invoke(plan, [*arguments, "-o", str(tmp_path / "planned.tflite")])
    assert done.exit_code == 0, done.output
    content = json.loads(done.output)
    assert content["replay"] == {"samples": 3, "different": 0, "first": None}
    assert content["arena_bytes"] == content["lower_bound_bytes"] == 36_880
    assert content["kernels"] == "reference"
    assert all(pair["least_bytes"] <= pair["distance_bytes"] for pair in content["overlaps"])
    assert arena_of((tmp_path / "planned.tflite").read_bytes(), HOST).head_bytes == 36_880


def test_a_model_whose_outputs_change_is_not_written(vww, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cli_tflm, "replay", lambda *_, **__: Replay(32, 5, 2))
    planned = tmp_path / "planned.tflite"
    with pytest.raises(SystemExit) as stop:
        main(["plan", vww, "--runtime", "tflm", "--overlap", "--kernels", "reference", "-o", str(planned)])
    assert stop.value.code == 2
    assert "5 of 32 inputs give other outputs under the plan, the first is input 2" in capsys.readouterr().err
    assert not planned.exists()


def test_without_the_runtime_it_is_refused_or_written_untried(vww, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(replay, "_WORKER", tmp_path / "worker.py")
    (tmp_path / "worker.py").write_text(f"raise SystemExit({MISSING_PACKAGE})")
    planned = tmp_path / "planned.tflite"
    wanted = ["plan", vww, "--runtime", "tflm", "--overlap", "--kernels", "reference", "-o", str(planned)]
    with pytest.raises(SystemExit) as stop:
        main(wanted)
    assert (stop.value.code, planned.exists()) == (2, False)
    assert "--no-replay" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stop:
        main([*wanted, "--no-replay"])
    assert (stop.value.code, planned.exists()) == (0, True)


def test_cmsis_nn_overlaps_less_and_says_what_is_not_counted(vww):
    done = CliRunner().invoke(plan, [vww, "--runtime", "tflm", "--overlap", "--kernels", "cmsis-nn"])
    assert done.exit_code == 0, done.output
    assert "not counted: scratch that CMSIS-NN kernels ask for" in done.output
    assert "head 55,296" in done.output


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--runtime", "tflm", "--overlap"], "--kernels reference or --kernels cmsis-nn"),
        (["--overlap", "--kernels", "reference"], "--overlap is for --runtime tflm"),
        (["--runtime", "tflm", "--kernels", "reference"], "say how to --overlap"),
        (["--runtime", "tflm", "--overlap", "--kernels", "esp-nn"], "'esp-nn' is not one of"),
    ],
)
def test_wishes_that_do_not_go_together_end_in_one_line_with_2(vww, capsys, arguments, why):
    with pytest.raises(SystemExit) as stop:
        main(["plan", vww, *arguments])
    said = capsys.readouterr().err
    assert stop.value.code == 2
    assert why in said
    assert said.count("\n") == 1
