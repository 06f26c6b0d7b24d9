"""Arenas of our plans beside what others take for the same files.

    make bench-plan MODELS='../shared/models/*.tflite'

Activations only. TensorFlow Lite Micro's head is what its recording allocator tells of the original file,
and Vela's SRAM what its summary says; both are run. Exits with 3 where a law is broken: a plan above that
head, an arena that is not proven smallest, a MobileNet that takes longer than a second of processor time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from benchmarks import mobilenets, vela
from benchmarks.peers import Figure, Peers, peers
from files import json_text
from graph import file_facts, tflite
from graph.errors import SixmegError
from graph.types import Graph
from memory_planner import plan
from memory_planner.chip import Chip, load
from memory_planner.streamed import c_plan
from memory_planner.tflm.overlap import Kernels
from memory_planner.tflm.planning import tflm_plan
from memory_planner.types import Plan, Proof

LAW_BROKEN = 3
SECONDS = 1.0
WIDTH = 240

Way = Callable[[Graph, bytes, Chip], Plan]
WAYS: dict[str, Way] = {
    "any": lambda graph, _, chip: plan(graph, chip),
    "tflm": lambda graph, blob, _: tflm_plan(graph, file_facts.read(blob)).plan,
    "tflm overlap": lambda graph, blob, _: tflm_plan(graph, file_facts.read(blob), Kernels.REFERENCE).plan,
    "c": lambda graph, _, chip: c_plan(graph, chip),
    "c streamed": lambda graph, _, chip: c_plan(graph, chip, streamed_input=True),
}
"""How a plan is made; `tflm overlap` is for the reference kernels."""
BELOW = (("tflm overlap", "tflm"), ("c", "any"))
"""What may overlap takes no more than what may not."""
HEADS = ("any", "tflm", "tflm overlap", "c")


@dataclass(frozen=True, slots=True)
class Arena:
    """One plan: bytes, what it cannot go below, why, and the seconds of processor time that it took."""

    arena_bytes: int
    lower_bound_bytes: int
    proof: str
    gap_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Row:
    """One model: our plans by name, or why there is none; what others take; the laws that it breaks."""

    model: str
    arenas: dict[str, Arena]
    why: dict[str, str]
    tflm_head: Figure
    vela_sram: Figure
    broken: tuple[str, ...] = ()


def arenas(path: Path) -> tuple[dict[str, Arena], dict[str, str]]:
    """Our plans of one file by name, and why there is none."""
    found, why = {}, {}
    try:
        graph = tflite.read_file(path)
    except SixmegError as error:
        return {}, {"model": _without(path, error)}
    blob, chip = path.read_bytes(), load("npu6m")
    for name, make in WAYS.items():
        begin = time.thread_time()
        try:
            made = make(graph, blob, chip)
        except SixmegError as error:
            why[name] = _without(path, error)
            continue
        seconds = round(time.thread_time() - begin, 3)
        found[name] = Arena(
            made.arena_bytes, made.lower_bound_bytes, made.proof.value, made.gap_bytes, seconds
        )
    return found, why


def _without(path: Path, error: SixmegError) -> str:
    return str(error).removeprefix(f"{path}: ")


def row(path: Path, theirs: Peers, *, is_mobilenet: bool) -> Row:
    """One model, and the laws that its plans break."""
    found, why = arenas(path)
    broken = tuple(_broken(found, theirs.tflm_head.size_bytes, is_mobilenet=is_mobilenet))
    return Row(path.stem, found, why, theirs.tflm_head, theirs.vela_sram, broken)


def _broken(found: dict[str, Arena], head_bytes: int | None, *, is_mobilenet: bool) -> list[str]:
    said = []
    for name, made in found.items():
        if head_bytes is not None and name in HEADS and made.arena_bytes > head_bytes:
            said.append(f"{name}: {made.arena_bytes:,} bytes, above TFLM's head of {head_bytes:,}")
        if made.proof == Proof.NONE:
            said.append(f"{name}: {made.gap_bytes:,} bytes above the lower bound, and not proven")
        if is_mobilenet and made.seconds > SECONDS:
            said.append(f"{name}: {made.seconds:.2f} s, longer than {SECONDS:g} s")
    for less, more in BELOW:
        if less in found and more in found and found[less].arena_bytes > found[more].arena_bytes:
            said.append(f"{less}: larger than {more}")
    return said


def rows(paths: Sequence[Path], sizes: Sequence[mobilenets.Size]) -> list[Row]:
    """A row for each file and for each MobileNet; others are measured while ours are planned."""
    made = mobilenets.files(sizes)
    todo = [*paths, *made]
    answers = []
    with ThreadPoolExecutor(1) as pool:
        measured: list[Future[Peers]] = [pool.submit(peers, path) for path in todo]
        pairs = list(zip(todo, measured, strict=True))
        for path, theirs in tqdm(pairs, desc="plan", unit="model", disable=None):
            answers.append(row(path, theirs.result(), is_mobilenet=path in made))
    return answers


def table(answers: Sequence[Row]) -> Table:
    """Bytes; the seconds are those of `c`, the proofs those of our plans from left to right."""
    heads = ("whole tensors at least", *WAYS, "TFLM's head", "Vela's SRAM", "seconds", "proof")
    made = Table(box=box.MARKDOWN)
    made.add_column("model", no_wrap=True)
    for head in heads:
        made.add_column(head, justify="left" if head == "proof" else "right")
    for a in answers:
        bound = a.arenas.get("any")
        cells = [f"{bound.lower_bound_bytes:,}" if bound else "-"]
        cells += [f"{a.arenas[name].arena_bytes:,}" if name in a.arenas else "-" for name in WAYS]
        for figure in (a.tflm_head, a.vela_sram):
            size = "-" if figure.size_bytes is None else f"{figure.size_bytes:,}"
            cells.append(f"{size}{'*' if figure.note else ''}")
        cells.append(f"{a.arenas['c'].seconds:.2f}" if "c" in a.arenas else "-")
        proofs = dict.fromkeys(made.proof for made in a.arenas.values())
        made.add_row(a.model, *cells, ", ".join(proofs) or "-", style="red" if a.broken else None)
    return made


def remarks(answers: Sequence[Row]) -> list[str]:
    """Why a cell is empty, what a star means, which law is broken; alike ones together."""
    models: dict[str, list[str]] = {}
    for a in answers:
        said = [f"{name}: {why}" for name, why in a.why.items()]
        for name, figure in (("TFLM's head", a.tflm_head), ("Vela's SRAM", a.vela_sram)):
            said += [f"{name}: {figure.why}"] if figure.why else []
            said += [f"* {name}: {figure.note}"] if figure.note else []
        for text in (*said, *(f"BROKEN {law}" for law in a.broken)):
            models.setdefault(text, []).append(a.model)
    return [f"{text} ({', '.join(names)})" for text, names in models.items()]


@click.command()
@click.argument("models", nargs=-1, type=click.Path(path_type=Path))
@click.option("--mobilenets/--no-mobilenets", "with_sizes", default=True, help="MobileNetV1 in 16 sizes too.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def main(models: tuple[Path, ...], with_sizes: bool, as_json: bool) -> None:
    """Plan every one of MODELS (.tflite), and MobileNetV1 in the paper's sizes, and set others beside."""
    missing = [path for path in models if not path.is_file()]
    if missing:
        raise click.UsageError(f"{missing[0]}: no such file; give the paths of .tflite files")
    answers = rows(sorted(models), mobilenets.PAPERS if with_sizes else ())
    broken = [a for a in answers if a.broken]
    if as_json:
        content = {"vela_version": vela.VERSION, "rows": [asdict(a) for a in answers]}
        click.echo(json_text(content), nl=False)
    else:
        Console(width=None if sys.stdout.isatty() else WIDTH).print(table(answers))
        click.echo("\n".join(remarks(answers)))
        planned = sum(bool(a.arenas) for a in answers)
        click.echo(
            f"{planned} of {len(answers)} models planned, {len(broken)} break a law; Vela {vela.VERSION}"
        )
    sys.exit(LAW_BROKEN if broken else 0)


if __name__ == "__main__":
    main()
