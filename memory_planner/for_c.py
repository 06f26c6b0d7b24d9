"""The options of a plan for our own C, the same on every command that takes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from graph.types import Graph
from memory_planner.chip import Chip
from memory_planner.streamed import Minimize, c_plan
from memory_planner.types import Plan


@dataclass(frozen=True, slots=True)
class ForC:
    """How a plan for C is to be made."""

    streamed_input: bool
    minimize: Minimize

    @classmethod
    def of(cls, runtime: str, input_kind: str, minimize: str) -> ForC | None:
        """None for another runtime, which can do neither.

        Raises: click.UsageError where it is asked to.
        """
        if runtime == "c":
            return cls(input_kind == "streamed", Minimize(minimize))
        if (input_kind, minimize) != ("whole", Minimize.PEAK.value):
            raise click.UsageError("--input streamed and --minimize latency are for --runtime c alone")
        return None

    def plan(self, graph: Graph, chip: Chip) -> Plan:
        return c_plan(graph, chip, streamed_input=self.streamed_input, minimize=self.minimize)


def for_c_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--input` and `--minimize`."""
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
