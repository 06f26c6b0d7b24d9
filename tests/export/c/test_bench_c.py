"""`make bench-c`: every build and runtime is timed, boards are counted, what cannot be is told in a line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmarks import c as bench
from benchmarks import emulated
from benchmarks.runtimes import PEERS

pytest.importorskip("ai_edge_litert", reason="needs the oracle extra")
pytest.importorskip("tflite_micro", reason="needs the oracle extra")


def run(shared: Path, model: str, *arguments: str) -> Result:
    path = str(shared / "models" / f"{model}.tflite")
    return CliRunner().invoke(bench.main, [path, "--rounds", "2", *arguments])


def test_builds_and_runtimes_are_timed_and_ours_is_one(shared, monkeypatch):
    monkeypatch.setattr(emulated, "missing_tools", lambda _: ["qemu-system-arm"])
    done = run(shared, "tflm_hello_world_int8", "--json")
    (told,) = json.loads(done.stdout)["models"]
    assert done.exit_code == 0
    assert [*bench.BUILDS, *PEERS] == list(told["median_ms"])
    assert min(told["median_ms"].values()) > 0
    assert told["times_ours"][bench.OURS] == 1
    assert [board["why"] for board in told["emulated"]] == ["not installed: qemu-system-arm"] * 2


def test_a_model_without_emitted_c_is_a_line_and_2(shared):
    done = run(shared, "coral_split_concat")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "3 inputs" in done.stderr


def test_a_path_is_counted_beside_the_plain_one(monkeypatch):
    counts = {emulated.SPEED: 20, emulated.PLAIN: 50}
    monkeypatch.setattr(emulated, "missing_tools", lambda _: [])
    monkeypatch.setattr(
        emulated,
        "boot",
        lambda _, machine, flags: emulated.Booted(machine, flags, passed=True, instructions=counts[flags]),
    )
    (board,) = emulated.counted(Path(), ["cortex-m7"])
    assert (board.instructions, board.plain_instructions, board.times_fewer) == (20, 50, 2.5)


def test_a_board_on_which_vectors_differ_has_no_count(monkeypatch):
    monkeypatch.setattr(emulated, "missing_tools", lambda _: [])
    monkeypatch.setattr(
        emulated,
        "boot",
        lambda _, machine, flags: emulated.Booted(
            machine, flags, why="1 of 1 vectors differ", instructions=9
        ),
    )
    (board,) = emulated.counted(Path(), ["cortex-m7"])
    assert (board.instructions, board.times_fewer) == (None, None)
    assert "1 of 1 vectors differ" in board.why
