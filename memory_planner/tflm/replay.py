"""Whether a planned model computes what the original does, by TensorFlow Lite Micro itself."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from graph.errors import OracleError
from memory_planner.tflm.replay_worker import MISSING_PACKAGE

_WORKER = Path(__file__).with_name("replay_worker.py")


@dataclass(frozen=True, slots=True)
class Replay:
    """`different` of `samples` inputs gave other outputs; `first` is the number of the first of them."""

    samples: int
    different: int
    first: int | None


def _nothing() -> None:
    """What is done after a sample where nobody looks."""


def replay(
    original: bytes, planned: bytes, samples: int, seed: int = 0, advance: Callable[[], None] = _nothing
) -> Replay:
    """Outputs of both for `samples` seeded inputs, in a process of its own; `advance` is called after each.

    Raises: OracleError where the runtime is not installed, or refuses a model, or crashes.
    """
    with tempfile.TemporaryDirectory(prefix="sixmeg-replay-") as folder:
        paths = [Path(folder, name) for name in ("original.tflite", "planned.tflite")]
        for path, blob in zip(paths, (original, planned), strict=True):
            path.write_bytes(blob)
        # -P: the worker's folder stays off its import path, where our modules could hide the runtime's.
        command = [sys.executable, "-P", str(_WORKER), *map(str, paths), str(samples), str(seed)]
        with (
            tempfile.TemporaryFile("w+") as complaints,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints, text=True) as worker,
        ):
            assert worker.stdout is not None
            answer = ""
            for line in worker.stdout:
                answer = line.strip()
                if not answer:
                    advance()
            code = worker.wait()
            complaints.seek(0)
            said = [line for line in complaints.read().splitlines() if line.strip()]
    if code == MISSING_PACKAGE:
        raise OracleError("the replay needs tflite-micro: pip install 'sixmeg[oracle]', or give --no-replay")
    if code:
        raise OracleError(f"tflite-micro ended with {code}: {said[-1] if said else 'no message'}")
    return Replay(**json.loads(answer))
