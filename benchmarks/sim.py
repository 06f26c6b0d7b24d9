"""The simulator's speed beside the runtimes that it mirrors: one picture, one thread, one model.

    make bench-sim MODEL=../shared/models/mobilenet_v1_1.0_224_imagenet1001_ptq_int8.tflite

Each runtime sits in a process of its own and runs when it is asked to, one after the other, round by round:
what else the machine does then falls on all of them. Medians of the rounds; the ratios are what counts.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from files import json_text
from firmware_sim.oracle_worker import TFLM_ARENA_SLACK_BYTES
from graph import tflite

Load = Callable[[Path, list[np.ndarray]], Callable[[], object]]
"""(model, inputs) -> what is timed."""
COLD_STARTS = 5


def ours(pictures: int, workers: int = 1) -> Load:
    def load(model: Path, inputs: list[np.ndarray]) -> Callable[[], object]:
        from firmware_sim import prepare, run_batch
        from memory_planner import chip, plan

        graph = tflite.read_file(model)
        program = prepare(graph, plan(graph, chip.load("npu6m")))
        ifm = [np.concatenate([array] * pictures) for array in inputs]
        return lambda: run_batch(program, ifm, workers=workers, progress=False)

    return load


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


OURS, ONE_THREAD, TWO_THREADS = "ours, batch of 16", "ours, batch of 32", "ours, batch of 32, two threads"
RUNTIMES: dict[str, tuple[str, int, Load]] = {
    OURS: ("sixmeg", 16, ours(16)),
    "ours, one picture": ("sixmeg", 1, ours(1)),
    "LiteRT (XNNPACK)": ("ai-edge-litert", 1, litert("BUILTIN")),
    "LiteRT, no delegates": ("ai-edge-litert", 1, litert("BUILTIN_WITHOUT_DEFAULT_DELEGATES")),
    "LiteRT, BUILTIN_REF": ("ai-edge-litert", 1, litert("BUILTIN_REF")),
    "tflite-micro": ("tflite-micro", 1, tflm),
    ONE_THREAD: ("sixmeg", 32, ours(32)),
    TWO_THREADS: ("sixmeg", 32, ours(32, workers=2)),
}
"""Distribution, pictures a run, and how it is loaded, by name."""


def random_inputs(model: Path) -> dict[str, np.ndarray]:
    """Random bytes by the input's name, the same for every runtime."""
    graph, rng = tflite.read_file(model), np.random.default_rng(1)
    tensors = [graph.tensors[i] for i in graph.inputs]
    return {t.name: np.frombuffer(rng.bytes(t.size_bytes), t.dtype.numpy).reshape(t.shape) for t in tensors}


def serve(name: str, model: Path) -> None:
    """Say "ready", then answer each line of stdin with the seconds that one run took."""
    run = RUNTIMES[name][2](model, list(random_inputs(model).values()))
    run()
    click.echo("ready")
    for _ in sys.stdin:
        begin = time.perf_counter()
        run()
        click.echo(time.perf_counter() - begin)


def measure(model: Path, rounds: int) -> dict[str, float]:
    """Median milliseconds a picture, of the runtimes that run the model."""
    pipes: dict[str, Any] = {
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.DEVNULL,
    }
    command = [sys.executable, "-m", "benchmarks.sim", str(model), "--serve"]
    started: dict[str, Any] = {
        name: subprocess.Popen([*command, name], text=True, **pipes) for name in RUNTIMES
    }
    served = {name: process for name, process in started.items() if process.stdout.readline()}
    seconds: dict[str, list[float]] = {name: [] for name in served}
    for _ in tqdm(range(rounds), desc="bench-sim", unit="round", disable=None):
        for name, process in served.items():
            process.stdin.write("run\n")
            process.stdin.flush()
            seconds[name].append(float(process.stdout.readline()) / RUNTIMES[name][1])
    for process in started.values():
        process.communicate()
    return {name: statistics.median(s) * 1000 for name, s in seconds.items()}


def cold_start(model: Path) -> float:
    """Median seconds of `sixmeg simulate` on one picture, its loops compiled before."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        ifm, ofm = (str(Path(folder) / name) for name in ("x.npz", "y.npz"))
        np.savez(ifm, **random_inputs(model))
        command = [sys.executable, "-m", "sixmeg", "simulate", str(model), "--input", ifm, "--output", ofm]
        for _ in range(1 + COLD_STARTS):
            begin = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds[1:])


@click.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rounds", default=20, show_default=True, help="Runs of each runtime, in turn.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option("--serve", "served", hidden=True)
def main(model: Path, rounds: int, as_json: bool, served: str | None) -> None:
    """Time MODEL (.tflite) in the simulator and in the runtimes, one thread each."""
    if served:
        return serve(served, model)
    load, medians = os.getloadavg()[0], measure(model, rounds)
    versions = {name: version(RUNTIMES[name][0]) for name in medians}
    speedup, cold = medians[ONE_THREAD] / medians[TWO_THREADS], cold_start(model)
    if as_json:
        figures = {"median_ms": medians, "two_threads_speedup": speedup, "cold_start_s": cold}
        about = {"model": model.name, "rounds": rounds, "load": load, "versions": versions}
        return click.echo(json_text({**about, **figures}), nl=False)
    table = Table("", "version", "ms a picture", "of ours", title=f"{model.name}, load {load:.1f}")
    for name, median in medians.items():
        table.add_row(name, versions[name], f"{median:.1f}", f"{median / medians[OURS]:.2f}")
    Console().print(table)
    click.echo(f"two threads: {speedup:.2f} times as fast as one; cold start of simulate: {cold:.2f} s")


if __name__ == "__main__":
    main()
