"""A board's own cycles beside the estimate, and as a row of measurements that chips are fitted to."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from export.errors import ExportError
from files import write_bytes
from firmware_sim.serial_log import Counted, LogError
from graph.types import Graph
from memory_planner.cost.family import network_of

COLUMNS = (
    "model",
    "alpha",
    "res",
    "classes",
    "format",
    "board",
    "clock_MHz",
    "latency_ms",
    "engine",
    "source",
)
NAMES = {"mobilenet_v1": "MobileNetV1", "fdmobilenet": "FdMobileNet"}


def beside(counted: Counted, estimated: Mapping[str, Any], log: str) -> dict[str, Any]:
    """What was counted, and how far the estimate is from it; errors are of the estimate, relative.

    Raises: LogError where the log is of operators that the model does not have.
    """
    layers = {layer["op"]: layer for layer in estimated["layers"]}
    strange = sorted(set(counted.ops) - set(layers))
    if strange:
        raise LogError(f"{log}: op={strange[0]} is counted, the model's are 0 to {max(layers)}")
    cycles = counted.frame_cycles
    clock_hz = counted.clock_hz or estimated["clock_hz"]
    whole = bool(counted.frames) or set(counted.ops) == set(layers)
    fps = clock_hz / cycles if whole else None
    return {
        "log": Path(log).name,
        "frames": len(counted.frames),
        "cycles": round(cycles) if whole else None,
        "clock_hz": clock_hz,
        "fps": None if fps is None else round(fps, 3),
        "estimate_error": round(estimated["cycles"] / cycles - 1, 5) if whole else None,
        "inside": None if fps is None else estimated["fps_low"] <= fps <= estimated["fps_high"],
        "layers": [
            {
                "op": op,
                "cycles": round(found),
                "estimated_cycles": layers[op]["cycles"],
                "estimate_error": round(layers[op]["cycles"] / found - 1, 5),
            }
            for op, found in counted.op_cycles.items()
        ],
    }


def record(path: str, model: str, graph: Graph, board: str, told: Mapping[str, Any]) -> None:
    """Add the frame as a row to the CSV at `path`, which `sixmeg chip fit` reads; new where there is none.

    Raises: ExportError where the log has no whole frame, or the file has other columns.
    """
    if told["fps"] is None:
        raise ExportError(f"{told['log']}: not every operator is counted, so a frame's time is not known")
    file = Path(path)
    old = file.read_text(encoding="utf-8") if file.is_file() else ",".join(COLUMNS) + "\n"
    columns = next(csv.reader([old.split("\n", 1)[0]]))
    lacking = [c for c in ("model", "alpha", "res", "board", "latency_ms") if c not in columns]
    if lacking:
        raise ExportError(f"{path}: no column {', '.join(lacking)} in its first line; name another file")
    row = {
        **_network(model, file, graph),
        "format": "int8",
        "board": board,
        "clock_MHz": told["clock_hz"] / 1e6,
        "latency_ms": round(1e3 / told["fps"], 6),
        "source": told["log"],
    }
    made = io.StringIO()
    csv.DictWriter(made, columns, restval="", extrasaction="ignore", lineterminator="\n").writerow(row)
    write_bytes(path, (old if old.endswith("\n") else old + "\n").encode() + made.getvalue().encode())


def _network(model: str, file: Path, graph: Graph) -> dict[str, Any]:
    """A .tflite by its path as seen from the CSV, a network of the paper by its name and size."""
    known = network_of(graph)
    size = {"alpha": known.alpha or "", "res": known.res_px or ""}
    if Path(model).exists():
        return {"model": os.path.relpath(model, file.parent), **size}
    return {"model": NAMES[known.family], **size, "classes": graph.tensors[graph.outputs[0]].shape[-1]}
