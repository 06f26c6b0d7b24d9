"""Hold a simulation against an oracle: every tensor that an operator writes, byte by byte."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from firmware_sim.numerics import Numerics
from firmware_sim.ops.detection_postprocess import zero_unwritten
from firmware_sim.oracles import Job, Oracle, Recording, record
from firmware_sim.program import prepare
from firmware_sim.run import Machine
from graph.types import Graph, Op, Tensor
from memory_planner.types import Plan

BATCH_BYTES = 128 << 20
BATCH_SAMPLES = 16


@dataclass(frozen=True, slots=True)
class Difference:
    """One element that parts; values as JSON numbers."""

    tensor: int
    name: str
    op: int
    kind: str
    sample: int
    index: tuple[int, ...]
    ours: int | float
    theirs: int | float


@dataclass(slots=True)
class TensorCount:
    """What was compared of one tensor; differences in the type's steps (float32: in last places)."""

    tensor: int
    name: str
    op: int
    kind: str
    bytes_compared: int = 0
    bytes_different: int = 0
    max_abs_difference: int = 0
    first: Difference | None = None

    def add(self, sample: int, ours: np.ndarray, theirs: np.ndarray) -> None:
        """Count one sample's bytes."""
        self.bytes_compared += ours.nbytes
        mine, others = _bytes(ours), _bytes(theirs)
        parts = int(np.count_nonzero(mine != others))
        if not parts:
            return
        self.bytes_different += parts
        distance = np.abs(_steps(ours) - _steps(theirs))
        self.max_abs_difference = max(self.max_abs_difference, int(distance.max()))
        if self.first is None:
            flat = int(np.flatnonzero(distance.reshape(-1))[0])
            index = tuple(int(i) for i in np.unravel_index(flat, ours.shape))
            values = ours[index].item(), theirs[index].item()
            self.first = Difference(self.tensor, self.name, self.op, self.kind, sample, index, *values)


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8)


def _steps(values: np.ndarray) -> np.ndarray:
    """Integers whose order and distance are those of the values: float32 by its last places."""
    if values.dtype != np.float32:
        return values.astype(np.int64)
    bits = np.ascontiguousarray(values).view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answer; `first_difference` is the earliest in the order of operators."""

    oracle: str
    oracle_version: str
    numerics: str
    samples: int
    tensors: tuple[TensorCount, ...]
    not_compared: tuple[tuple[Tensor, str], ...] = field(default=())

    @property
    def bytes_compared(self) -> int:
        return sum(t.bytes_compared for t in self.tensors)

    @property
    def bytes_different(self) -> int:
        return sum(t.bytes_different for t in self.tensors)

    @property
    def max_abs_difference(self) -> int:
        return max((t.max_abs_difference for t in self.tensors), default=0)

    @property
    def first_difference(self) -> Difference | None:
        return next((t.first for t in self.tensors if t.first is not None), None)


def compare(
    blob: bytes,
    graph: Graph,
    plan: Plan,
    oracle: Oracle,
    inputs: Sequence[np.ndarray],
    *,
    numerics: Numerics | None = None,
) -> Comparison:
    """Run `inputs` here and by the oracle, by the oracle's own numerics unless others are asked for.

    Shapes: one array per input of the graph, (samples, *shape).
    Raises: UnsupportedOperatorError, PlanError before anything runs; OracleError.
    """
    numerics = numerics or Numerics(oracle.value)
    machine = Machine(prepare(graph, plan, numerics=numerics))
    written = _written(graph, plan)
    counts = {t.index: TensorCount(t.index, t.name, op.index, op.kind.value) for op, t in written}
    shown = {t.index: t for _, t in written}
    why: dict[int, str] = {}
    samples, version = len(inputs[0]), ""
    size = max(1, min(BATCH_SAMPLES, BATCH_BYTES // max(1, sum(t.size_bytes for t in shown.values()))))
    with (
        threadpool_limits(limits=1, user_api="blas"),
        tqdm(total=samples, desc=f"compare with {oracle.value}", unit="input", disable=None) as bar,
    ):
        for first in range(0, samples, size):
            part = tuple(array[first : first + size] for array in inputs)
            recording = record(oracle, Job(blob, part, tuple(shown)))
            version = recording.version
            why |= _count(machine, part, recording, first, counts, shown)
            bar.update(len(part[0]))
    unseen = [(t, "state that outlives an inference") for t in graph.tensors if t.is_variable]
    return Comparison(
        oracle=oracle.value,
        oracle_version=version,
        numerics=numerics.value,
        samples=samples,
        tensors=tuple(c for i, c in counts.items() if i not in why),
        not_compared=(*((shown[i], reason) for i, reason in sorted(why.items())), *unseen),
    )


def _written(graph: Graph, plan: Plan) -> list[tuple[Op, Tensor]]:
    """Every tensor that an operator writes, in the order they are written."""
    ops = (graph.ops[i] for i in plan.schedule.op_order)
    return [(op, graph.tensors[i]) for op in ops for i in op.outputs]


def _count(
    machine: Machine,
    inputs: Sequence[np.ndarray],
    recording: Recording,
    first: int,
    counts: dict[int, TensorCount],
    shown: dict[int, Tensor],
) -> dict[int, str]:
    """Add one batch; gives which tensors the oracle does not show, and why."""
    why = dict(recording.unreadable)
    for i, values in recording.tensors.items():
        tensor = shown[i]
        if values.dtype != tensor.dtype.numpy or values[0].size != tensor.elements:
            held = f"{values.dtype} {list(values.shape[1:])}"
            why[i] = f"the oracle holds {held}, the file says {tensor.dtype.value} {list(tensor.shape)}"
    for sample in range(len(inputs[0])):
        simulation = machine.infer([array[sample] for array in inputs], keep_activations=True)
        theirs = {i: recording.tensors[i][sample].reshape(shown[i].shape) for i in shown.keys() - why.keys()}
        zero_unwritten(machine.program.graph, theirs)
        for i, values in theirs.items():
            counts[i].add(first + sample, simulation.activations[i], values)
    return why


def as_json(comparison: Comparison, model: str, blob: bytes, seed: int) -> dict[str, Any]:
    """The JSON of docs/simulator.md."""
    first = comparison.first_difference
    return {
        "model": model,
        "model_sha256": hashlib.sha256(blob).hexdigest(),
        "oracle": comparison.oracle,
        "oracle_version": comparison.oracle_version,
        "numerics": comparison.numerics,
        "samples": comparison.samples,
        "seed": seed,
        "bytes_compared": comparison.bytes_compared,
        "bytes_different": comparison.bytes_different,
        "max_abs_difference": comparison.max_abs_difference,
        "tensors": [
            {
                "tensor": t.tensor,
                "name": t.name,
                "op": t.op,
                "kind": t.kind,
                "bytes_compared": t.bytes_compared,
                "bytes_different": t.bytes_different,
                "max_abs_difference": t.max_abs_difference,
            }
            for t in comparison.tensors
        ],
        "first_difference": None
        if first is None
        else {
            "tensor": first.tensor,
            "name": first.name,
            "op": first.op,
            "kind": first.kind,
            "sample": first.sample,
            "index": list(first.index),
            "ours": first.ours,
            "theirs": first.theirs,
        },
        "not_compared": [
            {"tensor": t.index, "name": t.name, "why": why} for t, why in comparison.not_compared
        ],
    }
