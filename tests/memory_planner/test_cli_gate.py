"""`sixmeg gate`: options, settings, exit codes."""

import json
import time

import pytest
from click.testing import CliRunner

from memory_planner.cli_gate import gate
from sixmeg import main

VWW = "mlperf_vww_mnv1_025_96_int8.tflite"
UINT8 = "coral_mobilenet_v1_0.25_128_quant_uint8.tflite"


@pytest.fixture
def run(shared, tmp_path, monkeypatch):
    """Runs the gate in an empty folder on models of ../shared by name."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments):
        paths = [str(shared / "models" / a) if a.endswith(".tflite") else a for a in arguments]
        return CliRunner().invoke(gate, paths)

    return invoke


@pytest.fixture
def refused(shared, tmp_path, monkeypatch, capsys):
    """The one line that the front door prints for what cannot be used."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments):
        with pytest.raises(SystemExit) as stop:
            main(["gate", *(str(shared / "models" / a) if a.endswith(".tflite") else a for a in arguments)])
        said = capsys.readouterr()
        assert stop.value.code == 2
        assert (said.out, said.err.count("\n")) == ("", 1)
        return said.err

    return invoke


def test_a_model_that_fits_exits_with_0_and_one_over_budget_with_3(run):
    assert run(VWW).exit_code == 0
    over = run(VWW, "--budget", "400KB")
    assert over.exit_code == 3
    required = json.loads(run(VWW, "--json").output)["required_bytes"]
    assert over.output.startswith(f"over budget: {required:,} of 400,000 bytes")
    assert run(VWW, "--budget", "400KB", "--runtime", "c").exit_code == 0


def test_a_mobilenet_is_answered_for_in_less_than_two_seconds(shared):
    path = str(shared / "models" / "mobilenet_v1_1.0_224_imagenet1001_ptq_int8.tflite")
    began = time.process_time()
    assert CliRunner().invoke(gate, [path]).exit_code == 0
    assert time.process_time() - began < 2


def test_several_models_have_a_line_each_and_the_worst_exit_code(run):
    told = run(VWW, "tflm_micro_speech_int8.tflite", "--budget", "100KB")
    assert told.exit_code == 3
    assert [line.split(": ")[1] for line in told.output.splitlines()] == ["over budget", "fits"]
    with_bad = run("tflm_micro_speech_int8.tflite", UINT8)
    assert with_bad.exit_code == 2
    assert "fits" in with_bad.output and "cannot be used" in with_bad.output


def test_a_speed_that_is_not_sure_exits_with_3(run):
    made = json.loads(run(VWW, "--min-fps", "1", "--json").output)["speed"]
    assert made["fps_low"] < made["fps"] < made["fps_high"]
    between = (made["fps_low"] + made["fps"]) / 2
    for wanted, code in ((made["fps_low"], 0), (between, 3), (made["fps"], 3)):
        told = run(VWW, "--min-fps", str(wanted))
        assert told.exit_code == code
        assert told.output.startswith("too slow: ") == bool(code)
    assert json.loads(run(VWW, "--json").output)["speed"] is None


def test_our_own_c_reads_weights_less_often_where_it_would_be_too_slow(run):
    smallest = json.loads(run(VWW, "--runtime", "c", "--min-fps", "1", "--json").output)
    asked = str(1.5 * smallest["speed"]["fps_low"])
    faster = json.loads(run(VWW, "--runtime", "c", "--min-fps", asked, "--json").output)
    assert faster["speed"]["fps"] > smallest["speed"]["fps"]
    assert faster["arena_bytes"] > smallest["arena_bytes"]


def test_growth_beyond_the_limit_exits_with_3(run, tmp_path):
    (tmp_path / "gate.json").write_text(run(VWW, "--json").output)
    content = json.loads((tmp_path / "gate.json").read_text())
    assert run(VWW, "--baseline", "gate.json", "--max-growth", "0").exit_code == 0
    content["required_bytes"] -= 5_000
    (tmp_path / "gate.json").write_text(json.dumps(content))
    assert run(VWW, "--baseline", "gate.json", "--max-growth", "2%").exit_code == 0
    grew = run(VWW, "--baseline", "gate.json", "--max-growth", "1%")
    assert grew.exit_code == 3
    assert "grew too much: 5,000 bytes since the baseline, 1% are allowed" in grew.output


def test_settings_stand_where_the_command_line_says_nothing(run, tmp_path):
    (tmp_path / "sixmeg.toml").write_text('[gate]\nbudget = "100KB"\nformat = "json"\nruntime = "c"\n')
    kept = run(VWW)
    assert kept.exit_code == 3
    assert json.loads(kept.output)["runtime"] == "c"
    said = run(VWW, "--budget", "1MB", "--runtime", "tflm", "--format", "text")
    assert (said.exit_code, said.output[:5]) == (0, "fits:")


def test_models_of_the_settings_are_taken_where_none_is_given(run, shared, tmp_path):
    (tmp_path / "sixmeg.toml").write_text(f'[gate]\nmodels = ["{shared}/models/{VWW}"]\n')
    assert run().exit_code == 0


def test_a_reservation_of_the_settings_and_of_the_command_line_both_hold(run, tmp_path):
    (tmp_path / "sixmeg.toml").write_text('[gate]\nreserve = ["firmware=1MiB"]\n')
    told = json.loads(run(VWW, "--reserve", "camera=1MiB", "--json").output)
    assert told["memories"][0]["reserved_bytes"] == 2 * 2**20


def test_a_file_takes_the_format_and_the_terminal_the_text(run, tmp_path):
    told = run(VWW, "--format", "junit", "-o", "out/gate.xml")
    assert told.output.startswith("fits: ")
    assert (tmp_path / "out" / "gate.xml").read_text().startswith("<testsuites")


def test_why_lists_three_changes(run):
    assert [line[:3] for line in run(VWW, "--why").output.splitlines()[-3:]] == ["1. ", "2. ", "3. "]


def test_a_chip_of_several_memories_is_told_memory_by_memory(run):
    told = run(VWW, "--chip", "stm32h747")
    assert told.exit_code == 0
    lines = told.output.splitlines()
    arena = json.loads(run(VWW, "--chip", "stm32h747", "--json").output)["arena_bytes"]
    assert lines[0] == (
        f"fits: flash 333,288 of 1,966,080, dtcm {arena:,} of 122,880, axi 333,288 of 502,630 bytes"
    )
    assert [line.split(":")[0] for line in lines[-3:]] == ["flash", "dtcm", "axi"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "which model?"),
        ([UINT8], "--runtime c counts without that runtime"),
        ([VWW, "--max-growth", "2%"], "--max-growth needs the --baseline"),
        ([VWW, "--min-fps", "nan"], "--min-fps is no number"),
        ([VWW, "--min-fps", "0"], "--min-fps"),
        ([VWW, "--baseline", "nowhere.json"], "nowhere.json: No such file"),
        ([VWW, "--baseline", "nowhere.json", "--max-growth", "much"], "write it like 2% or 10KB"),
        ([VWW, "--config", "nowhere.toml"], "nowhere.toml: no such file"),
        ([VWW, "--reserve", "camera=7MiB"], "6,291,456 bytes, 7,340,032 bytes reserved"),
        ([VWW, "--format", "yaml"], "yaml"),
        ([VWW, "--budget", "some"], "no size"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_2(refused, arguments, why):
    assert why in refused(*arguments)
