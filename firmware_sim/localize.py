"""Which operator of a firmware made its first wrong byte, from a dump of tensors, and by which mistake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from firmware_sim import causes
from firmware_sim.causes.trial import Trial, run
from firmware_sim.compare import TensorCount
from firmware_sim.numerics import Numerics
from firmware_sim.ops.kernel import Operands
from graph.errors import SixmegError
from graph.types import Graph, Op, Tensor
from memory_planner.types import Plan

GIVEN = {"input": "INPUT", "constant": "CONSTANT"}
"""What stands for an operator where a tensor that no operator writes is wrong already."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Where elements differ: along the last axis; of a picture also its rows and columns."""

    channels: tuple[int, ...]
    rows: tuple[int, ...] = ()
    cols: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """The first tensor that parts from what its operator gives for the dump's own inputs.

    `op` is None where the tensor is an input or a constant. `suspects`: the operator and those before it
    whose outputs are not in the dump, in order; any of them may have made the mistake.
    """

    op: Op | None
    kind: str
    tensor: Tensor
    ours: np.ndarray
    theirs: np.ndarray
    suspects: tuple[Op, ...] = ()
    fits: tuple[causes.Fit, ...] = ()

    @property
    def different(self) -> int:
        return int(np.count_nonzero(self._mask))

    @property
    def first(self) -> tuple[int, ...]:
        """The index of the first element that differs."""
        return tuple(int(i) for i in np.argwhere(np.atleast_1d(self._mask))[0])

    @property
    def pattern(self) -> Pattern:
        mask = np.atleast_1d(self._mask)
        along = [
            tuple(
                int(i) for i in np.flatnonzero(mask.any(axis=tuple(a for a in range(mask.ndim) if a != axis)))
            )
            for axis in range(mask.ndim)
        ]
        return Pattern(along[-1], along[1], along[2]) if mask.ndim == 4 else Pattern(along[-1])

    @property
    def _mask(self) -> np.ndarray:
        size = self.ours.dtype.itemsize
        mine, others = (
            np.ascontiguousarray(a).view(np.uint8).reshape(-1, size) for a in (self.ours, self.theirs)
        )
        return (mine != others).any(axis=1).reshape(self.ours.shape)


@dataclass(frozen=True, slots=True)
class Localization:
    """The answer: what was counted of each dumped tensor that could be held to something.

    `blamed`: every operator that errs on the dump's own inputs; `absent`: tensors that operators write and
    the dump lacks; `unchecked`: dumped tensors that could be held to nothing, and why.
    """

    tensors: tuple[TensorCount, ...]
    finding: Finding | None
    blamed: tuple[Op, ...] = ()
    absent: tuple[Tensor, ...] = ()
    unchecked: tuple[tuple[Tensor, str], ...] = field(default=())


def localize(
    graph: Graph,
    plan: Plan,
    dump: Mapping[int, np.ndarray],
    inputs: Sequence[np.ndarray] = (),
    *,
    numerics: Numerics = Numerics.TFLM,
) -> Localization:
    """Hold every dumped tensor to what its operator gives for the inputs that the firmware itself had.

    An operator's inputs are taken from the dump; those that are not in it are computed from what is. So an
    operator is blamed for its own mistakes, not for those before it. `inputs`, where given, are what the
    firmware should have been given; without them the dump's own input tensors are believed.

    State that outlives an inference is zero, as after a reset.
    """
    walk = _Walk(graph, numerics, dict(dump))
    walk.give(inputs)
    for index in plan.schedule.op_order:
        walk.step(graph.ops[index])
    written = [i for op in graph.ops for i in op.outputs]
    return Localization(
        tensors=tuple(walk.counts),
        finding=walk.finding and walk.explained(walk.finding),
        blamed=tuple(walk.blamed),
        absent=tuple(graph.tensors[i] for i in written if i not in dump),
        unchecked=tuple(walk.unchecked),
    )


class _Walk:
    """The graph, operator by operator, on the firmware's own values."""

    def __init__(self, graph: Graph, numerics: Numerics, dump: dict[int, np.ndarray]) -> None:
        self.graph, self.numerics, self.dump = graph, numerics, dump
        self.values: dict[int, np.ndarray] = {}
        self.made_by: dict[int, tuple[Op, ...]] = {}
        self.counts: list[TensorCount] = []
        self.blamed: list[Op] = []
        self.unchecked: list[tuple[Tensor, str]] = []
        self.finding: Finding | None = None

    def give(self, inputs: Sequence[np.ndarray]) -> None:
        """Constants, state and the graph's inputs, each held to the dump where it is there too."""
        for tensor in self.graph.tensors:
            if tensor.data is not None:
                self.values[tensor.index] = tensor.data
                if tensor.index in self.dump:
                    self._hold(None, GIVEN["constant"], tensor, tensor.data)
            elif tensor.is_variable:
                self.values[tensor.index] = np.zeros(tensor.shape, tensor.dtype.numpy)
        for position, index in enumerate(self.graph.inputs):
            if inputs:
                self.values[index] = inputs[position]
                if index in self.dump:
                    self._hold(None, GIVEN["input"], self.graph.tensors[index], inputs[position])
            if index in self.dump:
                self.values[index] = self.dump[index]

    def step(self, op: Op) -> None:
        """One operator: compute it, hold it to the dump, go on with what the firmware had."""
        dumped = [self.graph.tensors[i] for i in op.outputs if i in self.dump]
        try:
            outputs = self.computed(op, self.values)
        except SixmegError as error:
            self.unchecked += [(tensor, str(error)) for tensor in dumped]
        else:
            absent = [chain for i in op.inputs for chain in self.made_by.get(i, ())]
            suspects = tuple(sorted({*absent, op}, key=lambda o: o.index))
            for index, values in zip(op.outputs, outputs, strict=True):
                self.values[index] = values
                if index in self.dump:
                    self._hold(op, op.kind.value, self.graph.tensors[index], values, suspects)
                else:
                    self.made_by[index] = suspects
        self.values |= {tensor.index: self.dump[tensor.index] for tensor in dumped}

    def computed(self, op: Op, values: Mapping[int, np.ndarray]) -> tuple[np.ndarray, ...]:
        """The operator's outputs.

        Raises: SixmegError where it cannot be computed, saying why.
        """
        unknown = [i for i in op.inputs if i >= 0 and i not in values]
        if unknown:
            raise SixmegError(f"its input, tensor {unknown[0]}, is neither in the dump nor computed")
        operands = Operands.of(self.graph, op, self.numerics)
        return run(operands, [values[i] if i >= 0 else None for i in op.inputs])

    def _hold(
        self, op: Op | None, kind: str, tensor: Tensor, ours: np.ndarray, suspects: tuple[Op, ...] = ()
    ) -> None:
        theirs = self.dump[tensor.index]
        count = TensorCount(tensor.index, tensor.name, None if op is None else op.index, kind)
        count.add(0, ours, theirs)
        self.counts.append(count)
        if not count.bytes_different:
            return
        if op is not None and op not in self.blamed:
            self.blamed.append(op)
        self.finding = self.finding or Finding(op, kind, tensor, ours.copy(), theirs, suspects)

    def explained(self, finding: Finding) -> Finding:
        """The finding with the causes that fit, tried on every suspect."""
        found: list[causes.Fit] = []
        if finding.kind == GIVEN["input"]:
            found += causes.fits_of_input(finding.ours, finding.theirs)
        for op in finding.suspects:
            if len(op.outputs) != 1:
                continue
            inputs = tuple(self.values[i] if i >= 0 else None for i in op.inputs)
            trial = Trial(Operands.of(self.graph, op, self.numerics), inputs)
            later = [o for o in finding.suspects if o.index > op.index]

            def onward(values: np.ndarray, op: Op = op, later: list[Op] = later) -> np.ndarray:
                return self._onward(finding, op, later, values)

            found += causes.fits(trial, onward, finding.ours, finding.theirs)
        if self._read_right(finding):
            index = None if finding.op is None else finding.op.index
            found.append(causes.overwritten(index, finding.ours, finding.theirs))
        ranked = sorted(found, key=lambda fit: -fit.gain)
        return replace(finding, fits=tuple(ranked))

    def _read_right(self, finding: Finding) -> bool:
        """Whether each operator that reads the tensor, and errs on what was dumped, is right on ours."""
        index = finding.tensor.index
        readers = [op for op in self.blamed if index in op.inputs and all(i in self.dump for i in op.outputs)]
        right = {**self.values, index: finding.ours}
        return bool(readers) and all(
            np.array_equal(values, self.dump[i])
            for op in readers
            for i, values in zip(op.outputs, self.computed(op, right), strict=True)
        )

    def _onward(self, finding: Finding, op: Op, later: Sequence[Op], values: np.ndarray) -> np.ndarray:
        """The dumped tensor, where `op` gives `values` and the suspects after it are right."""
        known = {**self.values, op.outputs[0]: values}
        for after in later:
            known |= dict(zip(after.outputs, self.computed(after, known), strict=True))
        return known[finding.tensor.index]
