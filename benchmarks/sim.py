"""The simulator's speed beside the runtimes that it mirrors: one picture, one thread, one model.

    make bench-sim MODEL=../shared/models/mobilenet_v1_1.0_224_imagenet1001_ptq_int8.tflite

Each runtime sits in a process of its own and is asked in turn (benchmarks/runtimes.py).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.runtimes import PEERS, Load, Runtime, measure, random_inputs, serve
from files import json_text
from graph import tflite

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


OURS, ONE_THREAD, TWO_THREADS = "ours, batch of 16", "ours, batch of 32", "ours, batch of 32, two threads"
RUNTIMES: Mapping[str, Runtime] = {
    OURS: Runtime("sixmeg", 16, ours(16)),
    "ours, one picture": Runtime("sixmeg", 1, ours(1)),
    **PEERS,
    ONE_THREAD: Runtime("sixmeg", 32, ours(32)),
    TWO_THREADS: Runtime("sixmeg", 32, ours(32, workers=2)),
}


def measured(model: Path, rounds: int) -> dict[str, float]:
    """Median milliseconds a picture, of the runtimes that run the model."""
    command = [sys.executable, "-m", "benchmarks.sim", str(model), "--serve"]
    medians = measure({name: [*command, name] for name in RUNTIMES}, rounds, "bench-sim")
    return {name: median / RUNTIMES[name].pictures for name, median in medians.items()}


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
        return serve(RUNTIMES[served], model)
    load, medians = os.getloadavg()[0], measured(model, rounds)
    versions = {name: version(RUNTIMES[name].distribution) for name in medians}
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
