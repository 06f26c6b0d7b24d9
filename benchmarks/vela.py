"""What Arm's Vela says that a model takes of an Ethos-U's SRAM; it lives in an environment of its own."""

from __future__ import annotations

import csv
import functools
import re
import subprocess
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path

from pictures.cache import cache_dir, made_once

VERSION = "5.2.0"
OPTIONS = ("--optimise", "Size")
KIB = 1024
TIMEOUT_S = 900


class VelaError(Exception):
    """Why there is no figure, in one line; `lasting` where another run would say the same."""

    def __init__(self, why: str, *, lasting: bool) -> None:
        super().__init__(why)
        self.lasting = lasting


@dataclass(frozen=True, slots=True)
class Compiled:
    """`cpu_operators` stay with the processor, whose memory is not counted."""

    sram_bytes: int
    npu_operators: int
    cpu_operators: int


@functools.cache
def python() -> Path:
    """The interpreter of Vela's environment, which is made, once, from PyPI.

    Raises: VelaError where it cannot be.
    """
    try:
        folder = made_once(cache_dir() / f"vela-{VERSION}", _install)
    except (OSError, subprocess.SubprocessError) as error:
        raise VelaError(f"Vela {VERSION} cannot be installed: {_last_line(error)}", lasting=False) from error
    return folder / "bin" / "python"


def _install(folder: Path) -> None:
    venv.create(folder, with_pip=True, symlinks=True)
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", f"ethos-u-vela=={VERSION}"]
    subprocess.run(command, check=True, capture_output=True, text=True)


def _last_line(error: Exception) -> str:
    said = str(getattr(error, "stderr", None) or error).strip().splitlines()
    return said[-1] if said else type(error).__name__


def compiled(model: Path) -> Compiled:
    """Vela's own summary of a model, for the Ethos-U that it takes by default.

    Raises: VelaError where it is not there, or gives none.
    """
    with tempfile.TemporaryDirectory(prefix="sixmeg-vela-") as folder:
        command = [str(python()), "-m", "ethosu.vela", *OPTIONS, "--output-dir", folder, str(model)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired as late:
            raise VelaError(f"no answer in {TIMEOUT_S} s", lasting=False) from late
        summaries = list(Path(folder).glob("*_summary_*.csv"))
        operators = {name: int(count) for name, count in re.findall(r"(\wPU) operators = (\d+)", done.stdout)}
        if done.returncode or len(summaries) != 1:
            said = [line for line in (done.stdout + done.stderr).splitlines() if "rror" in line]
            raise VelaError(said[-1].strip() if said else f"exit code {done.returncode}", lasting=True)
        with summaries[0].open(newline="") as file:
            (summary,) = csv.DictReader(file)
    if not operators.get("NPU"):
        raise VelaError("no operator that the NPU runs", lasting=True)
    sram = round(float(summary["sram_memory_used"]) * KIB)
    return Compiled(sram, operators["NPU"], operators.get("CPU", 0))
