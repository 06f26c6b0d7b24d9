"""Exported C on emulated chips: built, linked into the chip's memory, booted, its golden vectors run.

    make firmware-test MODELS='net.tflite' SIZES='1.0/224 1.0/640:streamed' OVER='1.0/800'

Of each model: what `sixmeg gate --runtime c` says, `sixmeg export --target c`, `sixmeg firmware-test`. Sizes
are MobileNetV1's ALPHA/RES: the trained one of the build folder where there is one, else one with weights at
random. `:streamed` takes the input row by row. Those of OVER must be refused by gate and linker alike.
Exits with 3 where another model does not fit, with 4 where a board fails or gate and linker disagree.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import mobilenets
from export import golden
from export.c.boards import BOARDS
from export.emulation import SPEED, MissingToolsError, require_tools
from files import json_text, write_bytes
from graph import tflite
from graph.errors import SixmegError
from graph.mobilenet import model_name
from graph.types import Graph
from memory_planner import chip as chips
from memory_planner.cost.work import macs
from memory_planner.gate.answer import C, Terms, answer

OVER_BUDGET = 3
DIFFERS = 4
WIDTH = 240
STREAMED = ":streamed"
MOST_VECTORS = 8
MOST_MACS = 2 * 10**9
"""Of all vectors of a model together, for models that take long; each has one at least."""
ANSWER = "firmware_test.json"


@dataclass(frozen=True, slots=True)
class Asked:
    """A model, how its input comes, and whether it must be refused."""

    path: Path
    streamed: bool
    over: bool = False

    @property
    def name(self) -> str:
        return self.path.stem if self.path.stem != "model" else self.path.parent.parent.name

    @property
    def folder(self) -> str:
        return f"{self.name}_streamed" if self.streamed else self.name


@dataclass(frozen=True, slots=True)
class Booted:
    """What the gate said of a model before, and what the boards said."""

    asked: Asked
    macs: int
    gate_fits: bool
    required_bytes: int
    told: dict[str, Any]

    @property
    def links(self) -> list[bool]:
        return [one["links"] for one in self.told["machines"]]

    @property
    def agrees(self) -> bool:
        """Whether it links where, and only where, it was said to fit."""
        return set(self.links) == {self.told["fits"]} and (
            self.asked.streamed or self.told["fits"] == self.gate_fits
        )

    @property
    def code(self) -> int:
        failed = any(one["links"] and not one["pass"] for one in self.told["machines"])
        if failed or not self.agrees or (self.asked.over and self.told["fits"]):
            return DIFFERS
        return 0 if self.told["fits"] or self.asked.over else OVER_BUDGET


def asked_for(words: Sequence[str], build: Path, *, sizes: bool, over: bool = False) -> list[Asked]:
    """Models of words that may end in `:streamed`: files, or sizes.

    Raises: click.UsageError for a file that is not there, and what is no size.
    """
    found = []
    for word in words:
        name, streamed = word.removesuffix(STREAMED), word.endswith(STREAMED)
        path = _of_size(name, build) if sizes else Path(name)
        if not path.is_file():
            raise click.UsageError(f"{path}: no such file; give the paths of .tflite files")
        found.append(Asked(path, streamed, over))
    return found


def _of_size(word: str, build: Path) -> Path:
    try:
        alpha, res = word.split("/")
        size = (float(alpha), int(res))
    except ValueError:
        raise click.UsageError(f"{word!r}: give sizes as ALPHA/RES, such as 1.0/640{STREAMED}") from None
    trained = sorted(build.glob(f"{model_name(*size)}/*/model.tflite"))
    return trained[0] if trained else mobilenets.files([size])[0]


def booted(asked: Asked, machines: Sequence[str], chip: str, cflags: str, out: Path) -> Booted:
    """The model gated, exported and booted; the folder and the answer are kept under `out`."""
    try:
        graph = tflite.read_file(str(asked.path))
        gate = answer(str(asked.path), Terms(chips.load(chip), C)).fit
    except SixmegError as error:
        raise click.UsageError(str(error)) from error
    work = sum(macs(graph, op) for op in graph.ops)
    home = out / asked.folder
    home.mkdir(parents=True, exist_ok=True)
    export = ["export", asked.path, "--target", "c", "--chip", chip, "--name", asked.name, "-o", home / "c"]
    export += ["--input", "streamed"] if asked.streamed else []
    with tempfile.TemporaryDirectory() as scratch:
        _sixmeg(*export, *_vectors(graph, work, Path(scratch, "inputs.npy")))
    boards = [word for machine in machines for word in ("--machine", machine)]
    test = ["firmware-test", home / "c", *boards, f"--cflags={cflags}", "-o", home / ANSWER]
    _sixmeg(*test, allowed=(0, OVER_BUDGET, DIFFERS))
    content = (home / ANSWER).read_bytes()
    if (asked.path.parent / chip / "plan.json").is_file():  # of the main road: its report looks for it there
        write_bytes(asked.path.parent / chip / ANSWER, content)
    return Booted(asked, work, gate.fits, gate.required_bytes, json.loads(content))


def _vectors(graph: Graph, work_macs: int, file: Path) -> list[object]:
    """How many golden vectors; where there is no room for the edges, pictures of random bytes."""
    count = max(1, min(MOST_VECTORS, MOST_MACS // max(work_macs, 1)))
    if count == MOST_VECTORS:
        return ["--samples", count]
    tensor = golden.input_tensor(graph)
    info, rng = np.iinfo(tensor.dtype.numpy), np.random.default_rng(0)
    shape = (count, *tensor.shape[1:])
    np.save(file, rng.integers(info.min, info.max, shape, tensor.dtype.numpy, endpoint=True))
    return ["--samples", count, "--input", file]


def _sixmeg(*words: object, allowed: Sequence[int] = (0,)) -> None:
    done = subprocess.run([sys.executable, "-m", "sixmeg", *map(str, words)], check=False)
    if done.returncode not in allowed:
        sys.exit(done.returncode)


def table(answers: Sequence[Booted]) -> Table:
    """A row for each model and board."""
    made = Table(box=box.MARKDOWN)
    heads = ("model", "input", "gate --runtime c", "machine", "golden vectors", "CHIP", "constants", "arena")
    for n, head in enumerate((*heads, ".text", "instructions", "a MAC")):
        made.add_column(head, justify="left" if n < 5 else "right", no_wrap=n < 4)
    for one in answers:
        for on in one.told["machines"]:
            made.add_row(*_row(one, on), style=None if one.code == 0 else "red")
    return made


def _row(one: Booted, on: dict[str, Any]) -> list[str]:
    gate = f"{one.required_bytes:,} {'fits' if one.gate_fits else 'over'}"
    begin = [one.asked.name, one.told["input"], gate, on["machine"]]
    chip = next((f"{used['used_bytes']:,}" for used in on["memory"] if used["region"] == "CHIP"), "-")
    if not on["pass"]:
        return [*begin, on["why"], chip, "-", "-", "-", "-", "-"]
    sizes = [f"{on[key]:,}" for key in ("constant_bytes", "arena_bytes", "text_bytes", "instructions")]
    per_mac = f"{on['instructions'] / one.macs:.2f}" if one.macs else "-"
    return [*begin, f"PASS, {len(on['digests'])}", chip, *sizes, per_mac]


def _summary(answers: Sequence[Booted]) -> str:
    rows = [on for one in answers for on in one.told["machines"]]
    passed, refused = sum(on["pass"] for on in rows), sum(not on["links"] for on in rows)
    disagree = sum(not one.agrees for one in answers)
    return (
        f"{passed} of {len(rows)} boots PASS; {refused} did not link into the chip's memory;"
        f" gate and linker disagree on {disagree} of {len(answers)} models"
    )


@click.command()
@click.argument("models", nargs=-1)
@click.option("--sizes", default="", help="MobileNetV1 in these sizes too: '1.0/224 1.0/640:streamed'.")
@click.option("--over", default="", help="Sizes that gate and linker have to refuse.")
@click.option("--machines", default=" ".join(BOARDS), show_default=True, help="Boards.")
@click.option("--chip", default="npu6m", show_default=True, help="A chip's name, or its TOML.")
@click.option("--cflags", default=SPEED, show_default=True, help="The compilers' flags.")
@click.option("--build", type=click.Path(path_type=Path), default="build", help="Where trained models lie.")
def main(models: tuple[str, ...], sizes: str, over: str, build: Path, **how: str) -> None:
    """Boot the C of MODELS (.tflite) on every board; exit with 4 where a bit or a verdict is wrong."""
    machines = how["machines"].split()
    unknown = [name for name in machines if name not in BOARDS]
    if unknown:
        raise click.UsageError(f"{unknown[0]}: no such machine; there are {', '.join(BOARDS)}")
    try:
        require_tools(machines)
    except MissingToolsError as error:
        raise click.UsageError(f"{error}; or: make firmware-tools") from None
    asked = asked_for(models, build, sizes=False)
    asked += asked_for(sizes.split(), build, sizes=True)
    asked += asked_for(over.split(), build, sizes=True, over=True)
    out = build / "firmware-test"
    answers = [booted(one, machines, how["chip"], how["cflags"], out) for one in asked]
    results = [
        {**a.told, "macs": a.macs, "gate_fits": a.gate_fits, "gate_required_bytes": a.required_bytes}
        for a in answers
    ]
    write_bytes(out / "results.json", json_text(results).encode())
    Console(width=None if sys.stdout.isatty() else WIDTH).print(table(answers))
    click.echo(f"{_summary(answers)}; {out / 'results.json'}")
    sys.exit(max((one.code for one in answers), default=0))


if __name__ == "__main__":
    main()
