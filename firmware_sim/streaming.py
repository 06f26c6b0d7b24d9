"""Steps that run row by row or pixel by pixel, inside the arena, in the order that the plan states."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from firmware_sim.numerics import Numerics
from firmware_sim.ops.kernel import Operands, Prepare, Workspace
from firmware_sim.streamed_pixels import Compute, Pixels, Place, Sums, compute_of
from graph.op_kind import OpKind
from graph.types import Graph
from memory_planner.reach import Raster, pixels_of, raster_of
from memory_planner.runs import SENSOR, runs_of
from memory_planner.types import Role, Step

Bytes = Mapping[tuple[int, Role], np.ndarray]
"""The bytes of each buffer, by tensor and role."""


class StreamedStep:
    """One step with `runs`, ready to be run again and again on the same memory.

    Each run reads its pixels out of whole tensors or rings, computes them with the operator's own kernel,
    and writes them at once. Where the operator does not go in place, the bytes that it is about to write are
    poisoned before it reads: a plan that lets it overwrite what it reads changes the bits.
    """

    def __init__(
        self,
        graph: Graph,
        step: Step,
        kernels: Mapping[OpKind, Prepare],
        numerics: Numerics,
        memory: Bytes,
        constants: Mapping[int, np.ndarray],
    ) -> None:
        self._graph, self._step = graph, step
        self._runs = runs_of(graph, step)
        self._pixels = _Lookup(graph, memory, step.backwards)
        self._walkers = {}
        for op in (graph.ops[index] for index in step.ops):
            raster = raster_of(graph, op)
            assert raster is not None
            sources = {reach.tensor: self._pixels.of(reach.tensor) for reach in raster.reads}
            place = Place(Operands.of(graph, op, numerics), raster, sources, constants)
            if raster.sums:
                sums = Sums(place, memory[op.outputs[0], Role.SUMS])
                self._walkers[op.index] = Walker(raster, self._pixels.of(op.outputs[0]), None, sums)
            else:
                out = self._pixels.of(op.outputs[0], raster.pixels)
                self._walkers[op.index] = Walker(raster, out, compute_of(place, kernels[op.kind]), None)

    def run(
        self, pictures: Mapping[int, np.ndarray], space: Workspace, seen: dict[int, np.ndarray] | None
    ) -> dict[int, int]:
        """Once through the step; gives saturated elements by operator.

        `pictures` are the whole inputs, of which a sensor gives row by row what the step has delivered.
        `seen` takes in every tensor as it was written; pixels that nothing needs are masked.
        """
        saturated = dict.fromkeys(self._step.ops, 0)
        passed: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        for op, tensor, begin, end in self._runs:
            if op == SENSOR:
                out, rows = self._pixels.of(tensor), np.arange(begin, end)
                out.write(rows, pictures[tensor].reshape(out.count, -1)[rows])
                continue
            out = self._walkers[op].out
            written, cut_off = self._walkers[op].walk(begin, end, space, backwards=self._step.backwards)
            saturated[op] += cut_off
            if seen is not None and len(written):
                if tensor not in passed:
                    whole = np.empty((out.count, out.memory.shape[1]), out.memory.dtype)
                    passed[tensor] = whole, np.ones(out.count, bool)
                passed[tensor][0][written], passed[tensor][1][written] = out.read(written), False
        if seen is not None:
            for tensor, (whole, masked) in passed.items():
                seen[tensor] = _shaped(whole, masked, self._graph.tensors[tensor].shape)
        return saturated


def _shaped(whole: np.ndarray, masked: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """As the tensor is; a masked array only where pixels are missing."""
    if not masked.any():
        return whole.reshape(shape)
    return np.ma.masked_array(whole, np.repeat(masked, whole.shape[1])).reshape(shape)


class _Lookup:
    """Tensors as pixels, wherever a step's memory has them."""

    def __init__(self, graph: Graph, memory: Bytes, backwards: bool) -> None:
        self._graph, self._memory, self._backwards = graph, memory, backwards

    def of(self, tensor: int, count: int | None = None) -> Pixels:
        """`count` where pixels are counted otherwise than by the last axis."""
        ring, whole = (self._memory.get((tensor, role)) for role in (Role.RING, Role.WHOLE))
        held = self._graph.tensors[tensor]
        bytes_ = whole if ring is None else ring
        assert bytes_ is not None
        return Pixels(held, bytes_, count or pixels_of(held), backwards=self._backwards)


class Walker:
    """An operator that goes over its raster."""

    def __init__(self, raster: Raster, out: Pixels, compute: Compute | None, sums: Sums | None) -> None:
        self._raster, self.out, self._compute, self._sums = raster, out, compute, sums

    def walk(self, begin: int, end: int, space: Workspace, *, backwards: bool) -> tuple[np.ndarray, int]:
        """The pixels of the output that are now written, and how many elements saturated."""
        if backwards:
            begin, end = self._raster.pixels - end, self._raster.pixels - begin
        pixels = np.arange(begin, end)
        if self._sums is not None:
            finished = self._sums(pixels)
            if finished is None:
                return pixels[:0], 0
            written = np.arange(self.out.count)
            self.out.write(written, finished[0])
            return written, finished[1]
        assert self._compute is not None
        if not self._raster.in_place:
            self.out.poison(pixels)
        values, saturated = self._compute(pixels, space)
        self.out.write(pixels, values)
        return pixels, saturated
