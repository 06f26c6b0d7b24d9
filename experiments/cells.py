"""One cell of a grid: a walk of the main road by `make`, in the folders that `make model` uses."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.errors import ExperimentError
from train.variants import SEPARABLE

ROOT = Path(__file__).resolve().parents[1]
ERROR = "sixmeg: error: "


@dataclass(frozen=True, slots=True)
class Cell:
    """What differs from run to run; ALPHA as the user wrote it, for it stands in the path."""

    alpha: str
    res: int
    seed: int = 0
    variant: str = SEPARABLE


@dataclass(frozen=True, slots=True)
class Road:
    """What all runs share: Make's variables by name, the target, threads of each run.

    `build` is the folder of seed 0, the one that `make model` uses; other seeds have a folder in it.
    """

    variables: tuple[tuple[str, str], ...]
    target: str = "cell"
    build: str = "build"
    threads: int = 1

    def words(self, cell: Cell) -> list[str]:
        """`NAME=value`, for Make."""
        named = {
            **dict(self.variables),
            "ALPHA": cell.alpha,
            "RES": cell.res,
            "SEED": cell.seed,
            "VARIANT": cell.variant,
            "BUILD": self.build_of(cell),
            "SIXMEG": f"{sys.executable} -m sixmeg",
        }
        return [f"{name}={value}" for name, value in named.items()]

    def build_of(self, cell: Cell) -> str:
        """Where the runs of its seed lie."""
        return self.build if cell.seed == 0 else f"{self.build}/seed_{cell.seed}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a cell: its files' content by name, or the line that says why there is none."""

    cell: Cell
    files: Mapping[str, Any]
    error: str | None
    folder: str


def run(cell: Cell, road: Road) -> Outcome:
    """Make what is out of date of `cell`, and read what it left.

    One process at a time works in a cell's folder. The lock is open in Make and its children too: where a
    worker was killed and they go on, who takes the cell up waits for them and finds their work done.
    """
    folders = dict(line.split("=", 1) for line in _make(cell, road, "folders").stdout.split())
    of_model, of_chip = ROOT / folders["B"], ROOT / folders["C"]
    with _locked(of_model / "cell.lock") as lock:
        made = _make(cell, road, road.target, lock)
    (of_model / "cell.log").write_text(made.stdout, encoding="utf-8")
    if made.returncode:
        return Outcome(cell, {}, _reason(made.stdout), folders["C"])
    names = {"train": of_model / "train.json"}
    if road.target == "cell":
        names |= {"report": of_chip / "report.json"}
    files = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in names.items()}
    return Outcome(cell, files, None, folders["C"])


def check_place() -> None:
    """Hold that runs can be started from here.

    Raises: ExperimentError where the Makefile is not beside the packages.
    """
    if not (ROOT / "Makefile").is_file():
        raise ExperimentError(f"{ROOT} has no Makefile; a sweep needs the source tree, cloned and set up")


def from_root(word: str) -> str:
    """A path of the user's as Make, in the source tree, must be told it; other words as they are."""
    if Path.cwd() == ROOT or not Path(word).exists():
        return word
    return os.path.relpath(word, ROOT)


def _make(cell: Cell, road: Road, target: str, lock: int | None = None) -> subprocess.CompletedProcess[str]:
    threads = str(road.threads)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"), threads)
    return subprocess.run(
        ["make", "--no-print-directory", target, *road.words(cell)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if lock is not None else None,
        text=True,
        check=False,
        pass_fds=() if lock is None else (lock,),
    )


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(1)
        yield file.fileno()


def _reason(printed: str) -> str:
    lines = printed.splitlines()
    ours = [line.removeprefix(ERROR) for line in lines if line.startswith(ERROR)]
    others = [line for line in lines if line.strip() and not line.startswith("make")]
    return (ours or others or ["make failed"])[-1]
