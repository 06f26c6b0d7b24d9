"""`sixmeg simulate` and `sixmeg compare`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import numpy as np

    from firmware_sim.compare import Comparison
    from graph.types import Graph
    from memory_planner.types import Plan

BITS_DIFFER = 4
DEFAULT_SAMPLES = 20


def _planned(model: str, chip_name: str) -> tuple[Graph, Plan]:
    from graph import tflite
    from memory_planner import chip as chips
    from memory_planner.plan import plan

    graph = tflite.read_file(model)
    return graph, plan(graph, chips.load(chip_name))


_CHIP = click.option(
    "--chip",
    "chip_name",
    default="npu6m",
    show_default=True,
    help="A chip's name, or its TOML: where tensors lie.",
)

_NUMERICS = click.Choice(["tflm", "tflite-ref"])


@click.command()
@click.argument("model", type=click.Path())
@click.option(
    "--input", "input_path", required=True, type=click.Path(), help="Inputs: .npy, or .npz by name."
)
@click.option(
    "--output", "output_path", required=True, type=click.Path(), help="Outputs: .npy, or .npz by name."
)
@click.option("--workers", type=click.IntRange(min=1), help="Threads; by default, one for each core.")
@click.option("--numerics", type=_NUMERICS, default="tflm", show_default=True, help="Whose rounding.")
@_CHIP
def simulate(
    model: str, input_path: str, output_path: str, workers: int | None, numerics: str, chip_name: str
) -> None:
    """Run MODEL (.tflite) bit for bit as the firmware does.

    The input is one sample, or many stacked along the first axis; the output is stacked the same way.
    """
    from firmware_sim import arrays
    from firmware_sim.numerics import Numerics
    from firmware_sim.program import prepare
    from firmware_sim.run import run_batch

    graph, plan = _planned(model, chip_name)
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


@click.command()
@click.argument("model", type=click.Path())
@click.option(
    "--oracle", "oracle_name", type=_NUMERICS, default="tflm", show_default=True, help="The runtime."
)
@click.option("--numerics", type=_NUMERICS, help="Whose rounding to simulate.  [default: the oracle's]")
@click.option(
    "--samples",
    type=click.IntRange(min=1),
    help=f"Inputs, random bytes and pictures in turn.  [default: {DEFAULT_SAMPLES}, or all of --input]",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the random inputs."
)
@click.option(
    "--input", "input_path", type=click.Path(), help="Pictures in the model's type: .npy, or .npz by name."
)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), help="Write the JSON to this file; print one line."
)
@_CHIP
@click.pass_context
def compare(
    ctx: click.Context,
    model: str,
    oracle_name: str,
    numerics: str | None,
    samples: int | None,
    seed: int,
    input_path: str | None,
    as_json: bool,
    output: str | None,
    chip_name: str,
) -> None:
    """Hold the simulation of MODEL (.tflite) against a runtime, tensor by tensor.

    Exits with 4 where bits differ.

    Without --input, every second input is a synthetic picture; with it, a picture of the file. --input alone
    compares what the file holds and nothing else.
    """
    from files import json_text, write_json
    from firmware_sim import compare as comparing
    from firmware_sim.numerics import Numerics
    from firmware_sim.oracles import Oracle

    graph, plan = _planned(model, chip_name)
    inputs = _inputs(graph, samples, seed, input_path)
    chosen = Numerics(numerics or oracle_name)
    blob = Path(model).read_bytes()
    answer = comparing.compare(blob, graph, plan, Oracle(oracle_name), inputs, numerics=chosen)
    content = comparing.as_json(answer, Path(model).name, blob, seed)
    if output:
        write_json(output, content)
    if as_json:
        click.echo(json_text(content), nl=False)
    else:
        click.echo(verdict(answer))
        if not output:
            _print(answer)
    ctx.exit(BITS_DIFFER if answer.bytes_different else 0)


def _inputs(graph: Graph, samples: int | None, seed: int, path: str | None) -> tuple[np.ndarray, ...]:
    from firmware_sim import arrays
    from firmware_sim.run import stacked
    from firmware_sim.samples import generated

    if path is None:
        return generated(graph, samples or DEFAULT_SAMPLES, seed)
    pictures = stacked(graph, arrays.read(path))
    return generated(graph, samples, seed, pictures) if samples else pictures


def verdict(answer: Comparison) -> str:
    """One line: how many bytes, how many of them differ, and where first."""
    what = f"{answer.bytes_compared:,} bytes of {len(answer.tensors)} tensors, {answer.samples} inputs"
    who = f"{answer.oracle} ({answer.oracle_version}), numerics {answer.numerics}"
    first = answer.first_difference
    if first is None:
        return f"equal: 0 of {what} differ from {who}"
    where = f"{first.kind} (operator {first.op}), sample {first.sample}, at {list(first.index)}"
    values = f"ours {first.ours}, theirs {first.theirs}"
    return f"bits differ: {answer.bytes_different:,} of {what} from {who}; first in {where}: {values}"


def _print(answer: Comparison) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("op", "kind", "tensor", "name", "bytes", "different", "largest")
    for t in answer.tensors:
        name = escape(t.name.split(";")[0][-40:])
        numbers = f"{t.bytes_compared:,}", f"{t.bytes_different:,}", f"{t.max_abs_difference:,}"
        table.add_row(
            str(t.op), t.kind, str(t.tensor), name, *numbers, style="red" if t.bytes_different else None
        )
    Console().print(table)
    for tensor, why in answer.not_compared:
        click.echo(f"not compared: tensor {tensor.index} ({tensor.name}): {why}")
