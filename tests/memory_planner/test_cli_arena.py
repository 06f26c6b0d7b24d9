"""`sixmeg arena`: figures of a model of the field, one line for what it cannot tell."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from memory_planner.cli_arena import arena
from sixmeg import main

VWW = "mlperf_vww_mnv1_025_96_int8.tflite"


def asked(*arguments: str) -> dict:
    done = CliRunner().invoke(arena, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def test_head_and_tail_of_a_model_and_the_parts_that_make_them(shared):
    answer = asked(str(shared / "models" / VWW))
    assert answer["head_bytes"] == 73_728
    assert answer["tail_bytes"] == sum(answer["parts"].values())
    kept = sum(kernel["data_bytes"] for kernel in answer["kernels"])
    assert kept == answer["parts"]["kernel_data"]


def test_firmware_with_small_pointers_needs_less(shared):
    host, firmware = (asked(str(shared / "models" / VWW), "--abi", abi) for abi in ("host", "cortex-m"))
    assert firmware["head_bytes"] == host["head_bytes"]
    assert firmware["arena_bytes"] < host["arena_bytes"]


def test_scratch_buffers_are_told_with_who_asked(shared):
    path = shared / "models" / "tflm_keyword_scrambled_8bit.tflite"
    lines = CliRunner().invoke(arena, [str(path)]).output.splitlines()
    scratch = [line for line in lines if line.startswith("scratch of operator") and "SVDF" in line]
    assert len(scratch) == 7


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (
            "coral_mobilenet_v1_0.25_128_quant_uint8",
            "operator 0 (CONV_2D): TensorFlow Lite Micro does not run it",
        ),
        ("himax_fd_0_vela", "operator 0 is the custom operator ethos-u"),
    ],
)
def test_what_the_runtime_does_not_run_ends_in_one_line_with_2(shared, capsys, name, why):
    path = str(shared / "models" / f"{name}.tflite")
    with pytest.raises(SystemExit) as stop:
        main(["arena", path])
    said = capsys.readouterr().err
    assert stop.value.code == 2
    assert said.startswith(f"sixmeg: error: {path}: {why}")
    assert said.count("\n") == 1
