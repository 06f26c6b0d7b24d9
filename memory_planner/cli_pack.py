"""`sixmeg pack`: the planner's packing for anyone's buffers."""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path
from typing import Any

import click

from files import json_text
from memory_planner import allocations
from memory_planner.chip import parse_bytes
from memory_planner.effort import Effort
from memory_planner.packing import Packing
from memory_planner.packing import pack as make_packing
from memory_planner.types import Buffer, Proof

OVER_CAPACITY = 3


def _seconds(ctx: click.Context, parameter: click.Parameter, value: float) -> float:
    if not 0 <= value < math.inf:
        raise click.BadParameter("give seconds, 0 or more", ctx, parameter)
    return value


@click.command()
@click.argument("file", type=click.Path())
@click.option("--capacity", help="Bytes to fit into: 1048576, 1MiB. Without it, the least height is sought.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option(
    "--time-limit",
    "limit_s",
    type=float,
    default=60.0,
    show_default=True,
    callback=_seconds,
    help="Seconds that the search may take.",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write FILE with a column offset.")
@click.pass_context
def pack(
    ctx: click.Context, file: str, capacity: str | None, as_json: bool, limit_s: float, output: str | None
) -> None:
    """Place the buffers of FILE (CSV: id,lower,upper,size) in one memory.

    Exits with 3 where no packing within the capacity is found; nothing is written then.
    """
    read = allocations.read(file)
    capacity_bytes = None if capacity is None else parse_bytes(capacity)
    began = time.monotonic()
    packing = _packed(read.buffers, capacity_bytes, limit_s)
    content = _content(file, read, packing, capacity_bytes, time.monotonic() - began)
    if output and content["fits"]:
        allocations.write(output, read, packing.offsets)
    click.echo(json_text(content) if as_json else _line(content) + "\n", nl=False)
    ctx.exit(0 if content["fits"] else OVER_CAPACITY)


def _packed(buffers: tuple[Buffer, ...], capacity: int | None, limit_s: float) -> Packing:
    if not sys.stderr.isatty():
        return make_packing(buffers, 1, capacity_bytes=capacity, effort=Effort(seconds=limit_s))
    from rich.console import Console

    with Console(stderr=True).status(f"packing {len(buffers):,} buffers, {limit_s:g} s at most"):
        return make_packing(buffers, 1, capacity_bytes=capacity, effort=Effort(seconds=limit_s))


def _content(
    file: str, read: allocations.Allocations, packing: Packing, capacity: int | None, seconds: float
) -> dict[str, Any]:
    fits = capacity is None or packing.height_bytes <= capacity
    proof = packing.proof
    if not fits and proof is Proof.NONE and capacity is not None and packing.proven_bytes > capacity:
        # Nothing is as low as the capacity, though something may be lower than what was found.
        proof = Proof.LOWER_BOUND if packing.lower_bound_bytes > capacity else Proof.SEARCH
    return {
        "file": Path(file).name,
        "buffers": len(read.buffers),
        "capacity": capacity,
        "fits": fits,
        "height": packing.height_bytes,
        "lower_bound": packing.lower_bound_bytes,
        "proof": proof.value,
        "gap": packing.gap_bytes,
        "algorithm": packing.algorithm,
        "seconds": round(seconds, 3),
    }


_LOWEST = {
    Proof.LOWER_BOUND: "the lower bound: there is no lower packing",
    Proof.SEARCH: "a search found that there is no lower packing",
}


def _line(content: dict[str, Any]) -> str:
    proof, height = Proof(content["proof"]), f"{content['height']:,}"
    how = f"({content['algorithm']}, {content['seconds']:.1f} s)"
    lowest = _LOWEST.get(proof, f"a lower one may be found, by {content['gap']:,} at most")
    if content["capacity"] is None:
        return f"height {height}: {lowest} {how}"
    if content["fits"]:
        return f"fits: {height} of {content['capacity']:,} bytes; {lowest} {how}"
    why = "not found" if proof is Proof.NONE else f"there is none, by {proof.value}"
    return f"over capacity: {height} bytes, within {content['capacity']:,}: {why} {how}"
