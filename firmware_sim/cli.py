"""`sixmeg simulate`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from firmware_sim.numerics import Numerics

if TYPE_CHECKING:
    from firmware_sim.program import Program
    from firmware_sim.run import Inputs
    from graph.types import Graph
    from memory_planner.types import Plan


def planned(
    model: str, chip_name: str, runtime: str = "any", streamed_input: bool = False
) -> tuple[Graph, Plan]:
    """The graph of a file, and its plan."""
    from graph import tflite
    from memory_planner import chip as chips
    from memory_planner.for_c import ForC
    from memory_planner.plan import plan

    for_c = ForC.of(runtime, "streamed" if streamed_input else "whole", "peak")
    graph, chip = tflite.read_file(model), chips.load(chip_name)
    return graph, for_c.plan(graph, chip) if for_c else plan(graph, chip)


CHIP = click.option(
    "--chip",
    "chip_name",
    default="npu6m",
    show_default=True,
    help="A chip's name, or its TOML: where tensors lie.",
)


def plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """In whose plan to run: `--chip`, `--runtime`, `--streamed-input`."""
    command = click.option(
        "--streamed-input", is_flag=True, help="The first input comes row by row (--runtime c)."
    )(command)
    command = click.option(
        "--runtime",
        type=click.Choice(["any", "c"]),
        default="any",
        show_default=True,
        help="Whose plan to run in: tensors whole and apart, or our own C's, overlapped and streamed.",
    )(command)
    return CHIP(command)


NUMERICS = click.Choice([numerics.value for numerics in Numerics])


@click.command()
@click.argument("model", type=click.Path())
@click.option(
    "--input", "input_path", required=True, type=click.Path(), help="Inputs: .npy, or .npz by name."
)
@click.option("--output", "output_path", type=click.Path(), help="Outputs: .npy, or .npz by name.")
@click.option(
    "--dump", "dump_path", type=click.Path(), help="Every tensor of one sample: a folder, or a .log."
)
@click.option("--workers", type=click.IntRange(min=1), help="Threads; by default, one for each core.")
@click.option("--numerics", type=NUMERICS, default="tflm", show_default=True, help="Whose rounding.")
@plan_options
def simulate(
    model: str,
    input_path: str,
    output_path: str | None,
    dump_path: str | None,
    workers: int | None,
    numerics: str,
    chip_name: str,
    runtime: str,
    streamed_input: bool,
) -> None:
    """Run MODEL (.tflite) bit for bit as the firmware does.

    The input is one sample, or many stacked along the first axis; the output is stacked the same way. --dump
    writes what each operator should give, for `sixmeg compare --against` and for firmware's own tests.
    """
    from firmware_sim import arrays
    from firmware_sim.program import prepare
    from firmware_sim.run import run_batch

    if output_path is None and dump_path is None:
        raise click.UsageError("nothing to write; give --output, --dump or both")
    graph, plan = planned(model, chip_name, runtime, streamed_input)
    tensors = [graph.tensors[i] for i in graph.outputs]
    if output_path is not None:
        arrays.check_writable(output_path, tensors)
    program = prepare(graph, plan, numerics=Numerics(numerics))
    _tell_of_floats(graph)
    ifm = arrays.read(input_path)
    if dump_path is not None:
        _dump(program, ifm, dump_path)
    if output_path is None:
        return
    begin = time.perf_counter()
    outputs = run_batch(program, ifm, workers=workers)
    seconds = time.perf_counter() - begin
    arrays.write(output_path, tensors, outputs)
    shapes = ", ".join(f"{a.dtype} {list(a.shape)}" for a in outputs)
    click.echo(f"{output_path}: {shapes}, numerics {numerics}, {seconds:.2f} s")


def _dump(program: Program, ifm: Inputs, path: str) -> None:
    """Write every tensor of the one sample."""
    from firmware_sim import dumps
    from firmware_sim.run import run

    kept = run(program.graph, program.plan, ifm, numerics=program.numerics, keep_activations=True)
    dumps.write(path, program.graph, kept.activations)
    click.echo(f"{path}: {len(kept.activations)} tensors, numerics {program.numerics.value}")


def _tell_of_floats(graph: Graph) -> None:
    """One line on stderr where a model computes in floating point."""
    from graph.floats import float_operators, told

    found = float_operators(graph)
    if found:
        click.echo(f"sixmeg: {told(found)}", err=True)
