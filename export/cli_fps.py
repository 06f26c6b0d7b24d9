"""`sixmeg fps`: it stands here because --measure times the emitted C."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from files import json_text, write_json
from memory_planner.cost.estimate import fps_told
from memory_planner.for_c import ForC, for_c_options

if TYPE_CHECKING:
    from graph.types import Graph
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
@click.option("--measure", is_flag=True, help="Time emitted C, LiteRT and tflite-micro on this machine too.")
@click.option(
    "--seconds",
    type=click.FloatRange(0.01, 600),
    default=1.0,
    show_default=True,
    help="For each (--measure).",
)
@click.option("--serial", type=click.Path(), help="A board's log with cycles= lines, beside the estimate.")
@click.option(
    "--record",
    type=click.Path(dir_okay=False),
    help="Add what the board took to this CSV, which `sixmeg chip fit` reads (--serial).",
)
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
    arena: str | None,
    with_plans: bool,
    with_cells: bool,
    measure: bool,
    seconds: float,
    serial: str | None,
    record: str | None,
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

    for_c = ForC.of(runtime, input_kind, minimize, arena)
    if record and not serial:
        raise click.UsageError("--record needs the --serial log that it takes the time from")
    if measure and not Path(model).exists():
        raise click.UsageError(f"--measure runs a model: give a .tflite, {model} is none")
    (graph, facts), chip = model_of(model), chips.load(chip_name)
    made = planned(graph, facts, chip, runtime, for_c)
    how = {"runtime": runtime, "input": input_kind, "minimize": minimize}
    content = how | fps_json(Path(model).name, graph, made, chip)
    if with_plans:
        content["plans"] = list(plans(graph, facts, chip))
    if with_cells:
        content["cells"] = _cells(chip, runtime, for_c)
    if serial:
        content["board"] = _board(model, graph, chip, content, serial, record)
    if measure:
        content["host"] = _host(model, graph, chip, seconds)
    if output:
        write_json(output, content)
    if as_json:
        click.echo(json_text(content), nl=False)
        return
    click.echo("\n".join([*verdict(content), *_of_board(content.get("board"))]))
    if not output:
        _print_layers(content)
        _print_plans(content.get("plans", ()))
        _print_cells(content.get("cells", ()))
    _print_host(content.get("host"))


def _board(
    model: str, graph: Graph, chip: Chip, content: Mapping[str, Any], log: str, record: str | None
) -> dict[str, Any]:
    """What a board counted; kept as a row where that is asked for."""
    from export import board_speed
    from firmware_sim import serial_log

    told = board_speed.beside(serial_log.read(log), content, log)
    if record:
        board = chip.boards[0] if chip.boards else chip.name
        board_speed.record(record, model, graph, board, told)
    return told


def _host(model: str, graph: Graph, chip: Chip, seconds: float) -> dict[str, Any]:
    from tqdm import tqdm

    from export.host_speed import RUNTIMES, measured

    with tqdm(total=len(RUNTIMES), desc="measure", unit="runtime", disable=None, leave=False) as bar:
        return measured(model, graph, chip, seconds, bar.update)


def _of_board(told: Mapping[str, Any] | None) -> list[str]:
    """What the board counted, and how far the estimate is from it."""
    if told is None:
        return []
    lines = []
    if told["cycles"] is not None:
        where = "inside" if told["inside"] else "outside"
        lines.append(
            f"measured ({told['log']}): {fps_told(told['fps'])} fps, {told['cycles']:,} cycles at"
            f" {told['clock_hz']:,} Hz; the estimate is off by {told['estimate_error']:+.1%},"
            f" the measurement {where} its interval"
        )
    for layer in told["layers"]:
        numbers = f"{layer['cycles']:,} cycles measured, {layer['estimated_cycles']:,} estimated"
        lines.append(f"  op {layer['op']}: {numbers} ({layer['estimate_error']:+.1%})")
    return lines


def _print_host(told: Mapping[str, Any] | None) -> None:
    from rich.console import Console
    from rich.table import Table

    if told is None:
        return
    title = f"this machine, not the chip: {told['machine']}, load {told['load']}"
    table = Table("one thread", "version", "runs", "ms (median)", "least", "fps", title=title)
    for run in told["runs"]:
        if "refusal" in run:
            table.add_row(run["name"], run["refusal"])
            continue
        numbers = f"{run['median_ms']:.2f}", f"{run['least_ms']:.2f}", fps_told(run["fps"])
        table.add_row(run["name"], run["version"], str(run["runs"]), *numbers)
    Console().print(table)


def _cells(chip: Chip, runtime: str, for_c: ForC | None) -> list[dict[str, Any]]:
    from tqdm import tqdm

    from memory_planner.cost.compared import ALPHAS, RES_PX, cells

    with tqdm(total=len(ALPHAS) * len(RES_PX), desc="sizes", unit="size", disable=None, leave=False) as bar:
        return list(cells(chip, runtime, for_c, bar.update))


def verdict(content: dict[str, Any]) -> list[str]:
    """The estimate with its interval, what it rests on, and what lies outside of that."""
    fitted = content["fitted"]
    basis = "by stated figures"
    if fitted is not None:
        what = "rows" if fitted["of"] == "times" else "estimates of a tool"
        error = f"{100 * fitted['mean_error']:.1f} %"
        basis = f"fitted to {fitted['rows']} {what}; left out, they are off by {error}"
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

    table = Table("op", "kind", "output", "MACs", "bytes", "compute", "memory", "cycles", "share")
    for layer in content["layers"]:
        shape = "x".join(map(str, layer["ofm_shape"]))
        keys = ("macs", "bytes", "compute_cycles", "memory_cycles", "cycles")
        numbers = (f"{layer[key]:,}" for key in keys)
        table.add_row(str(layer["op"]), layer["kind"], shape, *numbers, f"{layer['share']:.1%}")
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
