"""`sixmeg chip`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from files import json_text, write_bytes
from graph.errors import ChipError

if TYPE_CHECKING:
    from memory_planner.cost.calibration import Checked


@click.group()
def chip() -> None:
    """Describe a chip: `fit` makes one from measured times, `check` holds one against others."""


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


@chip.command()
@click.argument("measurements", type=click.Path())
@click.option("--chip", "chip_name", required=True, help="A chip's name, or its TOML.")
@click.option("--board", help="Take the rows of this board alone.")
@click.option("--engine", help="Take the rows of this engine alone.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def check(measurements: str, chip_name: str, board: str | None, engine: str | None, as_json: bool) -> None:
    """Hold a chip against MEASUREMENTS: how far each estimate is off, and whether its interval holds."""
    from memory_planner import chip as chips
    from memory_planner.cost.calibration import checked

    loaded = chips.load(chip_name)
    rows, refused = checked(measurements, loaded, board=board, engine=engine)
    errors = [abs(row.error) for row in rows]
    content = {
        "chip": loaded.name,
        "rows": [_row(row) for row in rows],
        "mean_error": round(sum(errors) / len(errors), 6),
        "worst_error": round(max(errors), 6),
        "inside": sum(row.is_inside for row in rows),
        "refused": [{"line": r.line, "row": r.label, "why": r.why} for r in refused],
    }
    click.echo(json_text(content), nl=False) if as_json else _print_checked(content)


def _row(row: Checked) -> dict[str, Any]:
    return {
        "row": row.label,
        "measured_fps": round(row.measured_fps, 3),
        "fps": round(row.estimate.fps, 3),
        "fps_low": round(row.estimate.fps_low, 3),
        "fps_high": round(row.estimate.fps_high, 3),
        "error": round(row.error, 6),
        "inside": row.is_inside,
        "extrapolated": row.estimate.extrapolated,
        "why": "; ".join(row.estimate.why) or None,
    }


def _print_checked(content: dict[str, Any]) -> None:
    from memory_planner.cost.estimate import fps_told

    click.echo(
        f"{content['chip']}: {len(content['rows'])} rows, off by {content['mean_error']:.1%} (mean),"
        f" {content['worst_error']:.1%} (worst); {content['inside']} in their interval"
    )
    for row in content["rows"]:
        ends = f"{fps_told(row['fps_low'])} to {fps_told(row['fps_high'])}"
        where = "" if row["inside"] else ", outside"
        beyond = f"; extrapolated: {row['why']}" if row["extrapolated"] else ""
        click.echo(
            f"  {row['error']:+7.1%}  {row['row']}: {fps_told(row['measured_fps'])} fps measured,"
            f" {fps_told(row['fps'])} estimated, {ends}{where}{beyond}"
        )
    for r in content["refused"]:
        click.echo(f"not used, line {r['line']}: {r['row']}: {r['why']}")


def _json(made: Any) -> dict[str, Any]:
    fitted = made.fit
    return {
        "chip": made.chip.name,
        "base": fitted.base.name,
        "rows": len(fitted.samples),
        "parameters": [
            {"name": name, "value": value, "unit": unit_of(name)}
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


def unit_of(name: str) -> str:
    """What the value of a parameter counts."""
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
