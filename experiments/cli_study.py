"""`sixmeg experiment`."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from experiments.cli import check_grid, data_name, numbers, road_of, run, split, training_options
from experiments.studies import STUDIES


@click.command()
@click.argument("name", type=click.Choice(list(STUDIES)))
@click.option("--alphas", default="0.25 0.5 0.75 1.0", show_default=True, help="The widest is the base.")
@click.option("--reses", default="32 64 96 128", show_default=True, help="The smallest is the base.")
@training_options
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@click.option("-o", "--output", type=click.Path(file_okay=False), help="Folder of the table and the plot.")
def experiment(name: str, alphas: str, reses: str, as_json: bool, output: str | None, **how: Any) -> int:
    """One of the paper's experiments on a data set of yours, beside what the paper printed.

    separable: full convolutions against depthwise separable ones. shallow: narrow against shallow.
    alpha, res: their sweeps. tradeoff: ALPHA by RES. Float accuracy; runs that are finished are kept.
    """
    from experiments.errors import ExperimentError
    from experiments.studies import Base
    from experiments.study_text import as_markdown, as_svg, found
    from files import json_text, write_bytes, write_json

    study = STUDIES[name]
    widths, sides = split(alphas), numbers(reses, "RES")
    if not widths or not sides:
        raise ExperimentError("a grid of no cells; name at least one ALPHA and RES")
    grid = [
        replace(cell, seed=seed)
        for cell in study.cells(Base(tuple(widths), tuple(sides)))
        for seed in numbers(how["seeds"], "seed")
    ]
    check_grid(grid)
    outcomes = run(grid, road_of(how, "float", []), how)
    failed = next((outcome for outcome in outcomes if outcome.error), None)
    if failed:
        raise ExperimentError(f"{failed.cell.alpha}/{failed.cell.res} failed: {failed.error}")
    networks, data = found(outcomes), data_name(how["data"])
    trained = {key: how[key] for key in ("init", "minutes", "steps", "seeds", "activation")}
    content = {
        **{"experiment": name, "title": study.title, "data": data, "training": trained},
        "networks": [{**asdict(one), "median": one.median} for one in networks],
        "paper": {"table": study.table, "rows": [asdict(row) for row in study.printed]},
    }
    folder = Path(output) if output else Path(how["build"]) / "experiments" / data
    write_json(folder / f"{name}.json", content)
    table = as_markdown(study, networks, data)
    write_bytes(folder / f"{name}.md", table.encode())
    write_bytes(folder / f"{name}.svg", as_svg(study, networks, data).encode())
    click.echo(json_text(content) if as_json else table, nl=False)
    return 0
