"""Set two sides against each other, simulated or real: every tensor that an operator writes, byte by byte."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from firmware_sim.numerics import Numerics
from firmware_sim.ops.detection_postprocess import zero_unwritten
from firmware_sim.oracles import Oracle
from firmware_sim.sides import Named, Runtime, Side, Simulated
from graph.types import Graph, Op, Tensor
from memory_planner.types import Plan

BATCH_BYTES = 128 << 20
BATCH_SAMPLES = 16

Written = list[tuple[Op, Tensor]]


@dataclass(frozen=True, slots=True)
class Difference:
    """One element that parts; values as JSON numbers. `op` is None where no operator wrote the tensor."""

    tensor: int
    name: str
    op: int | None
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
    op: int | None
    kind: str
    bytes_compared: int = 0
    bytes_different: int = 0
    max_abs_difference: int = 0
    first: Difference | None = None

    def add(self, sample: int, ours: np.ndarray, theirs: np.ndarray) -> None:
        """Count one sample's bytes; those of pixels that a streamed plan never computes are left out."""
        masked = np.ma.getmaskarray(ours) | np.ma.getmaskarray(theirs)
        if masked.any():
            ours, theirs = np.ma.getdata(ours), np.where(masked, np.ma.getdata(ours), np.ma.getdata(theirs))
        self.bytes_compared += ours.nbytes - int(masked.sum()) * ours.itemsize
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

    def merge(self, later: TensorCount) -> None:
        """Count what was counted of later samples."""
        self.bytes_compared += later.bytes_compared
        self.bytes_different += later.bytes_different
        self.max_abs_difference = max(self.max_abs_difference, later.max_abs_difference)
        self.first = self.first or later.first


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
    """The answer; `first_difference` is the earliest in the order of operators.

    `ours` and `theirs` are the two sides, in the order they were given.
    """

    ours: Named
    theirs: Named
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
    workers: int | None = None,
    progress: bool = True,
) -> Comparison:
    """Run `inputs` here and by the oracle, by the oracle's own numerics unless others are asked for.

    Shapes: one array per input of the graph, (samples, *shape).
    Raises: UnsupportedOperatorError, PlanError before anything runs; OracleError.
    """
    ours = Simulated(graph, plan, numerics or Numerics(oracle.value))
    return between(graph, plan, ours, Runtime(oracle, blob), inputs, workers=workers, progress=progress)


def between(
    graph: Graph,
    plan: Plan,
    ours: Side,
    theirs: Side,
    inputs: Sequence[np.ndarray],
    *,
    workers: int | None = None,
    progress: bool = True,
) -> Comparison:
    """Run `inputs` on both sides, a batch of samples on each core; the answer does not depend on `workers`.

    Shapes: one array per input of the graph, (samples, *shape).
    Raises: OracleError.
    """
    written = _written(graph, plan)
    samples = len(inputs[0]) if inputs else 1
    workers = max(1, min(workers or len(os.sched_getaffinity(0)), samples))
    room = BATCH_BYTES // workers // max(1, sum(t.size_bytes for _, t in written))
    size = max(1, min(BATCH_SAMPLES, room, -(-samples // workers)))
    batches = [
        _Batch(first, tuple(a[first : first + size] for a in inputs)) for first in range(0, samples, size)
    ]
    total = _Counts.of(written)
    shown = None if progress else True
    with (
        threadpool_limits(limits=1, user_api="blas"),
        tqdm(total=samples, desc=f"{ours.name} and {theirs.name}", unit="input", disable=shown) as bar,
        ThreadPoolExecutor(workers) as pool,
    ):
        for batch, counts in zip(
            batches, pool.map(lambda b: _compared(b, graph, written, ours, theirs), batches), strict=True
        ):
            total.merge(counts)
            bar.update(batch.samples)
    tensors = {t.index: t for _, t in written}
    unseen = [(t, "state that outlives an inference") for t in graph.tensors if t.is_variable]
    return Comparison(
        ours=Named(ours.name, total.versions[0]),
        theirs=Named(theirs.name, total.versions[1]),
        samples=samples,
        tensors=tuple(c for i, c in total.tensors.items() if i not in total.why),
        not_compared=(*((tensors[i], reason) for i, reason in sorted(total.why.items())), *unseen),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    first: int
    inputs: tuple[np.ndarray, ...]

    @property
    def samples(self) -> int:
        return len(self.inputs[0]) if self.inputs else 1


@dataclass(slots=True)
class _Counts:
    """What was counted by tensor, which tensors a side does not show and why, and the sides' versions."""

    tensors: dict[int, TensorCount]
    why: dict[int, str] = field(default_factory=dict)
    versions: tuple[str, str] = ("", "")

    @classmethod
    def of(cls, written: Written) -> _Counts:
        return cls({t.index: TensorCount(t.index, t.name, op.index, op.kind.value) for op, t in written})

    def merge(self, later: _Counts) -> None:
        for i, count in later.tensors.items():
            self.tensors[i].merge(count)
        self.why |= later.why
        self.versions = later.versions


def _written(graph: Graph, plan: Plan) -> Written:
    """Every tensor that an operator writes, in the order they are written."""
    ops = (graph.ops[i] for i in plan.schedule.op_order)
    return [(op, graph.tensors[i]) for op in ops for i in op.outputs]


def _compared(batch: _Batch, graph: Graph, written: Written, ours: Side, theirs: Side) -> _Counts:
    """Run and count one batch."""
    counts = _Counts.of(written)
    indices = tuple(t.index for _, t in written)
    mine, others = ours.record(batch.inputs, indices), theirs.record(batch.inputs, indices)
    counts.versions = mine.version, others.version
    for side, recording in ((ours, mine), (theirs, others)):
        counts.why |= recording.unreadable
        counts.why |= {
            t.index: f"{side.name} holds {_held(recording.tensors[t.index])},"
            f" the file says {t.dtype.value} {list(t.shape)}"
            for _, t in written
            if t.index in recording.tensors and not _fits(recording.tensors[t.index], t)
        }
    shown = [t for _, t in written if t.index not in counts.why]
    for sample in range(batch.samples):
        pair = [{t.index: r.tensors[t.index][sample].reshape(t.shape) for t in shown} for r in (mine, others)]
        for values in pair:
            zero_unwritten(graph, values)
        for tensor in shown:
            counts.tensors[tensor.index].add(batch.first + sample, *(v[tensor.index] for v in pair))
    return counts


def _fits(values: np.ndarray, tensor: Tensor) -> bool:
    return values.dtype == tensor.dtype.numpy and values[0].size == tensor.elements


def _held(values: np.ndarray) -> str:
    return f"{values.dtype} {list(values.shape[1:])}"


def as_json(comparison: Comparison, model: str, blob: bytes, seed: int) -> dict[str, Any]:
    """The JSON of docs/simulator.md."""
    ours, theirs = comparison.ours, comparison.theirs
    return {
        "model": model,
        "model_sha256": hashlib.sha256(blob).hexdigest(),
        "between": [{"side": named.name, "version": named.version} for named in (ours, theirs)],
        "oracle": theirs.rounding,
        "oracle_version": theirs.version,
        "numerics": ours.rounding,
        "samples": comparison.samples,
        "seed": seed,
        **counts_as_json(comparison.tensors),
        "not_compared": [
            {"tensor": t.index, "name": t.name, "why": why} for t, why in comparison.not_compared
        ],
    }


def counts_as_json(tensors: Sequence[TensorCount]) -> dict[str, Any]:
    """Totals, the tensors in order, and the first element that parts."""
    first = next((t.first for t in tensors if t.first is not None), None)
    return {
        "bytes_compared": sum(t.bytes_compared for t in tensors),
        "bytes_different": sum(t.bytes_different for t in tensors),
        "max_abs_difference": max((t.max_abs_difference for t in tensors), default=0),
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
            for t in tensors
        ],
        "first_difference": None if first is None else {**asdict(first), "index": list(first.index)},
    }
