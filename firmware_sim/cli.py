"""`sixmeg simulate`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from firmware_sim.numerics import Numerics

if TYPE_CHECKING:
    from graph.types import Graph
    from memory_planner.types import Plan


def planned(model: str, chip_name: str) -> tuple[Graph, Plan]:
    """The graph of a file, and its plan."""
    from graph import tflite
    from memory_planner import chip as chips
    from memory_planner.plan import plan

    graph = tflite.read_file(model)
    return graph, plan(graph, chips.load(chip_name))


CHIP = click.option(
    "--chip",
    "chip_name",
    default="npu6m",
    show_default=True,
    help="A chip's name, or its TOML: where tensors lie.",
)

NUMERICS = click.Choice([numerics.value for numerics in Numerics])


@click.command()
@click.argument("model", type=click.Path())
@click.option(
    "--input", "input_path", required=True, type=click.Path(), help="Inputs: .npy, or .npz by name."
)
@click.option(
    "--output", "output_path", required=True, type=click.Path(), help="Outputs: .npy, or .npz by name."
)
@click.option("--workers", type=click.IntRange(min=1), help="Threads; by default, one for each core.")
@click.option("--numerics", type=NUMERICS, default="tflm", show_default=True, help="Whose rounding.")
@CHIP
def simulate(
    model: str, input_path: str, output_path: str, workers: int | None, numerics: str, chip_name: str
) -> None:
    """Run MODEL (.tflite) bit for bit as the firmware does.

    The input is one sample, or many stacked along the first axis; the output is stacked the same way.
    """
    from firmware_sim import arrays
    from firmware_sim.program import prepare
    from firmware_sim.run import run_batch

    graph, plan = planned(model, chip_name)
    tensors = [graph.tensors[i] for i in graph.outputs]
    arrays.check_writable(output_path, tensors)
    program = prepare(graph, plan, numerics=Numerics(numerics))
    ifm = arrays.read(input_path)
    begin = time.perf_counter()
    outputs = run_batch(program, ifm, workers=workers)
    seconds = time.perf_counter() - begin
    arrays.write(output_path, tensors, outputs)
    shapes = ", ".join(f"{a.dtype} {list(a.shape)}" for a in outputs)
    click.echo(f"{output_path}: {shapes}, numerics {numerics}, {seconds:.2f} s")
