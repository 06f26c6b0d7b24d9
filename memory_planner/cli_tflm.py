"""`sixmeg plan --runtime tflm`: what TensorFlow Lite Micro honours, carried inside the .tflite."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from files import json_text, write_bytes, write_json
from graph import file_facts, tflite
from graph.errors import ModelError, PlanError
from graph.offline_plan import with_offline_plan
from graph.types import Graph
from memory_planner import cli
from memory_planner.chip import Chip
from memory_planner.fit import Fit, fit
from memory_planner.gate.answer import tflm_fit
from memory_planner.gate.verdict import headline
from memory_planner.tflm.arena import Arena, arena_of
from memory_planner.tflm.layout import ABIS
from memory_planner.tflm.overlap import Kernels
from memory_planner.tflm.planning import TflmPlan, overlaps, tflm_plan
from memory_planner.tflm.replay import Replay, replay
from memory_planner.wishes import Wishes

PLANNED = ".tflite"
FIRMWARE = "cortex-m"


def run(model: str, chip: Chip, output: str | None, wishes: Wishes, *, as_json: bool) -> bool:
    """Plan, try, write and print; whether the model, its head and its tail fit the chip's memory.

    Raises: ModelError, beginning with the path, where TensorFlow Lite Micro does not run the model;
    PlanError where the planned model gives other outputs than the model.
    """
    graph, blob, begin = tflite.read_file(model), Path(model).read_bytes(), time.perf_counter()
    try:
        made = tflm_plan(graph, file_facts.read(blob), wishes.kernels)
        planned = with_offline_plan(blob, made.plan.schedule.op_order, made.offline_offsets)
        needed = {name: arena_of(planned, abi) for name, abi in ABIS.items()}
        today = arena_of(blob, ABIS[FIRMWARE])
    except ModelError as error:
        raise type(error)(f"{model}: {error}") from error
    seconds = time.perf_counter() - begin
    counted = tflm_fit(graph, made.plan, needed[FIRMWARE], len(planned), chip)
    content = plan_json(graph, made, model, chip, counted, needed)
    if wishes.kernels:
        content["kernels"] = wishes.kernels.value
        content["overlaps"] = [asdict(pair) for pair in overlaps(graph, made, wishes.kernels)]
    if wishes.kernels and wishes.replay_samples and output and output.endswith(PLANNED):
        content["replay"] = asdict(_tried(model, blob, planned, wishes.replay_samples))
    if output:
        if output.endswith(PLANNED):
            write_bytes(output, planned)
        else:
            write_json(output, content)
    if as_json:
        click.echo(json_text({**content, "seconds": round(seconds, 3)}), nl=False)
    else:
        click.echo("\n".join([headline(counted), *_lines(content, today.head_bytes)]))
    return counted.fits


@contextmanager
def progress(count: int, label: str) -> Iterator[Callable[[], None]]:
    """A bar that moves by one at each call; none off a terminal."""
    from tqdm import tqdm

    with tqdm(total=count, desc=label, unit="input", disable=None, leave=False) as bar:

        def advance() -> None:
            bar.update()

        yield advance


def _tried(model: str, blob: bytes, planned: bytes, samples: int) -> Replay:
    with progress(samples, "replay") as advance:
        done = replay(blob, planned, samples, advance=advance)
    if done.different:
        raise PlanError(
            f"{model}: {done.different} of {samples} inputs give other outputs under the plan, the first is"
            f" input {done.first}; nothing is written, plan without --overlap"
        )
    return done


def plan_json(
    graph: Graph, made: TflmPlan, model: str, chip: Chip, counted: Fit, needed: dict[str, Arena]
) -> dict[str, Any]:
    """The plan as JSON: that of `sixmeg plan`, with what TensorFlow Lite Micro adds to it."""
    content = cli.plan_json(graph, made.plan, fit(graph, made.plan, chip, counted.file_bytes), model, chip)
    arenas = {
        name: {"arena_bytes": a.arena_bytes, "head_bytes": a.head_bytes, "tail_bytes": a.tail_bytes}
        for name, a in needed.items()
    }
    numbers = asdict(counted)
    return (
        {"runtime": "tflm"}
        | content
        | {
            "memories": numbers.pop("memories"),
            "scratch": [asdict(scratch) for scratch in made.scratch],
            "tensor_arena": arenas,
            "fit": numbers | {name: arenas[FIRMWARE][name] for name in ("head_bytes", "tail_bytes")},
        }
    )


def _lines(content: dict[str, Any], head_today_bytes: int) -> list[str]:
    head = content["arena_bytes"]
    gap = "no lower head in this order" if content["proof"] != "none" else "lower bound not met"
    lines = [
        f"head {head:,} ({content['algorithm']}; {gap}: {content['lower_bound_bytes']:,}),"
        f" without a plan {head_today_bytes:,}",
        f"tensor_arena: {content['tensor_arena'][FIRMWARE]['arena_bytes']:,} bytes ({FIRMWARE}),"
        f" {content['tensor_arena']['host']['arena_bytes']:,} (host)",
    ]
    if content.get("kernels") == Kernels.CMSIS_NN:
        lines.append("not counted: scratch that CMSIS-NN kernels ask for, which the runtime adds to the head")
    if "overlaps" in content:
        lines.append(
            f"outputs over their inputs: {len(content['overlaps'])}, by {content['kernels']} kernels"
        )
    if "replay" in content:
        lines.append(f"replayed on tflite-micro: {content['replay']['samples']} inputs, 0 outputs different")
    return lines
