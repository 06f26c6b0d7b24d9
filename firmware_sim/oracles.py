"""Runtimes whose bits a simulation is held to, each run in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from firmware_sim.oracle_worker import MISSING_PACKAGE
from graph.errors import OracleError
from graph.patch import with_outputs

_WORKER = Path(__file__).with_name("oracle_worker.py")


class Oracle(StrEnum):
    """The runtimes, by the name of their numerics."""

    TFLM = "tflm"
    TFLITE_REF = "tflite-ref"
    XNNPACK = "xnnpack"


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A model, its inputs (each with the samples stacked along a new first axis), the tensors to record."""

    blob: bytes
    inputs: tuple[np.ndarray, ...]
    tensors: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """What an oracle computed; `refusal`: why there is nothing; `unreadable`: why it does not show a tensor.

    Shapes: tensors[i] (samples, *shape).
    """

    version: str
    tensors: dict[int, np.ndarray]
    unreadable: dict[int, str]
    refusal: str | None


def record(oracle: Oracle, job: Job) -> Recording:
    """The tensors of one model.

    Raises: OracleError where the oracle is not installed, crashes, or refuses the model.
    """
    (recording,) = record_all(oracle, [job])
    if recording.refusal is not None:
        raise OracleError(f"the oracle {oracle.value} refuses the model: {recording.refusal}")
    return recording


def record_all(oracle: Oracle, jobs: Sequence[Job]) -> list[Recording]:
    """The tensors of many models by one process; a refusal is told in its recording.

    Raises: OracleError where the oracle is not installed, or crashes.
    """
    request: dict[str, np.ndarray] = {}
    for number, job in enumerate(jobs):
        request[f"{number}/model"] = np.frombuffer(_shown(oracle, job), np.uint8)
        request[f"{number}/tensors"] = np.array(job.tensors, np.int64)
        request |= {f"{number}/input/{i}": array for i, array in enumerate(job.inputs)}
    with tempfile.TemporaryDirectory(prefix="sixmeg-oracle-") as folder:
        asked, answered = Path(folder, "request.npz"), Path(folder, "reply.npz")
        np.savez(asked, **request)
        _run(oracle, asked, answered)
        with np.load(answered) as reply:
            return [_recording(reply, number) for number in range(len(jobs))]


def _shown(oracle: Oracle, job: Job) -> bytes:
    """The model that the oracle is given: of what a delegate takes over, outputs alone can be read."""
    return with_outputs(job.blob, job.tensors) if oracle is Oracle.XNNPACK else job.blob


def _run(oracle: Oracle, request: Path, reply: Path) -> None:
    # -P: the worker's folder stays off its import path, where our modules could hide an oracle's.
    command = [sys.executable, "-P", str(_WORKER), oracle.value, str(request), str(reply)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode == MISSING_PACKAGE:
        raise OracleError(f"the oracle {oracle.value} is not installed; pip install 'sixmeg[oracle]'")
    if done.returncode != 0 or not reply.is_file():
        how = f"exit code {done.returncode}"
        if done.returncode < 0:
            how = signal.Signals(-done.returncode).name
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise OracleError(
            f"the oracle {oracle.value} crashed ({how}) on the model: {said[-1] if said else 'no message'}"
        )


def _recording(reply: np.lib.npyio.NpzFile, job: int) -> Recording:
    prefix = f"{job}/"
    entries = {key[len(prefix) :]: reply[key] for key in reply.files if key.startswith(prefix)}
    return Recording(
        version=str(reply["version"]),
        tensors={int(k.split("/")[1]): v for k, v in entries.items() if k.startswith("tensor/")},
        unreadable={int(k.split("/")[1]): str(v) for k, v in entries.items() if k.startswith("why/")},
        refusal=str(entries["error"]) if "error" in entries else None,
    )
