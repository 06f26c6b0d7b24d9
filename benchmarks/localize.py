"""Plants every known mistake in a firmware, and shows what `sixmeg compare --against` says of its dump.

    make bench-localize MODEL=../shared/models/mlperf_vww_mnv1_025_96_int8.tflite

For each cause an operator is drawn that can have it. A firmware that runs this operator element by element,
with the mistake in it, dumps all its tensors, and the command is asked about the dump. A cause is found where
the command names the operator, the first element that differs with both its values, and the cause as one that
explains every byte. Exits with 4 where one is not found.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from click.testing import CliRunner
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

import sixmeg
from benchmarks.planting import CAUSES, Planted, Target
from files import json_text
from firmware_sim import dumps
from firmware_sim.samples import generated
from graph import tflite
from graph.errors import SixmegError

BITS_DIFFER = 4
ABSENT = "no operator of this model can have it"


@dataclass(frozen=True, slots=True)
class Row:
    """A cause planted in an operator, or in the INPUT, and what the command said of it.

    `also`: other causes that explain every byte as well. `wrong`: what the command said and is not so.
    `command` is empty where no operator can have the cause.
    """

    model: str
    cause: str
    planted_in: str = ""
    said: str = ""
    elements_different: int = 0
    also: tuple[str, ...] = ()
    wrong: str = ""
    command: str = ""


def rows(path: Path, causes: Iterable[str], seed: int, folder: Path, suffix: str) -> Iterator[Row]:
    """One for each way that a cause is known in; the dumps are left in `folder`.

    Raises: SixmegError where the simulator cannot run the model, or it has several inputs.
    """
    graph = tflite.read_file(path)
    if len(graph.inputs) != 1:
        raise SixmegError(f"{path}: {len(graph.inputs)} inputs; give a model of one")
    target = Target(graph, generated(graph, 1, seed)[0][0], seed)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "input.npy", target.ifm)
    for cause in causes:
        ways = target.planted(cause)
        if not ways:
            yield Row(path.stem, cause)
        for made in ways:
            dumped = folder / f"{cause}_{'input' if made.op is None else made.op.index}{suffix}"
            dumps.write(dumped, graph, made.tensors)
            arguments = ["compare", str(path), "--against", str(dumped), "--numerics", made.numerics.value]
            arguments += ["--input", str(folder / "input.npy")] if made.op is None else []
            yield row(path.stem, made, asked(arguments), f"sixmeg {' '.join(arguments)}")


def asked(arguments: Sequence[str]) -> dict[str, Any]:
    """What the command says, as JSON.

    Raises: SixmegError where it does not exit as it does where bits differ.
    """
    done = CliRunner().invoke(sixmeg.cli, [*arguments, "--json"])
    if done.exit_code != BITS_DIFFER:
        raise SixmegError(f"sixmeg {' '.join(arguments)}: exit code {done.exit_code}: {done.output.strip()}")
    answer: dict[str, Any] = json.loads(done.stdout)["localized"]
    return answer


def row(model: str, made: Planted, found: dict[str, Any], command: str) -> Row:
    """What was said, beside what should have been."""
    first = made.first
    should = {
        "op": None if made.op is None else made.op.index,
        "tensor": made.tensor,
        "channel": first[-1],
        "pixel": list(first[:-1]),
        "ours": int(made.right[first]),
        "theirs": int(made.theirs[first]),
        "different": made.different,
    }
    wrong = [f"{key} {found[key]}, not {value}" for key, value in should.items() if found[key] != value]
    exact = [fit["cause"] for fit in found["causes"] if fit["exact"]]
    if made.cause not in exact:
        wrong.append(f"{', '.join(exact) or 'no cause'}, not {made.cause}")
    who = found["kind"] if found["op"] is None else f"{found['op']} {found['kind']}"
    where = f"channel {found['channel']}, pixel {found['pixel']}"
    return Row(
        model=model,
        cause=made.cause,
        planted_in="INPUT" if made.op is None else f"{made.op.index} {made.op.kind.value}",
        said=f"{who}, {where}: ours {found['ours']}, theirs {found['theirs']}",
        elements_different=found["different"],
        also=tuple(name for name in exact if name != made.cause),
        wrong="; ".join(wrong),
        command=command,
    )


def table(model: str, answers: Iterable[Row]) -> Table:
    """One row a cause."""
    names = (
        "cause planted",
        "in",
        "found: operator, channel, pixel, both values",
        "cause found",
        "fits as well",
    )
    made = Table(*names, title=model)
    for a in answers:
        if not a.command:
            made.add_row(a.cause, "-", ABSENT, "-", "", style="dim")
            continue
        verdict = f"no: {a.wrong}" if a.wrong else f"yes, all {a.elements_different:,}"
        made.add_row(
            a.cause, a.planted_in, a.said, verdict, ", ".join(a.also), style="red" if a.wrong else None
        )
    return made


@click.command()
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--cause", "causes", multiple=True, type=click.Choice(CAUSES), help="May be repeated.  [default: all]"
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of inputs and places."
)
@click.option("--log", "as_log", is_flag=True, help="Dump as a UART prints it, not as a folder.")
@click.option(
    "--keep", type=click.Path(path_type=Path, file_okay=False), help="Leave the dumps in this folder."
)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def main(
    models: tuple[Path, ...],
    causes: tuple[str, ...],
    seed: int,
    as_log: bool,
    keep: Path | None,
    as_json: bool,
) -> None:
    """Plant each known cause in each of MODELS (.tflite) and print how it was found."""
    suffix = ".log" if as_log else ""
    found: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="sixmeg-planted-") as temporary:
        for path in models:
            into = (keep or Path(temporary)) / path.stem
            try:
                made = rows(path, causes or CAUSES, seed, into, suffix)
                answers = list(tqdm(made, desc=path.stem, unit="cause", disable=None))
            except SixmegError as error:
                raise click.UsageError(str(error)) from error
            found += answers
            if not as_json:
                Console(width=None if sys.stdout.isatty() else 190).print(table(path.stem, answers))
    planted = [a for a in found if a.command]
    counts = {
        "planted": len(planted),
        "found": sum(not a.wrong for a in planted),
        "causes_planted": len({a.cause for a in planted}),
        "causes": len(causes or CAUSES),
    }
    if as_json:
        click.echo(json_text({"seed": seed, **counts, "rows": [asdict(a) for a in found]}), nl=False)
    else:
        for a in planted if keep else ():
            click.echo(a.command)
        click.echo(
            f"{counts['found']} of {counts['planted']} planted mistakes found;"
            f" {counts['causes_planted']} of {counts['causes']} causes planted"
        )
    sys.exit(BITS_DIFFER if counts["found"] < counts["planted"] else 0)


if __name__ == "__main__":
    main()
