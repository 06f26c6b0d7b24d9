"""The emitted C, LiteRT and tflite-micro timed on this machine; what a chip takes is another matter."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from export import golden
from export.c import folder as c_folder
from export.c.operators import emitted
from export.firmware import Firmware
from export.folder import write_folder
from export.tflm_arena import Unmeasured
from firmware_sim.program import prepare
from firmware_sim.run import run_batch
from graph.errors import SixmegError
from graph.types import Graph
from memory_planner.chip import Chip
from memory_planner.streamed import Minimize, c_plan

ROOT = Path(__file__).resolve().parents[1]
"""Where the worker finds this package, whatever folder it is run in."""
RUNTIMES = {
    "emitted C, least latency": "c",
    "LiteRT (XNNPACK)": "xnnpack",
    "LiteRT, reference kernels": "tflite-ref",
    "tflite-micro": "tflm",
}
"""What a person reads, and the worker's word; each on one thread."""


def measured(
    model: str, graph: Graph, chip: Chip, seconds: float, advance: Callable[[], object] = int
) -> dict[str, Any]:
    """Milliseconds a picture of each runtime, one thread, about `seconds` each; or why it cannot run.

    The times are this machine's and say nothing of a chip.
    """
    with tempfile.TemporaryDirectory(prefix="sixmeg-measure-") as work:
        runs = []
        for name, word in RUNTIMES.items():
            try:
                runtime = f"c:{_folder(model, graph, chip, Path(work, 'c'))}" if word == "c" else word
                runs.append({"name": name, **_asked(runtime, model, seconds)})
            except SixmegError as error:
                runs.append({"name": name, "refusal": " ".join(str(error).split())})
            advance()
    return {"machine": machine(), "load": round(os.getloadavg()[0], 2), "runs": runs}


def machine() -> str:
    """The processor's name, where it is told."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()} ({platform.machine()}, {platform.system()})"


def _asked(runtime: str, model: str, seconds: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "firmware_sim.host_worker", runtime, model, str(seconds)]
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": path}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    try:
        told = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return {"refusal": f"it ended with {done.returncode} and said nothing"}
    if "refusal" in told:
        return told
    times = told["milliseconds"]
    return {
        "version": told["version"],
        "runs": len(times),
        "median_ms": round(statistics.median(times), 4),
        "least_ms": round(min(times), 4),
        "most_ms": round(max(times), 4),
        "fps": round(1e3 / statistics.median(times), 3),
    }


def _folder(model: str, graph: Graph, chip: Chip, path: Path) -> Path:
    """The model's firmware folder with C of its own, written to `path`.

    Raises: ExportError, UnsupportedOperatorError for what the emitted C does not have.
    """
    emitted(graph)
    golden.input_tensor(graph)
    made = c_plan(graph, chip, minimize=Minimize.LATENCY)
    program = prepare(graph, made)
    vectors = golden.make(graph, lambda batch: run_batch(program, batch, progress=False), count=1, seed=0)
    blob = Path(model).read_bytes()
    firmware = Firmware(
        "measured", blob, graph, made, chip, vectors, Unmeasured("C of its own runs the model")
    )
    write_folder(str(path), c_folder.files(firmware))
    return path
