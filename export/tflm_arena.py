"""The arena that TensorFlow Lite Micro needs for a model, measured by its own recording allocator."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from graph.errors import OracleError

WHEEL = "tflite-micro"
FIRST_ARENA_BYTES = 4 << 20
LARGEST_ARENA_BYTES = 256 << 20
TIMEOUT_S = 120

_PROBE = Path(__file__).with_name("tflm_probe.py")
_RUN = Path(__file__).with_name("tflm_run.py")
_LINE = re.compile(r"Arena allocation (total|head|tail) (\d+) bytes")


@dataclass(frozen=True, slots=True)
class TflmArena:
    """What the runtime takes: `head` for activations and scratch, `tail` for what it keeps.

    `arena_bytes` is their sum: one aligned step less and allocation fails.
    Measured on this host; where pointers have 32 bits the tail is smaller.
    """

    version: str
    arena_bytes: int
    head_bytes: int
    tail_bytes: int


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """Why there is no measurement, in one line."""

    why: str


def measure(blob: bytes) -> TflmArena | Unmeasured:
    """Allocate `blob` in a process of its own, with a larger arena each time until it goes.

    Never raises for what the runtime does: a missing wheel, a refusal or a crash ends as `Unmeasured`.
    """
    try:
        version = metadata.version(WHEEL)
    except metadata.PackageNotFoundError:
        return Unmeasured(f"the {WHEEL} wheel is not installed: pip install 'sixmeg[oracle]'")
    arena_bytes, last = FIRST_ARENA_BYTES, ""
    while arena_bytes <= LARGEST_ARENA_BYTES:
        try:
            done = _allocate(blob, arena_bytes)
        except subprocess.TimeoutExpired:
            return Unmeasured(f"{WHEEL} {version} did not allocate the model in {TIMEOUT_S} s")
        sizes = {name: int(size) for name, size in _LINE.findall(done.stderr)}
        if done.returncode == 0 and sizes.keys() == {"total", "head", "tail"}:
            return TflmArena(version, sizes["total"], sizes["head"], sizes["tail"])
        last = _reason(done.stderr) or f"exit code {done.returncode}"
        if "Requested:" not in done.stderr:  # how it complains of a small arena, and of nothing else
            break
        arena_bytes *= 4
    return Unmeasured(f"{WHEEL} {version} refused the model: {last}")


def outputs(blob: bytes, arena_bytes: int, inputs: np.ndarray) -> list[np.ndarray]:
    """What the runtime gives for inputs stacked along a new first axis, in an arena of so many bytes.

    The model's own plan is honoured, and a process of its own runs it.

    Raises: OracleError where the wheel is not installed, or the runtime refuses the model or the arena.
    """
    with tempfile.TemporaryDirectory(prefix="sixmeg-tflm-") as folder:
        model, given, made = (Path(folder, name) for name in ("model.tflite", "inputs.npy", "outputs.npz"))
        model.write_bytes(blob)
        np.save(given, inputs)
        command = [sys.executable, "-P", str(_RUN), str(arena_bytes), *map(str, (model, given, made))]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode or not made.is_file():
            raise OracleError(
                f"{WHEEL} did not run the model in {arena_bytes:,} bytes: {_reason(done.stderr)}"
            )
        with np.load(made) as answer:
            return [answer[str(k)] for k in range(len(answer.files))]


def _allocate(blob: bytes, arena_bytes: int) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, str(_PROBE), str(arena_bytes)],
        input=blob, capture_output=True, timeout=TIMEOUT_S, check=False,
    )  # fmt: skip
    text = done.stderr.decode("utf-8", errors="replace")
    return subprocess.CompletedProcess(done.args, done.returncode, "", text)


def _reason(stderr: str) -> str:
    """The runtime's own first complaint, without Python's traceback."""
    complaints = [line for line in stderr.split("Traceback")[0].splitlines() if line.strip()]
    return complaints[0].strip() if complaints else stderr.strip().splitlines()[-1] if stderr.strip() else ""
