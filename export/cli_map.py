"""`sixmeg map`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memory_planner.cli import chip_option
from memory_planner.for_c import ForC, for_c_options
from memory_planner.plan import plan as make_plan

if TYPE_CHECKING:
    from graph.types import Graph
    from memory_planner.chip import Chip
    from memory_planner.types import Plan


# Who runs a plan, in the picture's title.
RUNTIMES = {"any": "tensors whole and apart", "tflm": "TensorFlow Lite Micro", "c": "our own C"}


@click.command("map")
@click.argument("model", type=click.Path())
@chip_option
@click.option(
    "--runtime",
    type=click.Choice(list(RUNTIMES)),
    default="any",
    show_default=True,
    help="Who runs the plan, as in `sixmeg plan`.",
)
@for_c_options
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), help="Write the picture as SVG to this file."
)
def map(
    model: str,
    chip_name: str,
    runtime: str,
    input_kind: str,
    minimize: str,
    arena: str | None,
    output: str | None,
) -> None:
    """Draw the arena of MODEL's plan (.tflite): steps across, bytes up, the fullest step marked."""
    from export import map_text, memory_map
    from export.rendering import render
    from export.report_html import KINDS
    from files import write_bytes
    from firmware_sim.cycles import layer_class
    from graph import tflite
    from memory_planner import chip as chips

    graph, chip = tflite.read_file(model), chips.load(chip_name)
    for_c = ForC.of(runtime, input_kind, minimize, arena)
    if runtime == "tflm":
        memory = _of_tflm(graph, chip, model)
    else:
        memory = _with_budget(
            graph, for_c.plan(graph, chip) if for_c else make_plan(graph, chip), chip, model
        )
    name = Path(model).name
    if output is None:
        click.echo(f"{name} on {chip.name}: an arena of {memory['arena_bytes']:,} bytes")
        click.echo(map_text.draw(memory), nl=False)
        return
    layers = [
        {"name": graph.tensors[t].name, "class": layer_class(graph, op).value}
        for op in graph.ops
        for t in op.outputs
    ]
    drawn = memory_map.layout(memory, layers)
    picture = render(
        "map.svg",
        map=drawn,
        view=memory_map,
        title=f"{name} on {chip.name}, {RUNTIMES[runtime]}",
        kinds={kind: words for kind, words in KINDS.items() if any(r.kind == kind for r in drawn.rects)},
    )
    write_bytes(output, picture.encode())
    click.echo(f"{output}: an arena of {memory['arena_bytes']:,} bytes, {len(drawn.rects)} buffers")


def _with_budget(graph: Graph, made: Plan, chip: Chip, model: str) -> dict[str, Any]:
    """What is drawn of a plan, with its budget."""
    content = _content(graph, made, chip, model)
    return {**content["fit"], **{key: content[key] for key in ("steps", "buffers", "memories")}}


def _of_tflm(graph: Graph, chip: Chip, model: str) -> dict[str, Any]:
    """The head of `tensor_arena`, with the scratch that kernels ask for; TFLM's budget is another."""
    from graph import file_facts
    from graph.errors import ModelError
    from memory_planner.tflm.planning import tflm_plan

    try:
        made = tflm_plan(graph, file_facts.read(Path(model).read_bytes()))
    except ModelError as error:
        raise type(error)(f"{model}: {error}") from error
    content = _content(graph, made.plan, chip, model)
    step_of = {op: step for step, op in enumerate(made.plan.schedule.op_order)}
    scratch = [
        {
            **{
                "tensor": -1,
                "name": f"scratch of operator {s.op}",
                "shape": [s.size_bytes],
                "dtype": "bytes",
            },
            **{"role": "whole", "memory": None, "size_bytes": s.size_bytes, "offset": s.offset},
            **{"start": step_of[s.op], "end": step_of[s.op] + 1},
        }
        for s in made.scratch
    ]
    return {
        "arena_bytes": made.plan.arena_bytes,
        "lower_bound_bytes": made.plan.lower_bound_bytes,
        "steps": content["steps"],
        "buffers": [*content["buffers"], *scratch],
        "memories": [],
        "worst_step": content["fit"]["worst_step"],
    }


def _content(graph: Graph, made: Plan, chip: Chip, model: str) -> dict[str, Any]:
    from memory_planner.cli import plan_json
    from memory_planner.fit import fit

    return plan_json(graph, made, fit(graph, made, chip, Path(model).stat().st_size), model, chip)
