"""`sixmeg fps`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from files import json_text, write_json
from memory_planner.cost.estimate import fps_told
from memory_planner.for_c import ForC, for_c_options

if TYPE_CHECKING:
    from memory_planner.chip import Chip


@click.command()
@click.argument("model", type=click.Path())
@click.option("--chip", "chip_name", default="npu6m", show_default=True, help="A chip's name, or its TOML.")
@click.option(
    "--runtime",
    type=click.Choice(["any", "tflm", "c"]),
    default="any",
    show_default=True,
    help="Whose plan, as in `sixmeg plan`.",
)
@for_c_options
@click.option("--plans", "with_plans", is_flag=True, help="Set every plan of MODEL side by side.")
@click.option("--cells", "with_cells", is_flag=True, help="Add the 16 MobileNetV1 of the paper on the chip.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), help="Write the JSON to this file; print one line."
)
def fps(
    model: str,
    chip_name: str,
    runtime: str,
    input_kind: str,
    minimize: str,
    with_plans: bool,
    with_cells: bool,
    as_json: bool,
    output: str | None,
) -> None:
    """Estimate cycles of each layer of MODEL and frames per second, by the chip's figures.

    MODEL is a .tflite, or a name such as mobilenet_v1_0.5_160.
    """
    from firmware_sim.cycles import fps_json
    from memory_planner import chip as chips
    from memory_planner.cost.compared import plans
    from memory_planner.models import model_of, planned

    for_c = ForC.of(runtime, input_kind, minimize)
    (graph, facts), chip = model_of(model), chips.load(chip_name)
    made = planned(graph, facts, chip, runtime, for_c)
    how = {"runtime": runtime, "input": input_kind, "minimize": minimize}
    content = how | fps_json(Path(model).name, graph, made, chip)
    if with_plans:
        content["plans"] = list(plans(graph, facts, chip))
    if with_cells:
        content["cells"] = _cells(chip, runtime, for_c)
    if output:
        write_json(output, content)
    if as_json:
        click.echo(json_text(content), nl=False)
        return
    click.echo("\n".join(verdict(content)))
    if not output:
        _print_layers(content)
        _print_plans(content.get("plans", ()))
        _print_cells(content.get("cells", ()))


def _cells(chip: Chip, runtime: str, for_c: ForC | None) -> list[dict[str, Any]]:
    from tqdm import tqdm

    from memory_planner.cost.compared import ALPHAS, RES_PX, cells

    with tqdm(total=len(ALPHAS) * len(RES_PX), desc="sizes", unit="size", disable=None, leave=False) as bar:
        return list(cells(chip, runtime, for_c, bar.update))


def verdict(content: dict[str, Any]) -> list[str]:
    """The estimate with its interval, what it rests on, and what lies outside of that."""
    fitted = content["fitted"]
    basis = "by stated figures" if fitted is None else f"fitted to {fitted['source']}"
    low, high = fps_told(content["fps_low"]), fps_told(content["fps_high"])
    lines = [
        f"{fps_told(content['fps'])} fps, {low} to {high}, on {content['chip']} (an estimate, {basis}):"
        f" {content['cycles']:,} cycles, {content['macs']:,} MACs,"
        f" {content['bytes']:,} bytes moved at {content['clock_hz']:,} Hz"
    ]
    if content["extrapolated"]:
        lines.append(f"extrapolated: {content['why']}")
    if content["fits"] is False:
        lines.append("it does not fit the chip's memory: the estimate is for a chip that has enough")
    return lines


def _print_layers(content: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("op", "kind", "class", "output", "MACs", "bytes", "compute", "memory", "cycles", "share")
    for layer in content["layers"]:
        shape = "x".join(map(str, layer["ofm_shape"]))
        keys = ("macs", "bytes", "compute_cycles", "memory_cycles", "cycles")
        numbers = (f"{layer[key]:,}" for key in keys)
        table.add_row(
            str(layer["op"]), layer["kind"], layer["class"], shape, *numbers, f"{layer['share']:.1%}"
        )
    Console().print(table)


def _print_plans(made: Iterable[Mapping[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(
        "runtime", "input", "least", "arena", "weights read", "bytes moved", "cycles", "fps", "fits"
    )
    for each in made:
        how = each["runtime"], each["input"], each["minimize"]
        if "error" in each:
            table.add_row(*how, each["error"])
            continue
        numbers = (f"{each[key]:,}" for key in ("arena_bytes", "weight_bytes_read", "bytes", "cycles"))
        table.add_row(*how, *numbers, _interval(each), "yes" if each["fits"] else "no")
    if table.row_count:
        Console().print(table)


def _print_cells(made: Iterable[Mapping[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("ALPHA", "RES", "weights + arena", "bytes moved", "cycles", "fps", "fits")
    for each in made:
        numbers = (f"{each[key]:,}" for key in ("required_bytes", "bytes", "cycles"))
        size = f"{each['alpha']:g}", str(each["res_px"])
        table.add_row(*size, *numbers, _interval(each), "yes" if each["fits"] else "no")
    if table.row_count:
        Console().print(table)


def _interval(each: Mapping[str, Any]) -> str:
    low, high = fps_told(each["fps_low"]), fps_told(each["fps_high"])
    return f"{fps_told(each['fps'])} ({low} to {high})"
