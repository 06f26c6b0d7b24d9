"""The measured arena is exactly enough for the runtime that was measured."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from export import tflm_arena
from export.tflm_arena import TflmArena, Unmeasured

PROBE = Path(tflm_arena.__file__).with_name("tflm_probe.py")


@pytest.fixture
def vww(shared: Path) -> bytes:
    pytest.importorskip("tflite_micro", reason="needs the tflite-micro wheel (the oracle extra)")
    return (shared / "models" / "mlperf_vww_mnv1_025_96_int8.tflite").read_bytes()


def test_the_arena_is_head_and_tail_and_one_step_less_is_refused(vww: bytes) -> None:
    measured = tflm_arena.measure(vww)
    assert isinstance(measured, TflmArena)
    assert measured.arena_bytes == measured.head_bytes + measured.tail_bytes
    assert measured.head_bytes == 73_728
    codes = [
        subprocess.run([sys.executable, str(PROBE), str(size)], input=vww, capture_output=True).returncode
        for size in (measured.arena_bytes, measured.arena_bytes - 16)
    ]
    assert codes == [0, 1]


def test_a_model_that_crashes_the_runtime_is_told_not_raised(shared: Path, vww: bytes) -> None:
    blob = (shared / "models" / "coral_invalid_model_invoking_error.tflite").read_bytes()
    answer = tflm_arena.measure(blob)
    assert isinstance(answer, Unmeasured)
    assert "refused the model" in answer.why
    assert "\n" not in answer.why


def test_a_larger_arena_is_tried_where_the_first_is_too_small(
    vww: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tflm_arena, "FIRST_ARENA_BYTES", 60_000)
    answer = tflm_arena.measure(vww)
    assert isinstance(answer, TflmArena)
    assert answer.head_bytes == 73_728


def test_without_the_wheel_the_answer_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(tflm_arena.metadata, "version", missing)
    answer = tflm_arena.measure(b"")
    assert isinstance(answer, Unmeasured)
    assert "pip install 'sixmeg[oracle]'" in answer.why
