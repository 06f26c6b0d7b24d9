"""Runtimes beside one another: a process of its own for each, asked in turn, round by round.

What else the machine does then falls on all of them. Medians of the rounds; the ratios are what counts.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from tqdm import tqdm

from firmware_sim.oracle_worker import TFLM_ARENA_SLACK_BYTES
from graph import tflite

Load = Callable[[Path, list[np.ndarray]], Callable[[], object]]
"""(model, inputs) -> what is timed."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """Distribution, pictures a run, and how it is loaded."""

    distribution: str
    pictures: int
    load: Load


def litert(resolver: str) -> Load:
    def load(model: Path, inputs: list[np.ndarray]) -> Callable[[], object]:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        kind = OpResolverType[resolver]
        made = Interpreter(str(model), num_threads=1, experimental_op_resolver_type=kind)
        made.allocate_tensors()
        before, after = made.get_input_details(), made.get_output_details()

        def run() -> None:
            for detail, array in zip(before, inputs, strict=True):
                made.set_tensor(detail["index"], array)
            made.invoke()
            for detail in after:
                made.get_tensor(detail["index"])

        return run

    return load


def tflm(model: Path, inputs: list[np.ndarray]) -> Callable[[], object]:
    from tflite_micro.python.tflite_micro import runtime

    blob = model.read_bytes()
    made = runtime.Interpreter.from_bytes(blob, arena_size=TFLM_ARENA_SLACK_BYTES + 40 * len(blob))

    def run() -> None:
        for position, array in enumerate(inputs):
            made.set_input(array, position)
        made.invoke()
        made.get_output(0)

    return run


PEERS: Mapping[str, Runtime] = {
    "LiteRT (XNNPACK)": Runtime("ai-edge-litert", 1, litert("BUILTIN")),
    "LiteRT, no delegates": Runtime("ai-edge-litert", 1, litert("BUILTIN_WITHOUT_DEFAULT_DELEGATES")),
    "LiteRT, BUILTIN_REF": Runtime("ai-edge-litert", 1, litert("BUILTIN_REF")),
    "tflite-micro": Runtime("tflite-micro", 1, tflm),
}


def random_inputs(model: Path) -> dict[str, np.ndarray]:
    """Random bytes by the input's name, the same for every runtime."""
    graph, rng = tflite.read_file(model), np.random.default_rng(1)
    tensors = [graph.tensors[i] for i in graph.inputs]
    return {t.name: np.frombuffer(rng.bytes(t.size_bytes), t.dtype.numpy).reshape(t.shape) for t in tensors}


def serve(runtime: Runtime, model: Path) -> None:
    """Say "ready", then answer each line of stdin with the seconds that one run took."""
    run = runtime.load(model, list(random_inputs(model).values()))
    run()
    click.echo("ready")
    for _ in sys.stdin:
        begin = time.perf_counter()
        run()
        click.echo(time.perf_counter() - begin)


def measure(commands: Mapping[str, Sequence[str]], rounds: int, title: str) -> dict[str, float]:
    """Median milliseconds a run of those that `serve`; one that does not get ready is left out."""
    pipes: dict[str, Any] = {
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.DEVNULL,
    }
    started: dict[str, Any] = {
        name: subprocess.Popen(command, text=True, **pipes) for name, command in commands.items()
    }
    served = {name: process for name, process in started.items() if process.stdout.readline()}
    seconds: dict[str, list[float]] = {name: [] for name in served}
    for _ in tqdm(range(rounds), desc=title, unit="round", disable=None):
        for name, process in served.items():
            process.stdin.write("run\n")
            process.stdin.flush()
            seconds[name].append(float(process.stdout.readline()))
    for process in started.values():
        process.communicate()
    return {name: statistics.median(s) * 1000 for name, s in seconds.items()}
