"""`sixmeg arena`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from files import json_text
from graph import tflite
from graph.errors import ModelError
from memory_planner.tflm.arena import Arena, arena_of
from memory_planner.tflm.layout import ABIS, Abi


def _lines(needed: Arena, abi: Abi) -> list[str]:
    found = [
        f"tensor_arena: {needed.arena_bytes:,} bytes ({abi.name})",
        f"head {needed.head_bytes:,}  tail {needed.tail_bytes:,}",
        "tail: " + ", ".join(f"{name} {size:,}" for name, size in needed.parts.items() if size),
    ]
    for kernel in needed.kernels:
        if kernel.scratch_bytes:
            sizes = " + ".join(f"{size:,}" for size in kernel.scratch_bytes)
            found.append(f"scratch of operator {kernel.op} ({kernel.kind}): {sizes}")
    return found


@click.command()
@click.argument("model", type=click.Path())
@click.option(
    "--abi", "abi_name", type=click.Choice(list(ABIS)), default="host", show_default=True,
    help="host: as the tflite-micro wheel reports; cortex-m: as firmware with 32-bit pointers allocates.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def arena(model: str, abi_name: str, as_json: bool) -> None:
    """Say how large TensorFlow Lite Micro's tensor_arena must be for MODEL (.tflite), to the byte."""
    abi = ABIS[abi_name]
    tflite.read_file(model)
    try:
        needed = arena_of(Path(model).read_bytes(), abi)
    except ModelError as error:
        raise type(error)(f"{model}: {error}") from error
    if as_json:
        built = {"abi": abi.name, "recording_allocator": abi.recording, "compression": abi.compression}
        built["sources"] = abi.sources
        click.echo(json_text({"model": Path(model).name, **built, **asdict(needed)}), nl=False)
    else:
        click.echo("\n".join(_lines(needed, abi)))
