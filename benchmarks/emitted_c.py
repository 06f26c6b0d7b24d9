"""Folders of emitted C for the benchmarks: exported, built by their own Makefile, loaded."""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.runtimes import Load
from firmware_sim.emitted import FAST
from graph import tflite
from graph.errors import SixmegError

NAME = "net"
PLAIN = f"{FAST} -D{NAME.upper()}_PLAIN"
"""The same without them."""


class BuildError(SixmegError):
    """A model without emitted C, or C that does not build here; the message is one line."""


def exported(model: Path, folder: Path, options: Sequence[str] = ()) -> Path:
    """`sixmeg export --target c` with further options, into `folder`.

    Raises: BuildError with the command's own line.
    """
    fixed = ["--target", "c", "--name", NAME, "--samples", "1", "-o", str(folder)]
    command = [sys.executable, "-m", "sixmeg", "export", str(model), *fixed, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise BuildError(said.removeprefix("sixmeg: error: "))
    return folder


def library(folder: Path, flags: str, into: Path) -> Path:
    """A shared library of the folder, compiled by its Makefile with `flags`.

    Raises: BuildError.
    """
    for needed in ("make", "cc"):
        if shutil.which(needed) is None:
            raise BuildError(f"{needed} is not found; install it (apt install build-essential)")
    shutil.copytree(folder, into)
    compiler = shlex.split(os.environ.get("CC", "cc"))
    environment = {**os.environ, "CC": shlex.join(compiler), "CFLAGS": f"{flags} -fPIC"}
    made = into / f"lib{NAME}.so"
    link = ["-shared", "-o", made.name, "-Wl,--whole-archive", f"lib{NAME}.a", "-Wl,--no-whole-archive"]
    for command in (["make", "-s"], [*compiler, *link]):
        done = subprocess.run(command, cwd=into, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if "error" in line]
            raise BuildError(f"{folder}: {said[0] if said else 'does not build'}")
    return made


def loaded(made: Path) -> Load:
    """The library's inference, on the first input."""

    def load(model: Path, inputs: list[np.ndarray]) -> Callable[[], object]:
        graph, invoke = tflite.read_file(model), getattr(ctypes.CDLL(str(made)), f"{NAME}_invoke")
        tensors = [graph.tensors[i] for i in graph.outputs]
        outputs = [np.zeros(t.shape, t.dtype.numpy) for t in tensors]
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in (inputs[0], *outputs)]
        return lambda: (invoke(*pointers), outputs, inputs)

    return load
