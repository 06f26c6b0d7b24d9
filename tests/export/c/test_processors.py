"""The emitted C's paths for Cortex-M, on emulated boards: the bits of the plain path and of the simulator."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sixmeg
from export import emulation
from export.c.boards import BOARDS
from graph.attrs import Padding
from graph.errors import PlanError
from graph.types import Graph
from memory_planner import plan
from memory_planner.streamed import streamed_plan
from memory_planner.types import Plan
from tests.export.c.folders import NPU6M, written
from tests.export.c.test_paths import wide_layers
from tests.networks import Builder, networks

PROGRAMS = Path(__file__).with_name("programs")
HOST = ["gcc", "-O1"]
SOURCES = ["net.c", "net_weights.c", "kernels.c", "golden.c"]
MACHINES = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            bool(emulation.missing_tools([name])), reason=f"needs {board.compiler} and {board.emulator}"
        ),
    )
    for name, board in BOARDS.items()
    if board.family == "cortex_m"
]
MEMORY_END = {"cortex-m55": 0x2140_0000, "cortex-m7": 0x6100_0000}
"""Of a memory of the board's with nothing behind it."""
MOST_INSTRUCTIONS = {"cortex-m55": 5_000_000, "cortex-m7": 18_000_000}
VWW = Path(__file__).resolve().parents[4] / "shared" / "models" / "mlperf_vww_mnv1_025_96_int8.tflite"
KINDS = st.sampled_from(["whole", "overlapped", "streamed", "by rows"])
ONE_OUTPUT = networks().filter(lambda case: len(case[0].outputs) == 1)
CASES = (st.one_of(wide_layers(), ONE_OUTPUT), st.sampled_from([1, 16]), KINDS)
FEW = settings(max_examples=5, deadline=None)
MANY = settings(max_examples=80, deadline=None)


def built(folder: Path, program: str, compiler: list[str]) -> Path:
    """A program of ours beside the folder's sources."""
    out, sources = folder / f"{program}.elf", [*SOURCES, str(PROGRAMS / f"{program}.c")]
    command = [*compiler, "-std=c99", "-I.", f"-I{PROGRAMS}", *sources, "-o", str(out)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return out


def on_host(folder: Path, program: str, *flags: str) -> str:
    path = built(folder, program, [*HOST, *flags])
    return subprocess.run([str(path)], capture_output=True, text=True, check=True).stdout


def on_board(folder: Path, machine: str, program: str, *flags: str) -> str:
    board = BOARDS[machine]
    linked = ["-nostartfiles", "-T", f"{machine}.ld", "-DNET_BOARD", "board_cortex_m.c", *board.link.split()]
    section = '-DNET_SECTION=__attribute__((section(".net_weights")))'
    path = built(folder, program, [board.compiler, *board.flags.split(), "-O2", section, *linked, *flags])
    command = [*board.qemu.split(), "-kernel", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout


def planned(graph: Graph, alignment: int, kind: str) -> Plan | None:
    if kind == "whole":
        return plan(graph, NPU6M)
    inputs = frozenset(graph.inputs if kind == "by rows" else ())
    try:
        return streamed_plan(graph, graph.ops, alignment, inputs, 10**6 if kind == "overlapped" else None)
    except PlanError:
        assert kind == "by rows"
        return None


def check(machine: str, case: tuple[Graph, np.ndarray], alignment: int, kind: str) -> None:
    graph, _ = case
    made = planned(graph, alignment, kind)
    if made is None:
        return
    with tempfile.TemporaryDirectory() as work:
        folder = written(graph, made, Path(work, "net"), count=3)
        watched = ["-include", str(PROGRAMS / "tensors.h"), f"-DTENSORS={len(graph.tensors)}"]
        expected = on_host(folder, "tensors", "-DNET_PLAIN", *watched)
        end = f"-DMEMORY_END={MEMORY_END[machine]}u"
        actual = on_board(folder, machine, "tensors", end, *watched)
    assert (expected, expected.count("right")) == (actual, 3)


@pytest.mark.parametrize("machine", MACHINES)
@FEW
@given(*CASES)
def test_every_tensor_of_random_networks_is_that_of_plain_c_and_no_byte_beyond_the_arena_is_touched(
    machine, case, alignment, kind
):
    check(machine, case, alignment, kind)


@pytest.mark.slow
@pytest.mark.parametrize("machine", MACHINES)
@MANY
@given(*CASES)
def test_every_tensor_of_many_random_networks_is_that_of_plain_c(machine, case, alignment, kind):
    check(machine, case, alignment, kind)


@pytest.mark.skipif(not VWW.is_file(), reason="needs ../shared/models")
@pytest.mark.parametrize("machine", MACHINES)
def test_vww_takes_no_more_instructions_and_code_than_was_asked(machine, tmp_path):
    with pytest.raises(SystemExit) as left:
        sixmeg.main(["export", str(VWW), "--target", "c", "--samples", "2", "-o", str(tmp_path / "vww")])
    assert not left.value.code
    fast, small = (emulation.boot(tmp_path / "vww", machine, flags) for flags in ("-O2", "-Os"))
    assert (fast.passed, small.passed) == (True, True)
    assert (fast.instructions or 0) <= MOST_INSTRUCTIONS[machine]
    assert (fast.text_bytes or 0) <= 18_000
    assert (small.text_bytes or 0) <= 12_000


def rounding_network() -> Graph:
    """With the kernels that programs/rounding.c calls, for as many channels."""
    made = Builder((1, 3, 3, 21), 5, -128)
    at = made.layer(made.input, (3, 3), 0, Padding.SAME, (1, 1))
    return made.graph(made.layer(at, (1, 1), 21, Padding.SAME, (1, 1)))


@pytest.fixture(scope="module")
def rounding(tmp_path_factory) -> Path:
    graph = rounding_network()
    return written(graph, plan(graph, NPU6M), tmp_path_factory.mktemp("rounding") / "net")


@pytest.mark.parametrize("machine", MACHINES)
def test_sums_are_rounded_by_the_rule_for_every_shift_end_and_tie(rounding, machine):
    assert on_board(rounding, machine, "rounding") == "all right\n"


@pytest.mark.parametrize("flags", ["-DNET_PLAIN", "-march=native", "-march=native -mno-avx512f"])
def test_sums_are_rounded_by_the_rule_on_this_machine_too(rounding, flags):
    assert on_host(rounding, "rounding", *flags.split()) == "all right\n"
