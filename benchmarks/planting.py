"""Where in a model a known mistake can be, and what a firmware dumps that makes it there."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from benchmarks.firmware import dump
from benchmarks.plants import LAYERS, OF_THE_DUMP, OF_THE_INPUT, PLANTS, Plant, Tampering
from firmware_sim.numerics import Numerics
from graph.errors import UnsupportedOperatorError
from graph.op_kind import OpKind
from graph.types import Graph, Op

MOST_TAPS = 300_000
"""An operator of more products would take the firmware longer than half a second."""

CAUSES = tuple(dict.fromkeys(plant.cause for plant in (*PLANTS, *OF_THE_INPUT, *OF_THE_DUMP)))
"""Every cause that can be planted."""


@dataclass(frozen=True, slots=True, eq=False)
class Planted:
    """What a firmware dumped, and the one tensor that it got wrong by itself; of the input, `op` is None."""

    cause: str
    tensors: dict[int, np.ndarray]
    op: Op | None
    tensor: int
    right: np.ndarray
    numerics: Numerics = Numerics.TFLM

    @property
    def theirs(self) -> np.ndarray:
        return self.tensors[self.tensor]

    @property
    def different(self) -> int:
        return int(np.count_nonzero(self.right != self.theirs))

    @property
    def first(self) -> tuple[int, ...]:
        """The first element that differs; one does."""
        return tuple(int(i) for i in np.argwhere(self.right != self.theirs)[0])


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A model of one input, the input, and the seed of the lot that says where mistakes are planted."""

    graph: Graph
    ifm: np.ndarray
    seed: int
    _right: dict[Numerics, dict[int, np.ndarray]] = field(default_factory=dict)

    def right(self, numerics: Numerics) -> dict[int, np.ndarray]:
        """What a firmware without a mistake dumps."""
        if numerics not in self._right:
            self._right[numerics] = dump(self.graph, (self.ifm,), {}, numerics)
        return self._right[numerics]

    def planted(self, cause: str) -> list[Planted]:
        """The cause in every way that the model can have it."""
        made = [self._in_some_operator(plant) for plant in PLANTS if plant.cause == cause]
        made += [self._in_the_input(change) for change in OF_THE_INPUT if change.cause == cause]
        made += [self._in_the_dump(change) for change in OF_THE_DUMP if change.cause == cause]
        return [one for one in made if one is not None]

    def _by_lot(self, cause: str) -> Iterator[Op]:
        """Operators that the firmware runs: one sample of bytes; layers with a bias, not too large."""
        order = np.random.default_rng([self.seed, *cause.encode()]).permutation(len(self.graph.ops))
        for op in (self.graph.ops[int(i)] for i in order):
            ends = [self.graph.tensors[i] for i in (*op.inputs[:1], *op.outputs)]
            is_layer = op.kind in LAYERS
            if (
                len(ends) == 2
                and all(t.quant and t.dtype.numpy.itemsize == 1 and t.shape[:1] == (1,) for t in ends)
                and (not is_layer or (len(op.inputs) == 3 and op.inputs[2] >= 0))
                and (not is_layer or _taps(self.graph, op) <= MOST_TAPS)
            ):
                yield op

    def _in_some_operator(self, plant: Plant) -> Planted | None:
        """In the first by lot where it changes a byte."""
        for op in self._by_lot(plant.cause):
            wrong = plant.wrong(self.graph, op) if op.kind in plant.kinds else None
            if wrong is None:
                continue
            with suppress(UnsupportedOperatorError):
                right = self.right(plant.numerics)
                constants = {i: self.graph.tensors[i].data for i in op.inputs}
                values = wrong(self.graph, op, *(right.get(i, constants[i]) for i in op.inputs))
                ofm = op.outputs[0]
                if np.array_equal(values.reshape(right[ofm].shape), right[ofm]):
                    continue
                tensors = dump(self.graph, (self.ifm,), {op.index: lambda *_, v=values: v}, plant.numerics)
                return Planted(plant.cause, tensors, op, ofm, right[ofm], plant.numerics)
        return None

    def _in_the_input(self, tampering: Tampering) -> Planted | None:
        """A firmware without a mistake that is given another picture."""
        if self.ifm.dtype.itemsize != 1 or self.ifm.ndim != 4:
            return None
        tensors = dump(self.graph, (tampering.change(self.ifm),), {})
        return Planted(tampering.cause, tensors, None, self.graph.inputs[0], self.ifm)

    def _in_the_dump(self, tampering: Tampering) -> Planted | None:
        """A firmware without a mistake, one of whose tensors is dumped when something else lies there."""
        tensors = self.right(Numerics.TFLM)
        read = {i for op in self.graph.ops for i in op.inputs}
        for op in self._by_lot(tampering.cause):
            ofm = op.outputs[0]
            if op.kind in LAYERS and ofm in read:
                late = tensors | {ofm: tampering.change(tensors[ofm])}
                return Planted(tampering.cause, late, op, ofm, tensors[ofm])
        return None


def _taps(graph: Graph, op: Op) -> int:
    """Products that a layer forms."""
    sides = graph.tensors[op.inputs[1]].shape
    of_each = sides[:-1] if op.kind is OpKind.DEPTHWISE_CONV_2D else sides[1:]
    return graph.tensors[op.outputs[0]].elements * math.prod(of_each)
