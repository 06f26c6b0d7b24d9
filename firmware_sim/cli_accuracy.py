"""`sixmeg inputs` and `sixmeg evaluate`."""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from firmware_sim.cli import NUMERICS

if TYPE_CHECKING:
    import numpy as np

    from firmware_sim.accuracy import Accuracy, Arrays, Pictures
    from graph.types import Graph

_DATA = click.option("--data", required=True, help="cifar10, a folder or .tar of class folders, tfds:<name>.")


@click.command()
@click.argument("model", type=click.Path())
@_DATA
@click.option("--samples", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the draw.")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False), help="The .npy to write.")
def inputs(model: str, data: str, samples: int, seed: int, output: str) -> None:
    """Draw test pictures by class, and write them as MODEL (.tflite) takes them."""
    import pictures
    from firmware_sim import arrays
    from firmware_sim.accuracy import picture_inputs
    from graph import tflite

    graph = tflite.read_file(model)
    tensors = [graph.tensors[i] for i in graph.inputs]
    arrays.check_writable(output, tensors)
    split = pictures.load(data).test
    indices = pictures.draw_by_class(split, min(samples, len(split)), seed)
    arrays.write(output, tensors, [picture_inputs(graph, split, indices)])
    click.echo(f"{output}: {len(indices)} test pictures of {data}, {tensors[0].dtype.value}")


@click.command()
@click.argument("model", type=click.Path())
@click.option("--data", help="cifar10, a folder or .tar of class folders, tfds:<name>.")
@click.option(
    "--input", "input_path", type=click.Path(), help="In place of --data: samples in the model's own types."
)
@click.option("--labels", "labels_path", type=click.Path(), help="Their class numbers: .npy.")
@click.option(
    "--float-predictions",
    "float_path",
    type=click.Path(),
    help="What the float model chose: train's .npy.",
)
@click.option("--numerics", type=NUMERICS, default="tflm", show_default=True, help="Whose rounding.")
@click.option("--chip", "chip_name", default="npu6m", show_default=True, help="A chip's name, or its TOML.")
@click.option(
    "--engine", default="local", show_default=True, help="Where: local, dask://HOST:PORT, or ray (a cluster)."
)
@click.option("--workers", type=click.IntRange(min=1), help="Local processes; by default, one for each core.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write the JSON to this file.")
def evaluate(
    model: str,
    data: str | None,
    input_path: str | None,
    labels_path: str | None,
    float_path: str | None,
    numerics: str,
    chip_name: str,
    engine: str,
    workers: int | None,
    as_json: bool,
    output: str | None,
) -> None:
    """Measure the accuracy of MODEL (.tflite) over a whole data set, by the firmware's bits.

    The answer is the same to the byte whatever the engine and the number of workers. With -o, an interrupted
    run goes on where it was.
    """
    from files import json_text, write_json
    from firmware_sim import accuracy, shards
    from firmware_sim.numerics import Numerics
    from graph import tflite
    from memory_planner import chip as chips
    from memory_planner.plan import plan as make_plan

    graph = tflite.read_file(model)
    job = shards.Job(Path(model).read_bytes(), make_plan(graph, chips.load(chip_name)), Numerics(numerics))
    samples = _samples(graph, data, input_path, labels_path)
    of_float = _array(float_path) if float_path else None
    begin = time.perf_counter()
    folder = Path(f"{output}.shards") if output else None
    chosen = shards.predictions(job, samples, engine_word=engine, workers=workers, folder=folder)
    seconds = time.perf_counter() - begin
    answer = accuracy.accuracy(chosen, samples.labels, of_float)
    content = {
        "model": Path(model).name,
        "model_sha256": hashlib.sha256(job.blob).hexdigest(),
        "data": samples.name,
        "numerics": numerics,
        "arena_bytes": job.plan.arena_bytes,
        **asdict(answer),
    }
    if output:
        write_json(output, content)
    if as_json:
        click.echo(json_text(content), nl=False)
    else:
        click.echo(f"{verdict(answer, samples.name)}; {answer.samples / seconds:,.1f} pictures/s on {engine}")


def _samples(
    graph: Graph, data: str | None, input_path: str | None, labels_path: str | None
) -> Pictures | Arrays:
    import pictures
    from firmware_sim import arrays
    from firmware_sim.accuracy import Arrays, Pictures

    if (data is None) == (input_path is None) or (input_path is None) != (labels_path is None):
        raise click.UsageError("give --data, or --input with --labels")
    if data is not None:
        return Pictures(graph, pictures.load(data))
    assert input_path is not None and labels_path is not None
    return Arrays(graph, arrays.read(input_path), _array(labels_path), Path(input_path).name)


def _array(path: str) -> np.ndarray:
    import numpy as np

    from firmware_sim import arrays
    from firmware_sim.run import InputError

    array = arrays.read(path)
    if not isinstance(array, np.ndarray):
        raise InputError(f"{path}: several arrays; give the .npy of one")
    return array


def verdict(answer: Accuracy, data: str) -> str:
    """One line: the int8 model's accuracy, and the float's beside it."""
    line = f"int8 {answer.int8_top1:.2%} top-1 on {answer.samples:,} test pictures of {data}"
    if answer.float_top1 is None:
        return line
    return f"{line}; float {answer.float_top1:.2%}; they agree on {answer.agreement:.2%}"
