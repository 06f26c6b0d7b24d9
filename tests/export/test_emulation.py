"""Folders on emulated boards: what passes, what must not, and what is said."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sixmeg
from export import emulation
from export.c.boards import BOARDS
from graph.attrs import Padding
from graph.types import Graph
from memory_planner import plan
from memory_planner.streamed import streamed_plan
from tests.export.c.folders import NPU6M, written
from tests.networks import Builder

MACHINES = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            bool(emulation.missing_tools([name])), reason=f"needs {board.compiler} and {board.emulator}"
        ),
    )
    for name, board in BOARDS.items()
]


def small() -> Graph:
    made = Builder((1, 11, 8, 3), 3)
    at = made.layer(made.input, (3, 3), 8, Padding.SAME, (2, 2))
    at = made.layer(at, (3, 3), 0, Padding.SAME, (1, 1), 2)
    return made.graph(made.mean(made.layer(at, (1, 1), 5, Padding.SAME, (1, 1))))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    graph = small()
    return written(graph, plan(graph, NPU6M), tmp_path_factory.mktemp("boot") / "net", count=3)


def run(capsys, *arguments) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        sixmeg.main(["firmware-test", *map(str, arguments)])
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


@pytest.mark.parametrize("machine", MACHINES)
def test_golden_vectors_pass_and_instructions_are_counted(folder, machine, capsys):
    code, out, _ = run(capsys, folder, "--machine", machine, "--json")
    (told,) = json.loads(out)["machines"]
    chip = next(used for used in told["memory"] if used["region"] == "CHIP")
    assert (code, told["pass"], len(told["digests"])) == (0, True, 3)
    assert chip["size_bytes"] == 6 * 1024 * 1024
    assert 0 <= chip["used_bytes"] - told["constant_bytes"] - told["arena_bytes"] < 16
    assert told["instructions"] == max(told["instructions_each"]) > 4 * 6 * 5 * 8


@pytest.mark.parametrize("machine", MACHINES)
def test_a_changed_weight_fails_on_the_board(folder, machine, tmp_path, capsys):
    changed = tmp_path / "net"
    shutil.copytree(folder, changed)
    weights = changed / "net_weights.c"
    text = weights.read_text()
    bias = re.search(r"net_bias_2\[5\] = \{\n    (-?\d+),", text)
    assert bias
    weights.write_text(text[: bias.start(1)] + str(int(bias[1]) + 10**6) + text[bias.end(1) :])
    code, out, _ = run(capsys, changed, "--machine", machine)
    assert (code, "vectors differ" in out) == (4, True)


@pytest.mark.parametrize("machine", MACHINES)
def test_a_crash_ends_and_is_no_pass(folder, machine, tmp_path, capsys):
    changed = tmp_path / "net"
    shutil.copytree(folder, changed)
    source = changed / "net.c"
    crash = "{\n    *(volatile uint32_t *)0xF0000000u = 1;\n"
    text = source.read_text()
    at = text.index("void net_invoke_in(")
    source.write_text(text[:at] + text[at:].replace("{\n", crash, 1))
    code, out, _ = run(capsys, changed, "--machine", machine)
    assert (code, "FAULT" in out) == (4, True)


@pytest.mark.parametrize("machine", MACHINES)
def test_what_is_counted_are_instructions(folder, machine, tmp_path) -> None:
    counted = tmp_path / "net"
    shutil.copytree(folder, counted)
    (counted / "net.c").write_text(
        """
        #include "net.h"
        void net_invoke(const net_input_t *input, net_output_t *output)
        {
            (void)input;
            (void)output;
            for (int n = 0; n < 1000; n++) __asm__ volatile(".rept 1000\\n nop\\n .endr");
        }
        """
    )
    told = emulation.boot(counted, machine)
    assert told.vectors_different == 3
    assert [count // 10_000 for count in told.instructions_each] == [100] * 3  # a million, and the loop's own


@pytest.mark.parametrize("machine", MACHINES)
def test_what_does_not_fit_does_not_link(folder, machine, tmp_path, capsys):
    changed = tmp_path / "net"
    shutil.copytree(folder, changed)
    script = changed / f"{machine}.ld"
    script.write_text(script.read_text().replace("LENGTH = 6291456", "LENGTH = 256"))
    code, out, _ = run(capsys, changed, "--machine", machine, "--json")
    (told,) = json.loads(out)["machines"]
    assert (code, told["links"], told["lacking_in"], told["lacking_bytes"] > 0) == (3, False, "CHIP", True)
    assert (
        "the export counted" in run(capsys, changed, "--machine", machine)[1]
    )  # for 6 MiB, not for 256 bytes


@pytest.mark.parametrize("machine", MACHINES)
def test_rows_of_a_sensor_pass_too(machine, tmp_path):
    graph = small()
    rows = streamed_plan(graph, graph.ops, 16, frozenset(graph.inputs))
    assert emulation.boot(written(graph, rows, tmp_path / "net"), machine, "-Os").passed


def test_what_is_not_installed_is_named_with_its_packages(monkeypatch, folder, capsys):
    monkeypatch.setattr(shutil, "which", lambda program: None)
    code, _, err = run(capsys, folder)
    assert (code, err.count("\n"), "apt-get install" in err) == (2, 1, True)
    assert all(package in err for package in emulation.PACKAGES.values())


def test_a_folder_without_c_is_refused(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(emulation, "missing_tools", lambda machines: [])
    code, _, err = run(capsys, tmp_path)
    assert (code, err.count("\n"), "sixmeg export --target c" in err) == (2, 1, True)


ROOT = Path(__file__).resolve().parents[2]
VWW = ROOT.parent / "shared" / "models" / "mlperf_vww_mnv1_025_96_int8.tflite"


def test_make_installs_the_packages_that_are_named() -> None:
    listed = re.search(r"^PACKAGES := ((?:.*\\\n)*.*)$", (ROOT / "Makefile").read_text(), re.M)
    assert listed
    assert set(listed[1].replace("\\", "").split()) == set(" ".join(emulation.PACKAGES.values()).split())


@pytest.mark.slow
@pytest.mark.skipif(not VWW.is_file(), reason="needs ../shared/models")
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("streamed", ["", ":streamed"])
def test_a_real_model_is_gated_exported_and_booted(machine, streamed, tmp_path) -> None:
    words = [f"{VWW}{streamed}", "--machines", machine, "--build", tmp_path]
    command = [sys.executable, "-m", "benchmarks.boot", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    (told,) = json.loads((tmp_path / "firmware-test" / "results.json").read_text())
    assert (done.returncode, "1 of 1 boots PASS" in done.stdout) == (0, True), done.stderr
    assert (told["pass"], told["gate_fits"], told["input"]) == (True, True, streamed[1:] or "whole")
