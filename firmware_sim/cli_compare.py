"""`sixmeg compare`."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from files import json_text, write_json
from firmware_sim.cli import NUMERICS, plan_options, planned

if TYPE_CHECKING:
    import numpy as np

    from firmware_sim.compare import Comparison
    from graph.types import Graph

BITS_DIFFER = 4
DEFAULT_SAMPLES = 20


@click.command()
@click.argument("model", type=click.Path())
@click.option("--oracle", "oracle_name", type=NUMERICS, help="The runtime.  [default: tflm]")
@click.option("--numerics", type=NUMERICS, help="Whose rounding to simulate.  [default: the oracle's]")
@click.option(
    "--between",
    nargs=2,
    metavar="A B",
    help="Any two instead: tflm, ... are simulated, oracle:tflm, ... runtimes, c:FOLDER an export's own C.",
)
@click.option(
    "--against",
    "dump_path",
    type=click.Path(),
    help="A firmware's dump instead: a folder of tensors, or a log. Says which operator erred, and how.",
)
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
@click.option("--workers", type=click.IntRange(min=1), help="Threads; by default, one for each core.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), help="Write the JSON to this file; print one line."
)
@plan_options
@click.pass_context
def compare(
    ctx: click.Context, model: str, as_json: bool, output: str | None, chip_name: str, **asked: Any
) -> None:
    """Hold the simulation of MODEL (.tflite) against a runtime, tensor by tensor; or any two of them.

    Exits with 4 where bits differ.

    Without --input, every second input is a synthetic picture; with it, a picture of the file. --input alone
    compares what the file holds and nothing else. With --against, --input is the one input that the firmware
    ran; without it, the dump's own input tensor is believed.
    """
    if asked["dump_path"] is not None:
        content, said, differs = _against(model, chip_name, **asked)
        _tell(content, said, output, as_json)
        ctx.exit(BITS_DIFFER if differs else 0)
    from firmware_sim import compare as comparing
    from firmware_sim.sides import side

    graph, plan = planned(model, chip_name, asked["runtime"], asked["streamed_input"])
    inputs = _inputs(graph, asked["samples"], asked["seed"], asked["input_path"])
    blob = Path(model).read_bytes()
    ours, theirs = (side(name, blob, graph, plan) for name in _sides(**asked))
    answer = comparing.between(graph, plan, ours, theirs, inputs, workers=asked["workers"])
    content = comparing.as_json(answer, Path(model).name, blob, asked["seed"])
    _tell(content, [verdict(answer)], output, as_json)
    if not output and not as_json:
        _print(answer)
    ctx.exit(BITS_DIFFER if answer.bytes_different else 0)


def _tell(content: dict[str, Any], said: list[str], output: str | None, as_json: bool) -> None:
    """Write and print the answer: with a file, its first line; else all of it."""
    if output:
        write_json(output, content)
    if as_json:
        click.echo(json_text(content), nl=False)
    else:
        click.echo("\n".join(said[:1] if output else said))


def _against(
    model: str, chip_name: str, dump_path: str, numerics: str | None, input_path: str | None, **asked: Any
) -> tuple[dict[str, Any], list[str], bool]:
    """The JSON, the words, and whether bits differ, of a firmware's dump."""
    from firmware_sim import dumps, localized
    from firmware_sim.localize import localize
    from firmware_sim.numerics import Numerics

    others = {"oracle_name": "--oracle", "between": "--between", "samples": "--samples"}
    others |= {"streamed_input": "--streamed-input", "runtime": "--runtime"}
    for name, option in others.items():
        if asked[name] not in (None, False, "any"):
            raise click.UsageError(f"--against compares one dump; leave out {option}")
    graph, plan = planned(model, chip_name)
    dump = dumps.read(dump_path, graph)
    chosen = Numerics(numerics or "tflm")
    answer = localize(graph, plan, dump, _one_input(graph, input_path), numerics=chosen)
    if not answer.tensors:
        raise dumps.DumpError(
            f"{dump_path}: nothing in it can be compared: no operator has its inputs and its output there;"
            " give --input, or dump more tensors"
        )
    content = {
        "model": Path(model).name,
        "model_sha256": hashlib.sha256(Path(model).read_bytes()).hexdigest(),
        "against": Path(dump_path).name,
        "numerics": chosen.value,
        **localized.as_json(answer),
    }
    return content, localized.lines(answer), answer.finding is not None


def _one_input(graph: Graph, path: str | None) -> tuple[np.ndarray, ...]:
    from firmware_sim import arrays
    from firmware_sim.run import InputError, stacked

    if path is None:
        return ()
    columns = stacked(graph, arrays.read(path))
    if len(columns[0]) != 1:
        raise InputError(f"{path}: {len(columns[0])} samples; give the one that the firmware ran")
    return tuple(column[0] for column in columns)


def _sides(
    oracle_name: str | None, numerics: str | None, between: tuple[str, str] | None, **_: Any
) -> tuple[str, str]:
    """The names of the two sides."""
    if between and (oracle_name or numerics):
        raise click.UsageError("--between names both sides; leave out --oracle and --numerics")
    oracle = oracle_name or "tflm"
    return between or (numerics or oracle, f"oracle:{oracle}")


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
    ours, theirs = answer.ours, answer.theirs
    who = f"{theirs.rounding} ({theirs.version}), ours {ours.rounding} ({ours.version})"
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
