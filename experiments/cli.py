"""`sixmeg sweep`."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from experiments.cells import Outcome, Road

F = TypeVar("F", bound=Callable[..., Any])

NONE_USABLE = 3


def training_options(command: F) -> F:
    """How each run trains and where it runs; shared by all that start many runs."""
    options = (
        click.option("--data", default="cifar10", show_default=True, help="As for `sixmeg train`."),
        click.option("--seeds", default="0", show_default=True, help="Medians are told over them."),
        click.option("--init", default="auto", show_default=True, help="First weights."),
        click.option("--minutes", type=float, help="Of training, for each run."),
        click.option("--steps", type=click.IntRange(min=1), help="Exact number of steps instead."),
        click.option("--activation", type=click.Choice(["relu6", "relu"]), default="relu6"),
        click.option("--build", default="build", show_default=True, help="The folder of `make model`."),
        click.option("--set", "extra", multiple=True, help="NAME=VALUE: one more variable of Make's."),
        click.option(
            "--engine",
            default="joblib",
            show_default=True,
            help="Where runs run: joblib (processes), dask, dask://HOST:PORT, or ray.",
        ),
        click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="At once."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.option("--alphas", required=True, help='Width multipliers: "0.25 0.5".')
@click.option("--reses", required=True, help='Input sides in px: "96 128".')
@click.option("--chip", default="npu6m", show_default=True, help="A chip's name, or its TOML.")
@click.option("--min-fps", type=float, help="Slower cells are out.")
@training_options
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
@click.option("-o", "--output", type=click.Path(file_okay=False), help="Folder of the table and the page.")
def sweep(
    alphas: str, reses: str, chip: str, min_fps: float | None, as_json: bool, output: str | None, **how: Any
) -> int:
    """Train, quantize, plan, simulate and report each ALPHA by RES, and choose among them.

    Runs share their folders with `make model`; the same command goes on where an interrupted one stood.
    Exit code 3 where no cell fits and is fast enough, 2 where some failed.
    """
    from experiments import rows
    from experiments.cells import Cell, from_root
    from files import json_text, write_bytes, write_json

    grid = [
        Cell(alpha, res, seed)
        for alpha, res, seed in product(split(alphas), numbers(reses, "RES"), numbers(how["seeds"], "seed"))
    ]
    check_grid(grid)
    road = road_of(how, "cell", [("CHIP", from_root(chip))])
    table = rows.rows(run(grid, road, how), min_fps)
    chip_name = Path(chip).stem
    settings = {
        **{"alphas": alphas, "reses": reses, "chip": chip_name, "min_fps": min_fps},
        **{key: value for key, value in how.items() if key not in ("workers", "engine", "build", "extra")},
        "set": list(how["extra"]),
    }
    told = rows.headline(table, chip_name, min_fps)
    content = {"headline": told, "settings": settings, "cells": [rows.as_json(row) for row in table]}
    folder = Path(output) if output else Path(how["build"]) / "sweep" / data_name(how["data"]) / chip_name
    write_json(folder / "sweep.json", content)
    write_bytes(folder / "sweep.csv", rows.as_csv(table).encode())
    text = f"{rows.as_text(table)}{told}\n"
    write_bytes(folder / "sweep.txt", text.encode())
    write_bytes(folder / "sweep.html", _page(table, settings, folder, chip_name, min_fps).encode())
    click.echo(json_text(content) if as_json else f"{text}{folder / 'sweep.html'}", nl=not as_json)
    if any((row.reason or "").startswith(rows.FAILED) for row in table):
        return 2
    return 0 if any(row.best for row in table) else NONE_USABLE


def _page(table: list[Any], settings: dict[str, Any], folder: Path, chip: str, min_fps: float | None) -> str:
    from os.path import relpath

    from experiments import page
    from experiments.cells import ROOT

    reports = {row.name: ROOT / row.folder / "report.html" for row in table}
    links = {
        name: relpath(path, folder.absolute()) if path.is_file() else None for name, path in reports.items()
    }
    shown = {key: value for key, value in settings.items() if value not in (None, [])}
    return page.page(table, shown, links, chip, min_fps)


def run(grid: list[Any], road: Road, how: dict[str, Any]) -> list[Outcome]:
    """All cells of `grid`, with a bar, or a line for each where there is no terminal."""
    from tqdm import tqdm

    from experiments import cells, many

    cells.check_place()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    with tqdm(total=len(grid), desc="sweep", unit="cell", disable=None) as bar:

        def told(outcome: Outcome) -> None:
            cell = outcome.cell
            bar.update()
            if outcome.error or bar.disable:
                seed = f" seed {cell.seed}" if cell.seed else ""
                tqdm.write(f"{cell.alpha}/{cell.res}{seed}: {outcome.error or 'done'}", file=sys.stderr)

        return many.run_all(grid, road, engine_word=how["engine"], workers=how["workers"], told=told)


def road_of(how: dict[str, Any], target: str, more: list[tuple[str, str]]) -> Road:
    """What all runs share, from the options."""
    from experiments import many
    from experiments.cells import Road, from_root

    named = [
        ("DATA", from_root(how["data"])),
        ("INIT", from_root(how["init"])),
        ("ACTIVATION", how["activation"]),
        *(("MINUTES", f"{how['minutes']:g}") for _ in [0] if how["minutes"] is not None),
        *(("STEPS", str(how["steps"])) for _ in [0] if how["steps"] is not None),
        *more,
    ]
    for word in how["extra"]:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise click.UsageError(f"--set {word}: give NAME=VALUE")
        named.append((name, value))
    return Road(tuple(named), target, from_root(how["build"]), many.threads_each(how["workers"]))


def check_grid(grid: list[Any]) -> None:
    """Raises: ModelError, ExperimentError for a cell that no network has."""
    from experiments.errors import ExperimentError
    from graph.mobilenet import check_size

    if not grid:
        raise ExperimentError("a grid of no cells; name at least one ALPHA, RES and seed")
    for cell in grid:
        try:
            alpha = float(cell.alpha)
        except ValueError:
            raise ExperimentError(f"ALPHA {cell.alpha} is no number; give some such as 0.25 0.5") from None
        check_size(alpha, cell.res, 2)


def split(words: str) -> list[str]:
    """Words apart by spaces or commas, each once.

    >>> split("0.25 0.5,1.0 0.5")
    ['0.25', '0.5', '1.0']
    """
    return list(dict.fromkeys(words.replace(",", " ").split()))


def numbers(words: str, what: str) -> list[int]:
    """The same as whole numbers.

    Raises: ExperimentError.
    """
    from experiments.errors import ExperimentError

    try:
        return [int(word) for word in split(words)]
    except ValueError:
        raise ExperimentError(f"{what} {words!r}: give whole numbers with spaces between") from None


def data_name(word: str) -> str:
    """A data set's name in paths, as the Makefile forms it.

    >>> data_name("cifar10"), data_name("tfds:beans"), data_name("../pictures/flowers.tar/")
    ('cifar10', 'tfds_beans', 'flowers')
    """
    last = word.rstrip("/").rsplit("/", 1)[-1]
    return last.rsplit(".", 1)[0].replace(":", "_") if "." in last else last.replace(":", "_")
