"""The emitted C, run on this machine: every tensor of every plan, on every path, against tflite-micro.

    make check-c MODELS='../shared/models/*.tflite'

Each model is planned op by op, for the smallest arena and for the fewest reads of weights, the latter two
from a whole and a streamed input; each plan's folder is written, compiled with the flags of each path, and
run in an arena of exactly the plan's bytes. Where tflite-micro refuses the model, the simulator stands in.
Exits with 4 where a byte differs.
"""

from __future__ import annotations

import platform
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from benchmarks.check_plans import DIFFERS, SEED, WIDTH, first_of, markdown_table, together
from benchmarks.emitted_c import FAST, NAME
from export import folder, golden
from export.c import folder as c_folder
from export.c.network import network
from export.firmware import Firmware
from export.tflm_arena import Unmeasured
from files import json_text
from firmware_sim.compare import between
from firmware_sim.emitted import Compiled, Folder
from firmware_sim.numerics import Numerics
from firmware_sim.oracles import Oracle, Recording
from firmware_sim.samples import generated
from firmware_sim.sides import Runtime, Side, Simulated
from graph import tflite
from graph.errors import OracleError, SixmegError
from graph.types import Graph
from memory_planner.chip import Chip, load
from memory_planner.plan import plan
from memory_planner.streamed import Minimize, c_plan
from memory_planner.types import Plan

PATHS: Mapping[str, str] = {
    "plain": f"-O2 -D{NAME.upper()}_PLAIN",
    "this machine's": FAST,
    **({"without AVX-512": f"{FAST} -mno-avx512f"} if platform.machine() == "x86_64" else {}),
}
"""Flags of the compiler, by the path that they choose."""
PLANS: Mapping[str, Callable[[Graph, Chip], Plan]] = {
    "op by op": plan,
    **{
        f"{minimize.value}, input {'streamed' if streamed else 'whole'}": partial(
            c_plan, streamed_input=streamed, minimize=minimize
        )
        for streamed in (False, True)
        for minimize in Minimize
    },
}


@dataclass(frozen=True, slots=True)
class Checked:
    """One plan of one model on one path; `why` there is nothing to count, where there is nothing."""

    model: str
    plan: str = ""
    path: str = ""
    against: str = ""
    arena_bytes: int = 0
    operators_whole: int = 0
    operators_overlapped: int = 0
    operators_streamed: int = 0
    inputs: int = 0
    bytes_compared: int = 0
    bytes_different: int = 0
    first_difference: str = ""
    why: str = ""

    @property
    def is_right(self) -> bool:
        return not self.bytes_different


@dataclass(slots=True, eq=False)
class Remembered:
    """A side that computes the same inputs once."""

    side: Side
    known: dict[bytes, Recording] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.side.name

    def record(self, inputs: tuple[np.ndarray, ...], tensors: tuple[int, ...]) -> Recording:
        """What the side records; `tensors` are always those of the model, in whatever order."""
        key = b"".join(array.tobytes() for array in inputs)
        if key not in self.known:
            self.known[key] = self.side.record(inputs, tensors)
        return self.known[key]


def checked(path: Path, samples: int) -> Iterator[Checked]:
    """Every plan on every path; one line that says why, where the model has no emitted C."""
    blob = path.read_bytes()
    try:
        graph, chip = tflite.read(blob), load("npu6m")
        network(graph, plan(graph, chip))
        golden.input_tensor(graph)
    except SixmegError as error:
        yield Checked(path.stem, why=str(error))
        return
    inputs = generated(graph, samples, SEED)
    against = reference(blob, graph, plan(graph, chip), inputs)
    for name, planned in PLANS.items():
        try:
            made = planned(graph, chip)
        except SixmegError as error:
            yield Checked(path.stem, name, why=str(error))
            continue
        with tempfile.TemporaryDirectory(prefix="check-c-") as work:
            read = Folder.read(written(blob, graph, made, chip, Path(work, NAME)), blob)
            for way, flags in PATHS.items():
                ours = Compiled(read, graph, flags)
                answer = between(graph, made, ours, against, inputs, progress=False)
                yield Checked(
                    path.stem,
                    name,
                    way,
                    against.name,
                    made.arena_bytes,
                    *kinds(made),
                    inputs=samples,
                    bytes_compared=answer.bytes_compared,
                    bytes_different=answer.bytes_different,
                    first_difference=first_of(answer),
                )


def reference(blob: bytes, graph: Graph, made: Plan, inputs: Sequence[np.ndarray]) -> Remembered:
    """tflite-micro, or the simulator where it refuses the model."""
    runtime = Runtime(Oracle.TFLM, blob)
    try:
        runtime.record(tuple(array[:1] for array in inputs), graph.outputs)
    except OracleError:
        return Remembered(Simulated(graph, made, Numerics.TFLM))
    return Remembered(runtime)


def written(blob: bytes, graph: Graph, made: Plan, chip: Chip, path: Path) -> Path:
    """The folder of a plan; its golden vectors are none, for nothing of them is compiled here."""
    tensors = [graph.tensors[i] for i in graph.outputs]

    def nothing(batch: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(np.zeros((len(batch), *t.shape), t.dtype.numpy) for t in tensors)

    none = golden.make(graph, nothing, count=1)
    firmware = Firmware(NAME, blob, graph, made, chip, none, Unmeasured("the folder's own C runs the model"))
    folder.write_folder(path, c_folder.files(firmware))
    return path


def kinds(made: Plan) -> tuple[int, int, int]:
    """Operators that run whole, alone over what they read, and in chains."""
    steps = made.schedule.steps
    return (
        sum(len(s.ops) for s in steps if not s.runs),
        sum(len(s.ops) for s in steps if s.runs and len(s.ops) == 1),
        sum(len(s.ops) for s in steps if s.runs and len(s.ops) > 1),
    )


def answers_table(answers: Sequence[Checked]) -> Table:
    """A line for each plan on each path."""
    heads = ("plan", "path", "arena", "whole", "overlapped", "streamed", "against", "inputs")
    made = markdown_table("model", *heads, "bytes compared", "different")
    for a in answers:
        figures = (a.arena_bytes, a.operators_whole, a.operators_overlapped, a.operators_streamed)
        cells = [f"{figure:,}" for figure in figures]
        cells += [a.against, f"{a.inputs:,}", f"{a.bytes_compared:,}", f"{a.bytes_different:,}"]
        style = None if a.is_right else "red"
        made.add_row(a.model, a.plan, a.path, *(["-"] * len(cells) if a.why else cells), style=style)
    return made


def remark(answer: Checked) -> str:
    wrong = f"WRONG on {answer.path}, {answer.plan}: first in {answer.first_difference}"
    return answer.why if answer.is_right else wrong


def summary(answers: Sequence[Checked]) -> str:
    run = [a for a in answers if not a.why]
    models, refused = {a.model for a in run}, {a.model for a in answers if a.why and not a.plan}
    compared, different = sum(a.bytes_compared for a in run), sum(a.bytes_different for a in run)
    return (
        f"{len(models)} models in C, {len(refused)} without; {len(run)} plans on paths:"
        f" {different:,} of {compared:,} bytes differ"
    )


@click.command()
@click.argument("models", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--samples", type=click.IntRange(min=1), default=10, show_default=True, help="Seeded inputs.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def main(models: tuple[Path, ...], samples: int, as_json: bool) -> None:
    """Run the emitted C of MODELS (.tflite) in every plan, on every path, and count what differs."""
    answers: list[Checked] = []
    for path in tqdm(sorted(models), desc="check-c", unit="model", disable=None):
        answers += checked(path, samples)
    if as_json:
        click.echo(json_text({"checked": [asdict(a) for a in answers]}), nl=False)
    else:
        Console(width=None if sys.stdout.isatty() else WIDTH).print(answers_table(answers))
        said = together((a.model, remark(a)) for a in answers)
        click.echo("\n".join([*said, summary(answers)]))
    sys.exit(0 if all(a.is_right for a in answers) else DIFFERS)


if __name__ == "__main__":
    main()
