"""The simulator's speed beside the runtimes that it mirrors: one picture, one thread, one model.

    make bench-sim MODEL=../shared/models/mobilenet_v1_1.0_224_imagenet1001_ptq_int8.tflite

Each runtime sits in a process of its own and runs when it is asked to, one after the other, round by round:
what else the machine does then falls on all of them. Medians of the rounds; the ratios are what counts.
"""

from __future__ import annotations

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

Run = Callable[[], object]
BATCH, MANY, COLD_STARTS = 16, 32, 5
OURS = f"sixmeg, in a batch of {BATCH}"


def ours(pictures: int, workers: int) -> Callable[[Path], Run]:
    """So many pictures by the simulator."""

    def load(model: Path) -> Run:
        from firmware_sim import prepare, run_batch
        from memory_planner import chip, plan

        graph = tflite.read_file(model)
        program = prepare(graph, plan(graph, chip.load("npu6m")))
        ifm = tuple(np.concatenate([array] * pictures) for array in inputs(model))
        return lambda: run_batch(program, ifm, workers=workers, progress=False)

    return load


def litert(resolver: str) -> Callable[[Path], Run]:
    """LiteRT with the kernels that `resolver` finds."""

    def load(model: Path) -> Run:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        kind = OpResolverType[resolver]
        made = Interpreter(str(model), num_threads=1, experimental_op_resolver_type=kind)
        made.allocate_tensors()
        fed = list(zip([d["index"] for d in made.get_input_details()], inputs(model), strict=True))
        read = [d["index"] for d in made.get_output_details()]

        def run() -> None:
            for index, array in fed:
                made.set_tensor(index, array)
            made.invoke()
            for index in read:
                made.get_tensor(index)

        return run

    return load


def tflm(model: Path) -> Run:
    """tflite-micro's interpreter."""
    from tflite_micro.python.tflite_micro import runtime

    blob = model.read_bytes()
    made = runtime.Interpreter.from_bytes(blob, arena_size=TFLM_ARENA_SLACK_BYTES + 40 * len(blob))

    def run() -> None:
        for position, array in enumerate(inputs(model)):
            made.set_input(array, position)
        made.invoke()
        made.get_output(0)

    return run


RUNTIMES: dict[str, tuple[str, int, Callable[[Path], Run]]] = {
    OURS: ("sixmeg", BATCH, ours(BATCH, 1)),
    "LiteRT, XNNPACK (its default)": ("ai-edge-litert", 1, litert("BUILTIN")),
    "LiteRT, without delegates": ("ai-edge-litert", 1, litert("BUILTIN_WITHOUT_DEFAULT_DELEGATES")),
    "LiteRT, BUILTIN_REF": ("ai-edge-litert", 1, litert("BUILTIN_REF")),
    "tflite-micro": ("tflite-micro", 1, tflm),
    "sixmeg, one picture": ("sixmeg", 1, ours(1, 1)),
    f"sixmeg, in a batch of {MANY}": ("sixmeg", MANY, ours(MANY, 1)),
    f"sixmeg, in a batch of {MANY}, two threads": ("sixmeg", MANY, ours(MANY, 2)),
}
"""Distribution, pictures a run, and how it is loaded, by name."""
ONE_THREAD, TWO_THREADS = list(RUNTIMES)[-2:]


def inputs(model: Path) -> list[np.ndarray]:
    """Random bytes for each input, the same for every runtime."""
    graph, rng = tflite.read_file(model), np.random.default_rng(1)
    tensors = [graph.tensors[i] for i in graph.inputs]
    return [np.frombuffer(rng.bytes(t.size_bytes), t.dtype.numpy).reshape(t.shape) for t in tensors]


def serve(name: str, model: Path) -> None:
    """Answer each line of stdin with the seconds that one run took."""
    run = RUNTIMES[name][2](model)
    run()
    for _ in sys.stdin:
        begin = time.perf_counter()
        run()
        sys.stdout.write(f"{time.perf_counter() - begin}\n")
        sys.stdout.flush()


def measure(model: Path, rounds: int) -> dict[str, float | None]:
    """Median milliseconds a picture; None of a runtime that does not run the model."""
    pipes: dict[str, Any] = {
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.DEVNULL,
    }
    command = [sys.executable, "-m", "benchmarks.sim", str(model), "--serve"]
    served = {name: subprocess.Popen([*command, name], text=True, **pipes) for name in RUNTIMES}
    seconds: dict[str, list[float]] = {name: [] for name in RUNTIMES}
    for _ in tqdm(range(rounds), desc="bench-sim", unit="round", disable=None):
        for name, process in served.items():
            answer = _ask(process)
            if answer:
                seconds[name].append(float(answer) / RUNTIMES[name][1])
    for process in served.values():
        process.communicate()
    return {name: statistics.median(s) * 1000 if s else None for name, s in seconds.items()}


def _ask(process: subprocess.Popen[str]) -> str:
    """Seconds, or nothing from a runtime that has ended because it does not run the model."""
    assert process.stdin and process.stdout
    try:
        process.stdin.write("run\n")
        process.stdin.flush()
    except BrokenPipeError:
        return ""
    return process.stdout.readline()


def cold_start(model: Path) -> float:
    """Median seconds of `sixmeg simulate` on one picture, its loops compiled before."""
    graph, seconds = tflite.read_file(model), []
    names = [graph.tensors[i].name for i in graph.inputs]
    with tempfile.TemporaryDirectory() as folder:
        ifm, ofm = (str(Path(folder) / name) for name in ("x.npz", "y.npz"))
        np.savez(ifm, **dict(zip(names, inputs(model), strict=True)))
        command = [sys.executable, "-m", "sixmeg", "simulate", str(model), "--input", ifm, "--output", ofm]
        for _ in range(COLD_STARTS + 1):
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
    medians = measure(model, rounds)
    content: dict[str, Any] = {
        "model": model.name,
        "rounds": rounds,
        "median_ms": medians,
        "versions": {name: version(name) for name in sorted({r[0] for r in RUNTIMES.values()})},
        "two_threads_speedup": (medians[ONE_THREAD] or 0) / (medians[TWO_THREADS] or 1),
        "cold_start_s": cold_start(model),
    }
    if as_json:
        return click.echo(json_text(content), nl=False)
    table = Table("one thread each", "version", "ms a picture", "of ours", title=model.name)
    for name, median in medians.items():
        figures = ("-", "-") if median is None else (f"{median:.1f}", f"{median / (medians[OURS] or 1):.2f}")
        table.add_row(name, version(RUNTIMES[name][0]), *figures)
    Console().print(table)
    click.echo(
        f"two threads: {content['two_threads_speedup']:.2f} times as fast as one; "
        f"sixmeg simulate from a cold start: {content['cold_start_s']:.2f} s"
    )


if __name__ == "__main__":
    main()
