"""Run a graph inside its planned arena, one picture or many."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
from threadpoolctl import ThreadpoolController
from tqdm import tqdm

from firmware_sim.arena import Arena
from firmware_sim.numerics import Numerics
from firmware_sim.ops.kernel import Kernel, Workspace
from firmware_sim.program import Program, prepare
from firmware_sim.streaming import StreamedStep
from graph.errors import SixmegError
from graph.types import Graph, Op, Tensor
from memory_planner.types import Plan, Step

Inputs = np.ndarray | Sequence[np.ndarray] | Mapping[str, np.ndarray]
"""One array where the model has one input; else one for each input, in their order or by tensor name."""

PROGRESS_AFTER_S = 1.0


class InputError(SixmegError):
    """An array that is not what the model takes; the message says what it takes."""


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """What one inference gave, and by whose rounding.

    `activations` by tensor index, as each was when its operator had written it; empty unless asked for.
    `saturations` by operator index: elements that the output's type, not an activation, cut off.
    """

    outputs: tuple[np.ndarray, ...]
    activations: dict[int, np.ndarray]
    saturations: dict[int, int]
    numerics: Numerics


def run(
    graph: Graph,
    plan: Plan,
    ifm: Inputs,
    *,
    numerics: Numerics = Numerics.TFLM,
    keep_activations: bool = False,
) -> Simulation:
    """One inference, bit for bit as the firmware's kernels compute it, in the memory that `plan` lays out.

    Shapes: as the model's inputs, in their types.
    Raises: UnsupportedOperatorError, PlanError before anything runs; InputError for another type or shape.
    """
    program = prepare(graph, plan, numerics=numerics)
    arrays, _ = _arranged(graph, ifm, single=True)
    with one_blas_thread():
        return Machine(program).infer(arrays, keep_activations=keep_activations)


@functools.cache
def _pools() -> ThreadpoolController:
    return ThreadpoolController()


def one_blas_thread() -> AbstractContextManager[object]:
    """BLAS on one thread for the block: threads of ours have a picture each. Libraries are looked up once."""
    return _pools().limit(limits=1, user_api="blas")


class WholeStep:
    """A step whose operators run one after the other, each on whole tensors."""

    def __init__(self, program: Program, step: Step, views: Mapping[int, np.ndarray]) -> None:
        tensors: dict[int, np.ndarray | None] = {-1: None, **program.constants, **views}

        def call(op: Op) -> tuple[Op, Kernel, list[np.ndarray | None], list[np.ndarray]]:
            inputs, outputs = [tensors[i] for i in op.inputs], [views[i] for i in op.outputs]
            return op, program.kernels[op.index], inputs, outputs

        self._views = views
        self._calls = [call(program.graph.ops[index]) for index in step.ops]

    def run(
        self, _: Mapping[int, np.ndarray], space: Workspace, seen: dict[int, np.ndarray] | None
    ) -> dict[int, int]:
        """Once through the step; gives saturated elements by operator, and what it wrote to `seen`."""
        saturated = {}
        for op, kernel, inputs, written in self._calls:
            saturated[op.index] = int(kernel(inputs, written, space))
            if seen is not None:
                seen |= {i: self._views[i].copy() for i in op.outputs}
        return saturated


class Machine:
    """One thread's arena and scratch memory."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.arena = Arena(program.graph, program.plan)
        self._workspace = Workspace()
        self._steps = [self._prepared(step) for step in program.plan.schedule.steps]

    def _prepared(self, step: Step) -> StreamedStep | WholeStep:
        program = self.program
        if step.runs:
            return StreamedStep(
                program.graph, step, program.prepares, program.numerics, self.arena.owned, program.constants
            )
        return WholeStep(program, step, self.arena.views)

    def infer(self, arrays: Sequence[np.ndarray], *, keep_activations: bool = False) -> Simulation:
        """One inference from arrays that have the inputs' shapes."""
        program, views = self.program, self.arena.views
        pictures = dict(zip(program.graph.inputs, arrays, strict=True))
        kept: dict[int, np.ndarray] | None = None
        if keep_activations:
            kept = {index: array.copy() for index, array in pictures.items()}
        saturations: dict[int, int] = {}
        self.arena.reset()
        for index, array in pictures.items():
            if index in views:
                views[index][...] = array
        outputs: dict[int, np.ndarray] = {}
        for when, step in enumerate(self._steps):
            saturations |= step.run(pictures, self._workspace, kept)
            if when == len(self._steps) - 1:
                outputs = self._outputs()
            self.arena.free(when)
        outputs = outputs or self._outputs()
        return Simulation(
            tuple(outputs[i] for i in program.graph.outputs), kept or {}, saturations, program.numerics
        )

    def _outputs(self) -> dict[int, np.ndarray]:
        memory = {**self.program.constants, **self.arena.views}
        return {i: memory[i].copy() for i in self.program.graph.outputs}


def run_batch(
    program: Program, ifm: Inputs, *, workers: int | None = None, progress: bool = True
) -> tuple[np.ndarray, ...]:
    """Inferences on pictures stacked along the first axis, on all cores; the outputs stacked the same way.

    The bits and their order do not depend on `workers` (by default, the cores that this process may use).
    A bar shows on a terminal where it takes longer than a second.

    Shapes: each input (M * N, ...) for a model that takes (N, ...); each output likewise.
    Raises: InputError for another type or shape.
    """
    columns = stacked(program.graph, ifm)
    count = len(columns[0]) if columns else 1
    ofms = [program.graph.tensors[i] for i in program.graph.outputs]
    results = [np.empty((count, *t.shape), t.dtype.numpy) for t in ofms]
    own = threading.local()

    def infer(sample: int) -> None:
        if not hasattr(own, "machine"):
            own.machine = Machine(program)
        simulation = own.machine.infer([a[sample] for a in columns])
        for result, output in zip(results, simulation.outputs, strict=True):
            result[sample] = output

    workers = max(1, min(workers or len(os.sched_getaffinity(0)), count))
    with one_blas_thread(), ThreadPoolExecutor(workers) as pool:
        done = pool.map(infer, range(count))
        shown = None if progress else True
        for _ in tqdm(
            done, total=count, desc="simulate", unit="picture", disable=shown, delay=PROGRESS_AFTER_S
        ):
            pass
    return tuple(r.reshape(-1, *t.shape[1:]) if t.shape else r for r, t in zip(results, ofms, strict=True))


def stacked(graph: Graph, ifm: Inputs) -> tuple[np.ndarray, ...]:
    """Each input as (samples, *shape), from samples along the first axis or one array in the model's shape.

    Raises: InputError for another type or shape.
    """
    arrays, tensors = _arranged(graph, ifm, single=False)
    return tuple(a.reshape(-1, *t.shape) for a, t in zip(arrays, tensors, strict=True))


def _arranged(graph: Graph, ifm: Inputs, *, single: bool) -> tuple[list[np.ndarray], list[Tensor]]:
    """The arrays in the order of the graph's inputs, checked."""
    tensors = [graph.tensors[i] for i in graph.inputs]
    if isinstance(ifm, np.ndarray):
        arrays = [ifm]
    elif isinstance(ifm, Mapping):
        names = [t.name for t in tensors]
        if sorted(ifm) != sorted(names):
            raise InputError(
                f"the inputs are named {', '.join(sorted(ifm))}; the model takes {', '.join(names)}"
            )
        arrays = [ifm[name] for name in names]
    else:
        arrays = list(ifm)
    if len(arrays) != len(tensors):
        raise InputError(f"{len(arrays)} inputs; the model takes {len(tensors)}: give an .npz by tensor name")
    for array, tensor in zip(arrays, tensors, strict=True):
        _check(array, tensor, single=single)
    if not single and len({a.size // max(1, t.elements) for a, t in zip(arrays, tensors, strict=True)}) > 1:
        raise InputError("the inputs hold different numbers of samples")
    return arrays, tensors


def _check(array: np.ndarray, tensor: Tensor, *, single: bool) -> None:
    wanted = f"{tensor.dtype.value} {list(tensor.shape)}"
    got = f"{array.dtype} {list(array.shape)}"
    if array.dtype != tensor.dtype.numpy:
        raise InputError(f"the input is {got}; the model takes {wanted}: quantize it first")
    if tuple(array.shape) == tensor.shape:
        return
    stacks = bool(tensor.shape) and array.ndim == len(tensor.shape) and array.shape[1:] == tensor.shape[1:]
    if single or not stacks or len(array) == 0 or len(array) % tensor.shape[0]:
        more = "" if single else ", or several stacked along the first axis"
        raise InputError(f"the input is {got}; the model takes {wanted}{more}")
