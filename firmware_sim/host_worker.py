"""One runtime timed on this machine, in a process of its own: runtimes crash, and share no process.

    python -m firmware_sim.host_worker RUNTIME MODEL.tflite SECONDS

RUNTIME is an oracle of `oracle_worker`, or c:FOLDER. Prints JSON: `version`, `milliseconds` of each run after
the first, or `refusal`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from firmware_sim import emitted, oracle_worker
from graph import tflite
from graph.errors import SixmegError

MIN_RUNS = 5
Run = Callable[[], object]


def loaded(runtime: str, model: Path) -> tuple[Run, str]:
    """What runs one input of seeded bytes, and the runtime's version."""
    graph, rng = tflite.read_file(model), np.random.default_rng(1)
    tensors = [graph.tensors[i] for i in graph.inputs]
    inputs = [np.frombuffer(rng.bytes(t.size_bytes), t.dtype.numpy).reshape(t.shape) for t in tensors]
    if runtime.startswith(emitted.PREFIX):
        folder = emitted.Folder.read(runtime.removeprefix(emitted.PREFIX), model.read_bytes())
        flags = os.environ.get("CFLAGS", "") or emitted.FAST
        run, version = emitted.unwatched(folder, graph, flags)
        return lambda: run(inputs[0]), f"{version}, {flags}"
    infer = oracle_worker.ORACLES[runtime](model.read_bytes())
    return lambda: infer(inputs), oracle_worker.version_of(runtime)


def timed(run: Run, seconds: float) -> list[float]:
    """Milliseconds of runs for about `seconds`, one before them not counted."""
    run()
    found: list[float] = []
    begin = time.perf_counter()
    while len(found) < MIN_RUNS or time.perf_counter() - begin < seconds:
        before = time.perf_counter()
        run()
        found.append(1e3 * (time.perf_counter() - before))
    return found


def main(runtime: str, model: str, seconds: str) -> None:
    try:
        run, version = loaded(runtime, Path(model))
        answer = {"version": version, "milliseconds": timed(run, float(seconds))}
    except ImportError as error:
        answer = {"refusal": f"{error.name} is not installed; pip install 'sixmeg[oracle]'"}
    except (SixmegError, ValueError, RuntimeError) as error:
        answer = {"refusal": " ".join(str(error).split())}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
