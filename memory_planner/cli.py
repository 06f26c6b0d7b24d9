"""`sixmeg plan` and `sixmeg gate`."""

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
from memory_planner.plan import plan as make_plan
from memory_planner.reservations import reserving, with_budget
from memory_planner.streamed import weight_bytes_read
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


def verdict(answer: Fit) -> str:
    """One line with the limit and the actual, of each memory where there are several."""
    if len(answer.memories) > 1:
        return _verdict_by_memory(answer)
    share = 100 * answer.required_bytes / answer.budget_bytes if answer.budget_bytes else float("inf")
    used = f"{answer.required_bytes:,} of {answer.budget_bytes:,} bytes ({share:.1f} %)"
    if answer.fits:
        return f"fits: {used}, {answer.margin_bytes:,} to spare"
    return f"over budget: {used}, {-answer.margin_bytes:,} too many"


def _verdict_by_memory(answer: Fit) -> str:
    over = [m for m in answer.memories if m.margin_bytes < 0]
    used = (f"{m.name} {m.used_bytes:,} of {m.capacity_bytes - m.reserved_bytes:,}" for m in answer.memories)
    if not over:
        return f"fits: {', '.join(used)} bytes"
    lack = (f"{m.name} {-m.margin_bytes:,} bytes too many" for m in over)
    return f"over budget: {', '.join(lack)} ({', '.join(used)})"


def _short(name: str) -> str:
    """The converter joins the names of what it fused; the first says enough."""
    return name.split(";")[0][-48:]


def _details(answer: Fit) -> list[str]:
    worst = answer.worst_step
    who = ", ".join(map(_short, worst.tensors))
    proof = "the lower bound: no smaller arena in this order"
    if answer.arena_bytes > answer.lower_bound_bytes:
        proof = f"{answer.arena_bytes - answer.lower_bound_bytes:,} above the lower bound"
    return [
        f"weights {answer.weights_bytes:,}  arena {answer.arena_bytes:,} ({answer.algorithm}, {proof})",
        f"worst step {worst.step}: {worst.kind}, {worst.live_bytes:,} bytes alive: {who}",
        f"counted: {answer.required_basis} (the .tflite, which TFLM keeps whole: {answer.file_bytes:,})",
        f"margin to 6,000,000 bytes: {answer.margin_to_6000000_bytes:,}",
    ]


def _memory_details(answer: Fit, made: Plan) -> list[str]:
    """What each memory holds and how much moves, where there are several."""
    placement = made.placement
    if placement is None or len(answer.memories) == 1:
        return []
    lines = [
        f"{m.name}: weights {m.weights_bytes:,}  activations {m.activations_bytes:,}"
        f"  reserved {m.reserved_bytes:,} of {m.capacity_bytes:,}; {m.traffic_bytes:,} bytes moved"
        for m in answer.memories
    ]
    if not answer.fits:
        sure = (
            "no placement fits" if placement.proof is not Proof.NONE else "no placement that fits was found"
        )
        return [*lines, sure]
    proof = "no placement moves them in fewer"
    if placement.proof is Proof.NONE:
        proof = f"at most {placement.gap_cycles:,} more than need be"
    return [*lines, f"moving bytes takes {placement.traffic_cycles:,} cycles ({proof})"]


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
    output: str | None,
    **wished: Any,
) -> None:
    """Place every activation of MODEL (.tflite) in the chip's memory.

    Exits with 3 where weights and arena do not fit.
    """
    for_c = ForC.of(runtime, input_kind, minimize)
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
        click.echo(verdict(answer))
    else:
        click.echo("\n".join([verdict(answer), *_details(answer), *_memory_details(answer, made)]))
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
        table.add_row(str(b["tensor"]), escape(_short(b["name"])), shape, *sizes, steps)
    Console().print(table)


@click.command()
@click.argument("model", type=click.Path())
@chip_option
@reserve_option
@click.option("--budget", help="Bytes to hold MODEL to instead of the chip's memory: 6MiB, 100KB, 6000000.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.pass_context
def gate(
    ctx: click.Context,
    model: str,
    chip_name: str,
    reservations: tuple[str, ...],
    budget: str | None,
    as_json: bool,
) -> None:
    """Say in one line whether MODEL (.tflite) fits the chip; exit with 0 if it does, 3 if not."""
    chip = chips.load(chip_name)
    if budget:
        chip = with_budget(chip, chips.parse_bytes(budget))
    chip = reserving(chip, reservations)
    _, made, answer = _planned(model, chip)
    if as_json:
        content = {"model": Path(model).name, "chip": chip.name, **asdict(answer)}
        click.echo(json_text(content), nl=False)
    else:
        click.echo("\n".join([verdict(answer), *_details(answer), *_memory_details(answer, made)]))
    ctx.exit(0 if answer.fits else OVER_BUDGET)
