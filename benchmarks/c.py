"""The emitted C's speed: beside the runtimes', one picture, one thread; in instructions on emulated boards.

    make bench-c MODELS='../shared/models/*.tflite'

Three builds of the emitted C by cc, each with the folder's own Makefile: of the default plan (the smallest
arena), of `--minimize latency`, and of the default plan without the kernels' paths for vectors. Each runtime
sits in a process of its own and is asked in turn (benchmarks/runtimes.py). The default plan also boots in
QEMU, where instructions are counted with and without those paths.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from benchmarks import emitted_c, emulated
from benchmarks.emitted_c import BuildError
from benchmarks.runtimes import PEERS, Runtime, measure, serve
from export.c.boards import BOARDS
from files import json_text
from graph.errors import SixmegError


@dataclass(frozen=True, slots=True)
class Build:
    """How a folder is exported, and with which flags it is compiled."""

    options: Sequence[str]
    flags: str


OURS = "C"
WIDTH = 120
BUILDS: Mapping[str, Build] = {
    OURS: Build((), emitted_c.FAST),
    "C, --minimize latency": Build(("--minimize", "latency"), emitted_c.FAST),
    "C, plain path": Build((), emitted_c.PLAIN),
}


def libraries(model: Path, work: Path) -> tuple[dict[str, Path], Path]:
    """Every build by name, and the folder of the default plan.

    Raises: BuildError.
    """
    folders: dict[Sequence[str], Path] = {}
    made = {}
    for number, (name, build) in enumerate(BUILDS.items()):
        if build.options not in folders:
            folders[build.options] = emitted_c.exported(model, work / f"export_{number}", build.options)
        made[name] = emitted_c.library(folders[build.options], build.flags, work / f"build_{number}")
    return made, folders[BUILDS[OURS].options]


def measured(model: Path, rounds: int, machines: Sequence[str]) -> dict[str, Any]:
    """Median milliseconds of an inference, how many times ours they are, instructions on boards.

    Raises: BuildError.
    """
    with tempfile.TemporaryDirectory(prefix="bench-c-") as work:
        made, folder = libraries(model, Path(work))
        command = [sys.executable, "-m", "benchmarks.c", str(model), "--serve"]
        commands = {name: [*command, name, "--library", str(path)] for name, path in made.items()}
        commands |= {name: [*command, name] for name in PEERS}
        medians = measure(commands, rounds, f"bench-c {model.stem}")
        boards = emulated.counted(folder, machines)
    return {
        "model": model.name,
        "rounds": rounds,
        "load": os.getloadavg()[0],
        "versions": {name: version(PEERS[name].distribution) for name in medians if name in PEERS},
        "median_ms": medians,
        "times_ours": {name: median / medians[OURS] for name, median in medians.items()},
        "emulated": [emulated.as_json(board) for board in boards],
    }


def table(told: Mapping[str, Any]) -> Table:
    """One model's figures."""
    made = Table("", "version", "ms", "times ours", title=f"{told['model']}, load {told['load']:.1f}")
    for name, median in told["median_ms"].items():
        flags = BUILDS[name].flags if name in BUILDS else told["versions"][name]
        made.add_row(name, flags, f"{median:.3f}", f"{told['times_ours'][name]:.2f}")
    return made


def show(told: Mapping[str, Any]) -> None:
    """The figures as tables, or why there are none."""
    if "why" in told:
        return click.echo(f"{told['model']}: {told['why']}", err=True)
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(table(told), emulated.table(told["model"], told["emulated"]))


@click.command()
@click.argument("models", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rounds", default=100, show_default=True, help="Runs of each, in turn.")
@click.option(
    "--machine",
    "machines",
    multiple=True,
    default=emulated.MACHINES,
    show_default=True,
    type=click.Choice(list(BOARDS)),
    help="Emulated boards; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option("--serve", "served", hidden=True)
@click.option("--library", hidden=True, type=click.Path(path_type=Path))
def main(
    models: tuple[Path, ...],
    rounds: int,
    machines: tuple[str, ...],
    as_json: bool,
    served: str,
    library: Path,
) -> None:
    """Time MODELS (.tflite) as emitted C and in the runtimes, one thread each; count instructions."""
    if served:
        ours = Runtime("sixmeg", 1, emitted_c.loaded(library)) if served in BUILDS else PEERS[served]
        return serve(ours, models[0])
    answers: list[dict[str, Any]] = []
    for model in models:
        try:
            answers.append(measured(model, rounds, machines))
        except SixmegError as error:
            answers.append({"model": model.name, "why": str(error)})
    if as_json:
        click.echo(json_text({"models": answers}), nl=False)
    else:
        for told in answers:
            show(told)
    sys.exit(BuildError.exit_code if all("why" in told for told in answers) else 0)


if __name__ == "__main__":
    main()
