"""`sixmeg inputs` and `sixmeg evaluate`."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from firmware_sim.accuracy import Accuracy

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
@_DATA
@click.option(
    "--float-predictions",
    "float_path",
    type=click.Path(),
    help="What the float model chose: train's .npy.",
)
@click.option("--chip", "chip_name", default="npu6m", show_default=True, help="A chip's name, or its TOML.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write the JSON to this file.")
def evaluate(
    model: str, data: str, float_path: str | None, chip_name: str, as_json: bool, output: str | None
) -> None:
    """Measure the accuracy of MODEL (.tflite) over the whole test split, by the firmware's bits."""
    import numpy as np

    import pictures
    from files import json_text, write_json
    from firmware_sim import accuracy, arrays
    from firmware_sim.run import InputError
    from graph import tflite
    from memory_planner import chip as chips
    from memory_planner.plan import plan as make_plan

    graph = tflite.read_file(model)
    plan = make_plan(graph, chips.load(chip_name))
    chosen = arrays.read(float_path) if float_path else None
    if chosen is not None and not isinstance(chosen, np.ndarray):
        raise InputError(f"{float_path}: several arrays; give the .npy that train wrote")
    answer = accuracy.evaluate(graph, plan, pictures.load(data), chosen)
    content = {
        "model": Path(model).name,
        "model_sha256": hashlib.sha256(Path(model).read_bytes()).hexdigest(),
        "data": data,
        "numerics": "tflm",
        "arena_bytes": plan.arena_bytes,
        **asdict(answer),
    }
    if output:
        write_json(output, content)
    click.echo(json_text(content).rstrip() if as_json else verdict(answer, data))


def verdict(answer: Accuracy, data: str) -> str:
    """One line: the int8 model's accuracy, and the float's beside it."""
    line = f"int8 {answer.int8_top1:.2%} top-1 on {answer.samples:,} test pictures of {data}"
    if answer.float_top1 is None:
        return line
    return f"{line}; float {answer.float_top1:.2%}; they agree on {answer.agreement:.2%}"
