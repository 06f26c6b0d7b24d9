"""The emitted C's speed on this machine, beside the runtimes': one picture, one thread.

    make bench-c MODELS='../shared/models/*.tflite'

Three builds of the emitted C by cc, each with the folder's own Makefile: of the default plan (the smallest
arena), of `--minimize latency`, and of the default plan without the kernels' paths for vectors. Each runtime
sits in a process of its own and is asked in turn (benchmarks/runtimes.py).
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

from benchmarks import emitted_c
from benchmarks.runtimes import PEERS, Runtime, measure, serve
from files import json_text


@dataclass(frozen=True, slots=True)
class Build:
    """How a folder is exported, and with which flags it is compiled."""

    options: Sequence[str]
    flags: str


OURS = "C"
BUILDS: Mapping[str, Build] = {
    OURS: Build((), emitted_c.FAST),
    "C, --minimize latency": Build(("--minimize", "latency"), emitted_c.FAST),
    "C, plain path": Build((), emitted_c.PLAIN),
}


def libraries(model: Path, work: Path) -> dict[str, Path]:
    """Every build by name.

    Raises: BuildError.
    """
    folders: dict[Sequence[str], Path] = {}
    made = {}
    for number, (name, build) in enumerate(BUILDS.items()):
        if build.options not in folders:
            folders[build.options] = emitted_c.exported(model, work / f"export_{number}", build.options)
        made[name] = emitted_c.library(folders[build.options], build.flags, work / f"build_{number}")
    return made


def measured(model: Path, rounds: int) -> dict[str, Any]:
    """Median milliseconds of an inference, and how many times as long as the emitted C's."""
    with tempfile.TemporaryDirectory(prefix="bench-c-") as work:
        made = libraries(model, Path(work))
        command = [sys.executable, "-m", "benchmarks.c", str(model), "--serve"]
        commands = {name: [*command, name, "--library", str(path)] for name, path in made.items()}
        commands |= {name: [*command, name] for name in PEERS}
        medians = measure(commands, rounds, f"bench-c {model.stem}")
    return {
        "model": model.name,
        "rounds": rounds,
        "load": os.getloadavg()[0],
        "versions": {name: version(PEERS[name].distribution) for name in medians if name in PEERS},
        "median_ms": medians,
        "times_ours": {name: median / medians[OURS] for name, median in medians.items()},
    }


def table(told: Mapping[str, Any]) -> Table:
    """One model's figures."""
    made = Table("", "version", "ms", "times ours", title=f"{told['model']}, load {told['load']:.1f}")
    for name, median in told["median_ms"].items():
        flags = BUILDS[name].flags if name in BUILDS else told["versions"][name]
        made.add_row(name, flags, f"{median:.3f}", f"{told['times_ours'][name]:.2f}")
    return made


@click.command()
@click.argument("models", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rounds", default=100, show_default=True, help="Runs of each, in turn.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option("--serve", "served", hidden=True)
@click.option("--library", hidden=True, type=click.Path(path_type=Path))
def main(models: tuple[Path, ...], rounds: int, as_json: bool, served: str, library: Path) -> None:
    """Time MODELS (.tflite) as emitted C and in the runtimes, one thread each."""
    if served:
        ours = Runtime("sixmeg", 1, emitted_c.loaded(library)) if served in BUILDS else PEERS[served]
        return serve(ours, models[0])
    answers = [measured(model, rounds) for model in models]
    if as_json:
        return click.echo(json_text({"models": answers}), nl=False)
    for told in answers:
        Console().print(table(told))


if __name__ == "__main__":
    main()
