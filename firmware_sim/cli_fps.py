"""`sixmeg fps`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from files import json_text, write_json


@click.command()
@click.argument("model", type=click.Path())
@click.option("--chip", "chip_name", default="npu6m", show_default=True, help="A chip's name, or its TOML.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), help="Write the JSON to this file; print one line."
)
def fps(model: str, chip_name: str, as_json: bool, output: str | None) -> None:
    """Estimate cycles of each layer of MODEL (.tflite) and frames per second, by the chip's figures."""
    from firmware_sim.cycles import cycles, fps_json
    from graph import tflite
    from memory_planner import chip as chips
    from memory_planner.plan import plan

    graph, chip = tflite.read_file(model), chips.load(chip_name)
    content = fps_json(Path(model).name, cycles(graph, plan(graph, chip), chip), chip)
    if output:
        write_json(output, content)
    if as_json:
        click.echo(json_text(content), nl=False)
        return
    click.echo(verdict(content))
    if not output:
        _print_layers(content)


def verdict(content: dict[str, Any]) -> str:
    """One line: the estimate and what it rests on."""
    assumed = sum(a["basis"] == "assumed" for a in content["assumptions"])
    return (
        f"{content['fps']:.1f} fps on {content['chip']} (an estimate; {assumed} of"
        f" {len(content['assumptions'])} figures assumed): {content['cycles']:,} cycles,"
        f" {content['macs']:,} MACs at {content['clock_hz']:,} Hz"
    )


def _print_layers(content: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("op", "kind", "class", "output", "MACs", "weights", "cycles", "share")
    for layer in content["layers"]:
        shape = "x".join(map(str, layer["ofm_shape"]))
        numbers = f"{layer['macs']:,}", f"{layer['weight_bytes']:,}", f"{layer['cycles']:,}"
        table.add_row(
            str(layer["op"]), layer["kind"], layer["class"], shape, *numbers, f"{layer['share']:.1%}"
        )
    Console().print(table)
