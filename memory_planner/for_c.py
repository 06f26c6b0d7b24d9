"""The options of a plan for our own C, the same on every command that takes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from graph.types import Graph
from memory_planner.chip import Chip, parse_bytes
from memory_planner.streamed import Minimize, c_plan
from memory_planner.types import Plan


@dataclass(frozen=True, slots=True)
class ForC:
    """How a plan for C is to be made."""

    streamed_input: bool
    minimize: Minimize
    arena_bytes: int | None = None

    @classmethod
    def of(cls, runtime: str, input_kind: str, minimize: str, arena: str | None = None) -> ForC | None:
        """None for another runtime, which can do none of it.

        Raises: click.UsageError where it is asked to; ChipError where `arena` is no size.
        """
        if arena and minimize != Minimize.LATENCY.value:
            raise click.UsageError("--arena says how much --minimize latency may take; give both")
        if runtime == "c":
            return cls(input_kind == "streamed", Minimize(minimize), parse_bytes(arena) if arena else None)
        if (input_kind, minimize) != ("whole", Minimize.PEAK.value):
            raise click.UsageError("--input streamed and --minimize latency are for --runtime c alone")
        return None

    def plan(self, graph: Graph, chip: Chip) -> Plan:
        return c_plan(
            graph,
            chip,
            streamed_input=self.streamed_input,
            minimize=self.minimize,
            arena_bytes=self.arena_bytes,
        )


arena_option = click.option(
    "--arena",
    metavar="BYTES",
    help="What --minimize latency may take, such as 220KiB; as much as the chip has room for if left out.",
)


def for_c_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--input`, `--minimize` and `--arena`."""
    command = arena_option(command)
    command = click.option(
        "--minimize",
        type=click.Choice([m.value for m in Minimize]),
        default=Minimize.PEAK.value,
        show_default=True,
        help="The arena, or how often weights are read while it fits the chip (--runtime c).",
    )(command)
    return click.option(
        "--input",
        "input_kind",
        type=click.Choice(["whole", "streamed"]),
        default="whole",
        show_default=True,
        help="Whether the first input is there whole, or comes row by row from a sensor (--runtime c).",
    )(command)
