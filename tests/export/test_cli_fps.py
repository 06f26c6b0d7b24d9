"""`sixmeg fps`: names, plans, a board's log beside the estimate, this machine's times apart from it."""

import csv
import json

import pytest
from click.testing import CliRunner

from export.cli_fps import fps
from firmware_sim.emitted import FAST
from memory_planner.chip import load
from memory_planner.cost.calibration import calibrated
from sixmeg import main

NET = "mobilenet_v1_0.25_96"
KEYS = {"fps", "fps_low", "fps_high", "cycles", "macs", "extrapolated", "why", "layers"}
LAYER = {"name", "kind", "macs", "bytes", "compute_cycles", "memory_cycles", "cycles", "share"}


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments):
        done = CliRunner().invoke(fps, [*arguments, "--json"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return json.loads(done.output)

    return invoke


def test_a_name_is_enough_and_every_key_is_there(run):
    told = run(NET, "--chip", "gap8")
    assert set(told) >= KEYS
    assert all(set(layer) >= LAYER for layer in told["layers"])
    assert told["cycles"] == sum(layer["cycles"] for layer in told["layers"]) + told["frame_cycles"]


def test_a_streamed_plan_moves_more_bytes_than_one_for_the_least_latency(run):
    small, fast = (run(NET, "--runtime", "c", "--minimize", least) for least in ("peak", "latency"))
    assert small["bytes"] > fast["bytes"]
    assert small["fps"] < fast["fps"]


def test_every_plan_stands_beside_the_others(run):
    told = run(NET, "--plans")["plans"]
    assert [(p["runtime"], p["input"], p["minimize"]) for p in told][:3] == [
        ("any", "whole", "peak"),
        ("tflm", "whole", "peak"),
        ("c", "whole", "latency"),
    ]
    arenas = {(p["runtime"], p["input"], p["minimize"]): p["arena_bytes"] for p in told}
    assert arenas["c", "streamed", "peak"] < arenas["c", "whole", "peak"] < arenas["any", "whole", "peak"]


def test_a_boards_log_is_held_against_the_estimate_and_leaves_it_as_it_is(run, tmp_path):
    alone = run(NET, "--chip", "stm32h747")
    slow = round(1.5 * alone["cycles"])
    (tmp_path / "log.txt").write_text(f"frame cycles={slow}\nop=1 cycles={alone['layers'][1]['cycles']}\n")
    told = run(NET, "--chip", "stm32h747", "--serial", "log.txt")
    assert {key: told[key] for key in alone} == alone
    assert told["board"]["estimate_error"] == pytest.approx(1 / 1.5 - 1, abs=1e-4)
    assert told["board"]["inside"] is False
    assert told["board"]["layers"][0]["estimate_error"] == 0


def test_what_a_board_took_becomes_rows_that_a_chip_is_fitted_to(run, tmp_path):
    chip = load("stm32h747-cubeai10")
    for alpha in (0.25, 0.5):
        for res in (96, 128, 192):
            name = f"mobilenet_v1_{alpha}_{res}"
            cycles = run(name, "--chip", "stm32h747-cubeai10")["cycles"]
            (tmp_path / "log.txt").write_text(f"cycles={cycles}\n")
            run(name, "--chip", "stm32h747", "--serial", "log.txt", "--record", "mine.csv")
    with (tmp_path / "mine.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["model"] for row in rows] == ["MobileNetV1"] * 6
    made = calibrated(str(tmp_path / "mine.csv"), None, "mine")
    assert made.fit.mean_error < 0.02
    assert made.chip.macs_per_cycle.pointwise.value == pytest.approx(
        chip.macs_per_cycle.pointwise.value, rel=0.05
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((NET, "--measure"), "give a .tflite, mobilenet_v1_0.25_96 is none"),
        ((NET, "--record", "m.csv"), "--record needs the --serial log"),
        ((NET, "--serial", "nowhere.txt"), "give a board's log"),
        (("mobilenet_v1_0.25_100",), "RES 100 is not a multiple of 32"),
        ((NET, "--chip", "nochip"), "unknown chip 'nochip'"),
        ((NET, "--runtime", "tflm", "--minimize", "latency"), "are for --runtime c alone"),
    ],
)
def test_what_cannot_be_used_is_one_line(tmp_path, monkeypatch, capsys, arguments, told):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(["fps", *arguments])
    said = capsys.readouterr()
    assert (stop.value.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert told in said.err


def test_an_operator_that_the_model_does_not_have_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.txt").write_text("op=99 cycles=5\n")
    with pytest.raises(SystemExit):
        main(["fps", NET, "--serial", "log.txt"])
    assert "log.txt: op=99 is counted, the model's are 0 to 29" in capsys.readouterr().err


@pytest.mark.slow
def test_this_machines_times_stand_apart_from_the_chips(run, shared):
    model = str(shared / "models" / "mlperf_vww_mnv1_025_96_int8.tflite")
    alone, told = run(model), run(model, "--measure", "--seconds", "0.05")
    assert {key: told[key] for key in alone} == alone
    runs = {each["name"]: each for each in told["host"]["runs"]}
    assert len(runs) == 4
    assert runs["emitted C, least latency"]["version"].endswith(FAST)
    assert all(each["runs"] >= 5 and each["least_ms"] > 0 for each in runs.values())


@pytest.mark.slow
def test_a_runtime_that_does_not_run_the_model_says_why_and_the_others_are_timed(run, shared):
    told = run(
        str(shared / "models" / "coral_mobilenet_v1_0.25_128_quant_uint8.tflite"),
        "--measure",
        "--seconds",
        "0.05",
    )
    assert any("refusal" in each for each in told["host"]["runs"])
    assert any("median_ms" in each for each in told["host"]["runs"])
