"""`sixmeg plan`."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from files import json_text, write_json
from graph import tflite
from graph.floats import float_operators
from graph.types import Graph
from memory_planner import chip as chips
from memory_planner.fit import Fit, fit
from memory_planner.for_c import ForC, for_c_options
from memory_planner.gate.text import memories as memory_lines
from memory_planner.gate.text import short, standing
from memory_planner.gate.verdict import headline
from memory_planner.plan import plan as make_plan
from memory_planner.reservations import reserving
from memory_planner.streamed import Minimize, weight_bytes_read
from memory_planner.types import Plan, Proof
from memory_planner.wishes import overlap_options, wishes_of

OVER_BUDGET = 3

chip_option = click.option(
    "--chip", "chip_name", default="npu6m", show_default=True, help="A chip's name, or its TOML."
)
reserve_option = click.option(
    "--reserve",
    "reservations",
    multiple=True,
    metavar="NAME=BYTES[@MEMORY]",
    help="Bytes of the chip that are not the model's, such as camera=150KiB; repeatable, 0 takes one away.",
)


def _planned(model: str, chip: chips.Chip, for_c: ForC | None = None) -> tuple[Graph, Plan, Fit]:
    """The plan of whole tensors that any runtime can follow, or the one for our own C."""
    graph = tflite.read_file(model)
    made = for_c.plan(graph, chip) if for_c else make_plan(graph, chip)
    return graph, made, fit(graph, made, chip, Path(model).stat().st_size)


def _details(answer: Fit, made: Plan, for_c: ForC | None) -> list[str]:
    among = "of these steps" if for_c and for_c.minimize is Minimize.LATENCY else "in this order"
    proof = f"the lower bound: no smaller arena {among}"
    if answer.arena_bytes > answer.lower_bound_bytes:
        proof = f"{answer.arena_bytes - answer.lower_bound_bytes:,} above the lower bound"
    return [
        f"weights {answer.weights_bytes:,}  arena {answer.arena_bytes:,} ({answer.algorithm}, {proof})",
        *standing(answer),
        f"counted: {answer.required_basis} (the .tflite, which TFLM keeps whole: {answer.file_bytes:,})",
        f"margin to 6,000,000 bytes: {answer.margin_to_6000000_bytes:,}",
        *memory_lines(answer),
        *_moving(answer, made),
    ]


def _moving(answer: Fit, made: Plan) -> list[str]:
    """What moving bytes between several memories takes, and the proof."""
    placement = made.placement
    if placement is None or len(answer.memories) == 1:
        return []
    is_sure = placement.proof is not Proof.NONE
    if not answer.fits:
        return ["no placement fits" if is_sure else "no placement that fits was found"]
    proof = "no placement moves them in fewer"
    if not is_sure:
        proof = f"at most {placement.gap_cycles:,} more than need be"
    return [f"moving bytes takes {placement.traffic_cycles:,} cycles ({proof})"]


def plan_json(graph: Graph, made: Plan, answer: Fit, model: str, chip: chips.Chip) -> dict[str, Any]:
    """The plan as the JSON of docs/plan.md; offsets and sizes in bytes, lifetimes in half-open steps."""
    numbers = asdict(answer)
    memories = numbers.pop("memories")
    return {
        "model": Path(model).name,
        "chip": chip.name,
        "arena_bytes": made.arena_bytes,
        "lower_bound_bytes": made.lower_bound_bytes,
        "proof": made.proof.value,
        "gap_bytes": made.gap_bytes,
        "weight_bytes_read": weight_bytes_read(graph, made),
        "algorithm": made.algorithm,
        "alignment_bytes": made.alignment_bytes,
        "memories": memories,
        **_placement_json(graph, made),
        "order": list(made.schedule.op_order),
        "order_lower_bound_bytes": made.order_lower_bound_bytes,
        "order_proof": made.order_proof.value,
        "steps": [
            {
                "step": i,
                "ops": list(step.ops),
                "kind": step.kind,
                "operators": [graph.ops[op].kind.value for op in step.ops],
                "runs": list(step.runs),
                "backwards": step.backwards,
                "delivered": list(step.delivered),
                "live_bytes": made.live_bytes(i),
            }
            for i, step in enumerate(made.schedule.steps)
        ],
        "buffers": [
            {
                "tensor": buffer.tensor,
                "name": graph.tensors[buffer.tensor].name,
                "shape": list(graph.tensors[buffer.tensor].shape),
                "dtype": graph.tensors[buffer.tensor].dtype.value,
                "size_bytes": buffer.size_bytes,
                "offset": offset,
                "memory": memory,
                "role": buffer.role.value,
                "start": buffer.lifetime.start,
                "end": buffer.lifetime.end,
            }
            for buffer, offset, memory in zip(made.buffers, made.offsets, made.memories, strict=True)
        ],
        "offsets": {str(tensor): offset for tensor, offset in sorted(made.offset_of.items())},
        "fit": numbers,
        "float_operators": [asdict(found) for found in float_operators(graph)],
    }


def _placement_json(graph: Graph, made: Plan) -> dict[str, Any]:
    """Where constants lie, and what moving all bytes takes."""
    placement = made.placement
    if placement is None:
        return {}
    return {
        "traffic_cycles": placement.traffic_cycles,
        "traffic_gap_cycles": placement.gap_cycles,
        "placement_proof": placement.proof.value,
        "constants": [
            {
                "tensor": tensor,
                "name": graph.tensors[tensor].name,
                "size_bytes": graph.tensors[tensor].size_bytes,
                "memory": memory,
            }
            for tensor, memory in placement.constants
        ],
    }


@click.command()
@click.argument("model", type=click.Path())
@chip_option
@reserve_option
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@click.option(
    "--runtime",
    type=click.Choice(["any", "tflm", "c"]),
    default="any",
    show_default=True,
    help="Who runs the plan: whoever keeps tensors whole and apart, TensorFlow Lite Micro by offsets inside "
    "the .tflite, or our own C, which overlaps and streams.",
)
@for_c_options
@overlap_options
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False),
    help="Write the JSON to this file, or under a name in .tflite the model with its plan (--runtime tflm).",
)
@click.pass_context
def plan(
    ctx: click.Context,
    model: str,
    chip_name: str,
    reservations: tuple[str, ...],
    as_json: bool,
    runtime: str,
    input_kind: str,
    minimize: str,
    arena: str | None,
    output: str | None,
    **wished: Any,
) -> None:
    """Place every activation of MODEL (.tflite) in the chip's memory.

    Exits with 3 where weights and arena do not fit.
    """
    for_c = ForC.of(runtime, input_kind, minimize, arena)
    chip = reserving(chips.load(chip_name), reservations)
    wishes = wishes_of(runtime, **wished)
    if runtime == "tflm":
        from memory_planner import cli_tflm

        ctx.exit(0 if cli_tflm.run(model, chip, output, wishes, as_json=as_json) else OVER_BUDGET)
    if output and output.endswith(".tflite"):
        raise click.UsageError(f"{output}: a .tflite carries plans for --runtime tflm alone; name a .json")
    begin = time.perf_counter()
    graph, made, answer = _planned(model, chip, for_c)
    seconds = time.perf_counter() - begin
    content = {"runtime": runtime, **plan_json(graph, made, answer, model, chip)}
    if output:
        write_json(output, content)
    if as_json:
        click.echo(json_text({**content, "seconds": round(seconds, 3)}), nl=False)
    elif output:
        click.echo(headline(answer))
    else:
        click.echo("\n".join([headline(answer), *_details(answer, made, for_c)]))
        _print_buffers(content)
    ctx.exit(0 if answer.fits else OVER_BUDGET)


def _print_buffers(content: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("tensor", "name", "shape", "offset", "bytes", "steps", title="arena")
    for b in content["buffers"]:
        shape, steps = "x".join(map(str, b["shape"])), f"[{b['start']}, {b['end']})"
        sizes = f"{b['offset']:,}", f"{b['size_bytes']:,}"
        table.add_row(str(b["tensor"]), escape(short(b["name"])), shape, *sizes, steps)
    Console().print(table)
