"""What a comparison sets against another: a simulation by its numerics, or a real runtime."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Protocol

import numpy as np

from firmware_sim import emitted
from firmware_sim.numerics import Numerics
from firmware_sim.oracles import Job, Oracle, Recording, record
from firmware_sim.program import Program, prepare
from firmware_sim.run import Machine
from graph.errors import SixmegError
from graph.types import Graph
from memory_planner.types import Plan

REAL = "oracle:"
"""What a runtime's name begins with; a simulation has the bare name of its numerics."""


class SideError(SixmegError):
    """A side of a comparison that is neither a simulation nor a runtime."""


@dataclass(frozen=True, slots=True)
class Named:
    """A side by its name and by what computed it, such as oracle:tflm and tflite-micro 0.dev1.

    >>> Named("oracle:tflm", "tflite-micro 0.dev1").rounding
    'tflm'
    """

    name: str
    version: str

    @property
    def rounding(self) -> str:
        """Whose bits these are, simulated or real."""
        return Numerics.TFLM.value if self.name == emitted.NAME else self.name.removeprefix(REAL)


class Side(Protocol):
    """Anything that has a model's tensors; safe to use from several threads."""

    @property
    def name(self) -> str: ...

    def record(self, inputs: tuple[np.ndarray, ...], tensors: tuple[int, ...]) -> Recording:
        """The tensors for inputs stacked along a new first axis."""
        ...


@dataclass(frozen=True, slots=True)
class Runtime:
    """A runtime, in a process of its own."""

    oracle: Oracle
    blob: bytes

    @property
    def name(self) -> str:
        return REAL + self.oracle.value

    def record(self, inputs: tuple[np.ndarray, ...], tensors: tuple[int, ...]) -> Recording:
        return record(self.oracle, Job(self.blob, inputs, tensors))


class Simulated:
    """The simulator, one machine for each thread."""

    def __init__(self, graph: Graph, plan: Plan, numerics: Numerics) -> None:
        self.program: Program = prepare(graph, plan, numerics=numerics)
        self._own = threading.local()

    @property
    def name(self) -> str:
        return self.program.numerics.value

    def record(self, inputs: tuple[np.ndarray, ...], tensors: tuple[int, ...]) -> Recording:
        if not hasattr(self._own, "machine"):
            self._own.machine = Machine(self.program)
        kept = activations(self._own.machine, inputs, tensors)
        return Recording(f"sixmeg {metadata.version('sixmeg')}", kept, {}, None)


def activations(
    machine: Machine, inputs: Sequence[np.ndarray], tensors: Sequence[int]
) -> dict[int, np.ndarray]:
    """The tensors that operators write, for every sample, by index; masked where nothing is computed.

    Shapes: inputs (samples, *shape); gives (samples, *shape).
    """
    samples = len(inputs[0]) if inputs else 1
    known = machine.program.graph.tensors
    kept = {i: np.empty((samples, *known[i].shape), known[i].dtype.numpy) for i in tensors}
    for sample in range(samples):
        simulation = machine.infer([array[sample] for array in inputs], keep_activations=True)
        for i in tensors:
            seen = simulation.activations[i]
            if np.ma.isMaskedArray(seen) and not np.ma.isMaskedArray(kept[i]):
                kept[i] = np.ma.masked_array(kept[i])
            kept[i][sample] = seen
    return kept


def side(text: str, blob: bytes, graph: Graph, plan: Plan) -> Side:
    """The side that `text` names: `tflm` is simulated, `oracle:tflm` the runtime, `c:FOLDER` a firmware's C.

    Raises: SideError for another name; UnsupportedOperatorError, PlanError where it cannot be simulated;
        FolderError where the folder's C cannot be run.
    """
    if text.startswith(emitted.PREFIX):
        folder = emitted.Folder.read(text.removeprefix(emitted.PREFIX), blob)
        return emitted.Compiled(folder, graph)
    name = text.removeprefix(REAL)
    known = [n.value for n in Numerics]
    if name not in known:
        either = ", ".join([*known, *(REAL + n for n in known), f"{emitted.PREFIX}FOLDER"])
        raise SideError(f"{text} is neither a simulation nor a runtime; give two of {either}")
    if text.startswith(REAL):
        return Runtime(Oracle(name), blob)
    return Simulated(graph, plan, Numerics(name))
