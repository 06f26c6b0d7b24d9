"""What the command line may ask of a plan for TensorFlow Lite Micro beyond order and offsets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from memory_planner.tflm.overlap import Kernels

REPLAY_SAMPLES = 32


@dataclass(frozen=True, slots=True)
class Wishes:
    """By whose kernels outputs may lie over inputs (None: they may not), and on how many samples to try it.

    Without samples it is written untried.
    """

    kernels: Kernels | None = None
    replay_samples: int = 0


def overlap_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that `wishes_of` takes."""
    for option in (
        click.option("--no-replay", is_flag=True, help="Write an overlapped model untried."),
        click.option(
            "--replay", "samples", type=click.IntRange(min=1), default=REPLAY_SAMPLES, show_default=True,
            help="Inputs on which tflite-micro must find an overlapped model's outputs unchanged.",
        ),
        click.option(
            "--kernels", type=click.Choice([k.value for k in Kernels]),
            help="Whose order of access --overlap goes by: the kernels that the firmware links.",
        ),
        click.option("--overlap", is_flag=True, help="Let outputs lie over inputs (--runtime tflm)."),
    ):  # fmt: skip
        command = option(command)
    return command


def wishes_of(runtime: str, overlap: bool, kernels: str | None, samples: int, no_replay: bool) -> Wishes:
    """The wishes; click.UsageError where they do not go together."""
    if not overlap and (kernels or no_replay):
        raise click.UsageError("--kernels and --no-replay say how to --overlap; give that too")
    if overlap and runtime != "tflm":
        raise click.UsageError("--overlap is for --runtime tflm; our own C overlaps by itself")
    if overlap and kernels is None:
        names = " or ".join(f"--kernels {k.value}" for k in Kernels)
        raise click.UsageError(f"--overlap needs to know whose kernels the firmware links: {names}")
    return Wishes(Kernels(kernels) if kernels else None, 0 if no_replay else samples)
