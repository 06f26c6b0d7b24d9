"""`sixmeg chip`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from files import json_text, write_bytes
from graph.errors import ChipError


@click.group()
def chip() -> None:
    """Describe a chip: `fit` makes one from measured times."""


@chip.command()
@click.argument("measurements", type=click.Path(), required=False)
@click.option("--per-layer", "profile", type=click.Path(), help="CSV of single layers and their cycles.")
@click.option("--base", help="The chip whose memories, clock and lanes it has.  [default: by the board]")
@click.option("--board", help="Take the rows of this board alone.")
@click.option("--engine", help="Take the rows of this engine alone.")
@click.option("--estimates", is_flag=True, help="They are a tool's estimates, no board's times.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write the chip to this .toml.")
def fit(
    measurements: str | None,
    profile: str | None,
    base: str | None,
    board: str | None,
    engine: str | None,
    estimates: bool,
    as_json: bool,
    output: str | None,
) -> None:
    """Fit a chip's rates to MEASUREMENTS, a CSV of networks and the times they took (docs/chips.md)."""
    from memory_planner.cost.calibration import calibrated
    from memory_planner.cost.written import toml

    if not measurements and not profile:
        raise click.UsageError("give a CSV of MEASUREMENTS, or --per-layer one of layers")
    if output and not output.endswith(".toml"):
        raise ChipError(f"{output}: a chip is a .toml; name it so")
    name = Path(output).stem if output else "fitted"
    made = calibrated(measurements, profile, name, base=base, board=board, engine=engine, estimates=estimates)
    if output:
        write_bytes(output, toml(made.chip).encode())
    content = _json(made)
    click.echo(json_text(content), nl=False) if as_json else _print(content)


def _json(made: Any) -> dict[str, Any]:
    fitted = made.fit
    return {
        "chip": made.chip.name,
        "base": fitted.base.name,
        "rows": len(fitted.samples),
        "parameters": [
            {"name": name, "value": value, "unit": _unit(name)}
            for name, value in zip(fitted.parameters, fitted.values, strict=True)
        ],
        "mean_error": round(fitted.mean_error, 6),
        "worst_error": round(fitted.worst_error, 6),
        "errors": [
            {"row": s.label, "error": round(float(error), 6)}
            for s, error in zip(fitted.samples, fitted.errors, strict=True)
        ],
        "shared": list(made.chip.fitted.shared),
        "notes": list(made.notes),
        "refused": [{"line": r.line, "row": r.label, "why": r.why} for r in made.refused],
    }


def _unit(name: str) -> str:
    if name in ("layer", "frame"):
        return f"cycles a {name}"
    if name in ("weights", "activations"):
        return "times the cycles that the base says"
    return "cycles a row of MACs" if name == "fill" else "cycles a MAC"


def _print(content: dict[str, Any]) -> None:
    click.echo(
        f"{content['chip']}: {content['rows']} rows, {len(content['parameters'])} parameters; left out, they"
        f" are off by {content['mean_error']:.1%} (mean), {content['worst_error']:.1%} (worst)"
    )
    for p in content["parameters"]:
        click.echo(f"  {p['name']}: {p['value']:.4g} {p['unit']}")
    for e in content["errors"]:
        click.echo(f"  {e['error']:+7.1%}  {e['row']}")
    for said in content["shared"]:
        click.echo(f"cannot be separated: {said}")
    for note in content["notes"]:
        click.echo(f"note: {note}")
    for r in content["refused"]:
        click.echo(f"not used, line {r['line']}: {r['row']}: {r['why']}")
