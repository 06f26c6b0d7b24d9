"""A firmware folder's own C as a side of a comparison: compiled for this machine, watched pixel by pixel."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from firmware_sim.arena import POISON
from firmware_sim.oracles import Recording
from graph.errors import SixmegError
from graph.types import Graph, Tensor

PREFIX = "c:"
"""What the name of such a side begins with; the folder follows."""
NAME = "c"
FLAGS = ("-std=c11", "-shared", "-fPIC")
OPTIMIZED = "-O2"
"""Where CFLAGS names no flags."""
FAST = "-O3 -march=native"
"""Flags with which the kernels find this machine's vectors."""
UNSEEN = "the folder's C does not compute it: it follows from shapes alone"

_SEEN = Path(__file__).with_name("seen.c")
_DECLARED = (
    "#include <stdint.h>\nvoid sixmeg_seen(int32_t, const int8_t *, const int32_t *, int32_t, int32_t);\n"
)
_HOOK = (
    "sixmeg_seen(tensor, (view).at, (const int32_t[4])"
    "{(view).pixels, (view).slots, (view).bytes, (view).backwards}, begin, end)"
)


class FolderError(SixmegError):
    """A folder that is no firmware with C of its own, is of another model, or does not compile."""


class NoCompilerError(FolderError):
    """No C compiler on this machine."""


@dataclass(frozen=True, slots=True)
class Folder:
    """What a folder's manifest says of its C."""

    path: Path
    identifier: str
    arena_bytes: int

    @classmethod
    def read(cls, path: str | Path, blob: bytes) -> Folder:
        """The folder of a model.

        Raises: FolderError.
        """
        folder = Path(path)
        try:
            manifest: Any = json.loads((folder / "manifest.json").read_text())
            told, model = manifest["c"], manifest["model"]["sha256"]
            read = cls(folder, str(told["identifier"]), int(told["arena_bytes"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FolderError(f"{path}: no folder of sixmeg export --target c; write it first") from error
        if model != hashlib.sha256(blob).hexdigest():
            raise FolderError(f"{path}: made of another model; export this one")
        return read


class Compiled:
    """The side; it is safe to use from several threads, each of which has an arena of its own."""

    name = NAME

    def __init__(self, folder: Folder, graph: Graph, optimized: str = "") -> None:
        self._graph, self._folder = graph, folder
        self._library, self._version = _compiled(folder, optimized)

    def record(self, inputs: tuple[np.ndarray, ...], tensors: tuple[int, ...]) -> Recording:
        """The tensors for inputs stacked along a new first axis."""
        graph, samples = self._graph, len(inputs[0])
        known = [graph.tensors[i] for i in tensors]
        kept = {t.index: np.zeros((samples, *t.shape), t.dtype.numpy) for t in known}
        marks = {t.index: np.zeros((samples, t.size_bytes), bool) for t in known}
        for sample in range(samples):
            at = slice(sample, sample + 1)  # of a scalar too it is a view
            values = {i: array[at] for i, array in kept.items()}
            self._infer(inputs[0][sample], values, {i: array[at] for i, array in marks.items()})
        return Recording(
            version=self._version,
            tensors={t.index: _masked(t, kept[t.index], marks[t.index]) for t in known},
            unreadable={t.index: UNSEEN for t in known if t.elements and not marks[t.index].any()},
            refusal=None,
        )

    def _infer(self, picture: np.ndarray, kept: dict[int, np.ndarray], marks: dict[int, np.ndarray]) -> None:
        graph, library = self._graph, self._library
        count = len(graph.tensors)
        at, seen = (ctypes.c_void_p * count)(), (ctypes.c_void_p * count)()
        for i, array in kept.items():
            at[i], seen[i] = array.ctypes.data, marks[i].ctypes.data
        arena = _arena(self._folder.arena_bytes)
        outputs = [np.zeros(graph.tensors[i].shape, graph.tensors[i].dtype.numpy) for i in graph.outputs]
        given = np.ascontiguousarray(picture)
        library.sixmeg_watch(at, seen)
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in (arena, given, *outputs)]
        getattr(library, f"{self._folder.identifier}_invoke_in")(*pointers)
        for i, output in zip(graph.outputs, outputs, strict=True):
            if i in kept:
                kept[i][...] = output


def unwatched(folder: Folder, graph: Graph, optimized: str = "") -> tuple[Callable[[np.ndarray], None], str]:
    """The folder's C as it ships, nothing watched: what runs one input, and by which compiler it was made."""
    library, version = _compiled(folder, optimized, watched=False)
    arena = _arena(folder.arena_bytes)
    outputs = [np.zeros(graph.tensors[i].shape, graph.tensors[i].dtype.numpy) for i in graph.outputs]
    invoke = getattr(library, f"{folder.identifier}_invoke_in")

    def run(picture: np.ndarray) -> None:
        given = np.ascontiguousarray(picture)
        invoke(*(ctypes.c_void_p(array.ctypes.data) for array in (arena, given, *outputs)))

    return run, version


def _arena(size_bytes: int) -> np.ndarray:
    """Poisoned bytes, aligned to 64."""
    raw = np.resize(POISON, size_bytes + 64)
    first = -raw.ctypes.data % 64
    return raw[first : first + size_bytes]


def _masked(tensor: Tensor, values: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """Masked where a streamed plan never computes a pixel."""
    if marks.all():
        return values
    missing = ~marks.reshape(len(values), tensor.elements, -1)[..., 0]
    return np.ma.masked_array(values, missing.reshape(values.shape))


def _compiled(folder: Folder, optimized: str, *, watched: bool = True) -> tuple[ctypes.CDLL, str]:
    """The folder's C as a library of this machine, and by which compiler; `watched` by seen.c."""
    compiler = shlex.split(os.environ.get("CC", "")) or [shutil.which("cc") or shutil.which("gcc") or ""]
    if not compiler[0]:
        raise NoCompilerError("no C compiler is found; install one (cc), or name it in CC")
    name = folder.identifier
    sources = [folder.path / f for f in (f"{name}.c", f"{name}_weights.c", "kernels.c")]
    with tempfile.TemporaryDirectory(prefix="sixmeg-c-") as work:
        declared, library = Path(work, "seen.h"), Path(work, f"{name}.so")
        declared.write_text(_DECLARED)
        hook = f"-D{name.upper()}_SEEN(tensor,view,begin,end)={_HOOK}"
        command: Sequence[str] = [
            *compiler,
            *FLAGS,
            *shlex.split(optimized or os.environ.get("CFLAGS", "") or OPTIMIZED),
            *([hook, "-include", str(declared), str(_SEEN)] if watched else []),
            "-o",
            str(library),
            *map(str, sources),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = [line for line in done.stderr.splitlines() if "error" in line]
            raise FolderError(f"{folder.path}: does not compile: {said[0] if said else 'no message'}")
        told = subprocess.run([*compiler, "--version"], capture_output=True, text=True, check=False)
        return ctypes.CDLL(str(library)), (told.stdout.splitlines() or ["cc"])[0]
