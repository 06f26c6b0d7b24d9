"""Our plans, run: by TensorFlow Lite Micro from inside the .tflite, and by the simulator in their own arenas.

    make check-plans MODELS='../shared/models/*.tflite' SIZES='1.0/224 1.0/512 1.0/640'

For TensorFlow Lite Micro, planned with and without --overlap: the head that it records is the plan's, and its
outputs are those of the original file, byte for byte. For C, from a whole and from a streamed input: every
tensor that an operator writes is the oracle's, in an arena of exactly the plan's bytes with poison in every
byte that is free. Exits with 4 where a head or a byte differs, or the simulator refuses a plan.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from benchmarks import mobilenets
from export.tflm_arena import Unmeasured, measure
from files import json_text
from firmware_sim.compare import Comparison, compare
from firmware_sim.oracles import Oracle
from firmware_sim.samples import generated
from graph import file_facts, tflite
from graph.errors import OracleError, PlanError, SixmegError
from graph.offline_plan import with_offline_plan
from memory_planner.chip import load
from memory_planner.streamed import c_plan
from memory_planner.tflm.overlap import Kernels
from memory_planner.tflm.planning import tflm_plan
from memory_planner.tflm.replay import replay

DIFFERS = 4
WIDTH = 240
SEED = 1


@dataclass(frozen=True, slots=True)
class Replayed:
    """A planned file on TensorFlow Lite Micro; `why` there is nothing to count, where there is nothing."""

    model: str
    overlap: bool
    arena_bytes: int = 0
    head_bytes: int = 0
    inputs: int = 0
    different: int = 0
    why: str = ""

    @property
    def is_right(self) -> bool:
        return self.arena_bytes == self.head_bytes and not self.different


@dataclass(frozen=True, slots=True)
class Simulated:
    """A plan for C in the simulator, against the oracle."""

    model: str
    streamed_input: bool
    oracle: str = ""
    arena_bytes: int = 0
    steps: int = 0
    streamed_operators: int = 0
    inputs: int = 0
    bytes_compared: int = 0
    bytes_different: int = 0
    first_difference: str = ""
    refused: str = ""
    why: str = ""

    @property
    def is_right(self) -> bool:
        return not self.bytes_different and not self.refused


Checked = Replayed | Simulated


def replayed(path: Path, inputs: int, *, overlap: bool) -> Replayed:
    """The planned file of one model, allocated and run."""
    blob = path.read_bytes()
    kernels = Kernels.REFERENCE if overlap else None
    try:
        made = tflm_plan(tflite.read(blob), file_facts.read(blob), kernels)
        planned = with_offline_plan(blob, made.plan.schedule.op_order, made.offline_offsets)
    except SixmegError as error:
        return Replayed(path.stem, overlap, why=str(error))
    told = measure(planned)
    if isinstance(told, Unmeasured):
        return Replayed(path.stem, overlap, why=told.why)
    sizes = made.plan.arena_bytes, told.head_bytes
    try:
        done = replay(blob, planned, inputs, SEED)
    except OracleError as error:
        return Replayed(path.stem, overlap, *sizes, why=str(error))
    return Replayed(path.stem, overlap, *sizes, inputs, done.different)


def simulated(path: Path, inputs: int, *, streamed_input: bool) -> Simulated:
    """The plan for C of one model against tflite-micro, or LiteRT's reference kernels where that refuses."""
    blob = path.read_bytes()
    try:
        graph = tflite.read(blob)
        made = c_plan(graph, load("npu6m"), streamed_input=streamed_input)
    except SixmegError as error:
        return Simulated(path.stem, streamed_input, why=str(error))
    why = []
    for oracle in (Oracle.TFLM, Oracle.TFLITE_REF):
        try:
            answer = compare(blob, graph, made, oracle, generated(graph, inputs, SEED), progress=False)
        except PlanError as error:
            return Simulated(path.stem, streamed_input, refused=str(error), why="a plan that breaks a law")
        except SixmegError as error:
            why.append(str(error))
            continue
        return Simulated(
            model=path.stem,
            streamed_input=streamed_input,
            oracle=oracle.value,
            arena_bytes=made.arena_bytes,
            steps=len(made.schedule.steps),
            streamed_operators=sum(len(s.ops) for s in made.schedule.steps if s.kind == "stream"),
            inputs=inputs,
            bytes_compared=answer.bytes_compared,
            bytes_different=answer.bytes_different,
            first_difference=first_of(answer),
        )
    return Simulated(path.stem, streamed_input, why="; ".join(why))


def first_of(answer: Comparison) -> str:
    """Where the first difference is, empty where there is none."""
    first = answer.first_difference
    return "" if first is None else f"{first.kind} (operator {first.op}) at {list(first.index)}"


def checks(paths: Sequence[Path], replays: int, samples: int) -> list[Callable[[], Checked]]:
    """Four of each model."""
    found: list[Callable[[], Checked]] = []
    for path in paths:
        for yes in (False, True):
            found.append(partial(replayed, path, replays, overlap=yes))
            found.append(partial(simulated, path, samples, streamed_input=yes))
    return found


def replaymarkdown_table(answers: Sequence[Replayed]) -> Table:
    """Planned files on TensorFlow Lite Micro."""
    made = markdown_table("model", "overlap", "plan", "recorded head", "inputs", "outputs different")
    for a in answers:
        figures = (f"{a.arena_bytes:,}", f"{a.head_bytes:,}", f"{a.inputs:,}", f"{a.different:,}")
        cells = ("-",) * 4 if not a.head_bytes else (*figures[:2], "-", "-") if a.why else figures
        made.add_row(a.model, _yes(a.overlap), *cells, style=None if a.is_right else "red")
    return made


def simulationmarkdown_table(answers: Sequence[Simulated]) -> Table:
    """Plans for C against the oracle."""
    heads = ("arena", "steps", "operators streamed", "oracle", "inputs", "bytes compared", "different")
    made = markdown_table("model", "streamed input", *heads)
    for a in answers:
        cells = [f"{a.arena_bytes:,}", f"{a.steps:,}", f"{a.streamed_operators:,}", a.oracle, f"{a.inputs:,}"]
        cells += [f"{a.bytes_compared:,}", f"{a.bytes_different:,}"]
        style = None if a.is_right else "red"
        made.add_row(a.model, _yes(a.streamed_input), *(["-"] * len(heads) if a.why else cells), style=style)
    return made


def markdown_table(first: str, *heads: str) -> Table:
    """A table whose first column names a model."""
    made = Table(box=box.MARKDOWN)
    made.add_column(first, no_wrap=True)
    for head in heads:
        made.add_column(head, justify="right")
    return made


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def remarks(answers: Sequence[Checked]) -> list[str]:
    """Why there is nothing to count, and what differs; alike ones together."""
    said = []
    for a in answers:
        text = a.why
        if isinstance(a, Simulated) and (a.first_difference or a.refused):
            text = f"WRONG: {a.refused or f'first in {a.first_difference}'}"
        said.append((a.model, text))
    return together(said)


def together(said: Iterable[tuple[str, str]]) -> list[str]:
    """What is said of models, alike ones in one line.

    >>> together([("a", "too large"), ("b", ""), ("c", "too large"), ("a", "too large")])
    ['too large (a, c)']
    """
    models: dict[str, dict[str, None]] = {}
    for model, text in said:
        if text:
            models.setdefault(text, {})[model] = None
    return [f"{text} ({', '.join(names)})" for text, names in models.items()]


def _summary(on_tflm: Sequence[Replayed], for_c: Sequence[Simulated]) -> str:
    run, given = sum(a.inputs > 0 for a in on_tflm), sum(a.inputs for a in on_tflm)
    parted, held = sum(a.different for a in on_tflm), sum(not a.why for a in for_c)
    bytes_different, bytes_compared = (
        sum(a.bytes_different for a in for_c),
        sum(a.bytes_compared for a in for_c),
    )
    return (
        f"{run} planned files run by TFLM: {parted:,} of {given:,} inputs gave other outputs;"
        f" {held} plans for C simulated: {bytes_different:,} of {bytes_compared:,} bytes differ"
    )


def sizes_of(text: str) -> list[mobilenets.Size]:
    """ALPHA/RES, in a row.

    >>> sizes_of("0.25/96 1.0/224")
    [(0.25, 96), (1.0, 224)]
    """
    pairs = [one.split("/") for one in text.split()]
    try:
        return [(float(alpha), int(res)) for alpha, res in pairs]
    except ValueError:
        raise click.UsageError(f"{text!r}: give sizes as ALPHA/RES, such as '0.5/160 1.0/224'") from None


@click.command()
@click.argument("models", nargs=-1, type=click.Path(path_type=Path))
@click.option("--sizes", default="", help="MobileNetV1 in these sizes too: '1.0/224 1.0/512'.")
@click.option("--replays", type=click.IntRange(min=1), default=20, show_default=True, help="Inputs on TFLM.")
@click.option("--samples", type=click.IntRange(min=1), default=2, show_default=True, help="Inputs simulated.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def main(models: tuple[Path, ...], sizes: str, replays: int, samples: int, as_json: bool) -> None:
    """Run the plans of MODELS (.tflite) and count what differs."""
    missing = [path for path in models if not path.is_file()]
    if missing:
        raise click.UsageError(f"{missing[0]}: no such file; give the paths of .tflite files")
    paths = [*sorted(models), *mobilenets.files(sizes_of(sizes))]
    todo = checks(paths, replays, samples)
    answers = [check() for check in tqdm(todo, desc="check", unit="plan", disable=None)]
    on_tflm = [a for a in answers if isinstance(a, Replayed)]
    for_c = [a for a in answers if isinstance(a, Simulated)]
    wrong = [a for a in answers if not a.is_right]
    if as_json:
        content = {"replayed": [asdict(a) for a in on_tflm], "simulated": [asdict(a) for a in for_c]}
        click.echo(json_text(content), nl=False)
    else:
        console = Console(width=None if sys.stdout.isatty() else WIDTH)
        console.print(replaymarkdown_table(on_tflm), simulationmarkdown_table(for_c))
        click.echo("\n".join(remarks(answers)))
        click.echo(_summary(on_tflm, for_c))
    sys.exit(DIFFERS if wrong else 0)


if __name__ == "__main__":
    main()
