"""A streamed step, run by run: when each pixel is written and last read, and what that forbids."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from graph.types import Graph
from memory_planner.reach import Raster, pixels_of, raster_of
from memory_planner.runs import SENSOR, runs_of
from memory_planner.types import Buffer, Step

NEVER = -1


@dataclass(eq=False)
class Times:
    """Ticks at which the pixels of a tensor are written and last read; NEVER where they are not.

    A tick is one pixel of some operator's raster. An operator that does not go in place reads throughout
    its run, and writes throughout it: first tick for writes, last for reads.
    """

    written: np.ndarray
    read: np.ndarray
    missing: list[str] = field(default_factory=list)


class Replay:
    """What happens in a step with `runs`; tensors that exist before it are written at tick 0."""

    def __init__(self, graph: Graph, step: Step) -> None:
        self.graph, self.step = graph, step
        self.times: dict[int, Times] = {}
        self._tick = 1
        self._rasters = {index: self._raster(index) for index in step.ops}
        inner = {graph.ops[index].outputs[0] for index in step.ops} | set(step.delivered)
        for raster in self._rasters.values():
            for reach in raster.reads:
                self._start(reach.tensor, NEVER if reach.tensor in inner else 0, reach.pixels)
        last = graph.ops[step.ops[-1]]
        ofm, raster = graph.tensors[last.outputs[0]], self._rasters[last.index]
        self._start(ofm.index, NEVER, pixels_of(ofm) if raster.sums else raster.pixels)
        for op, tensor, begin, end in runs_of(graph, step):
            self._run(op, tensor, begin, end)

    def _raster(self, index: int) -> Raster:
        raster = raster_of(self.graph, self.graph.ops[index])
        if raster is None:
            raise ValueError(f"{self.graph.ops[index]} is streamed and has no raster")
        return raster.mirrored() if self.step.backwards else raster

    def _start(self, tensor: int, written: int, pixels: int) -> None:
        self.times.setdefault(tensor, Times(np.full(pixels, written), np.full(pixels, NEVER)))

    def _run(self, op: int, tensor: int, begin: int, end: int) -> None:
        first, last = self._tick, self._tick + end - begin - 1
        self._tick = last + 1
        if op == SENSOR:
            self.times[tensor].written[begin:end] = first
            return
        raster = self._rasters[op]
        ticks = np.arange(first, last + 1) if raster.in_place else np.full(end - begin, last)
        for reach in raster.reads:
            self._read(op, reach.tensor, reach.first[begin:end], reach.last[begin:end], ticks)
        if not raster.sums:
            self.times[tensor].written[begin:end] = ticks if raster.in_place else first
        elif end == raster.pixels:
            self.times[tensor].written[:] = last

    def _read(self, op: int, tensor: int, first: np.ndarray, last: np.ndarray, ticks: np.ndarray) -> None:
        times = self.times[tensor]
        inside = first <= last
        if not inside.any():
            return
        if ticks[0] == ticks[-1]:  # all of the run counts as one
            reads = [(int(first[inside].min()), int(last[inside].max()), int(ticks[0]))]
        else:
            reads = list(
                zip(first[inside].tolist(), last[inside].tolist(), ticks[inside].tolist(), strict=True)
            )
        for low, high, tick in reads:
            if times.written[low : high + 1].min() == NEVER:
                name = self.graph.ops[op]
                times.missing.append(f"{name} reads pixels of tensor {tensor} that are not written yet")
            times.read[low : high + 1] = tick

    @property
    def sums_bytes(self) -> dict[int, int]:
        """What operators that sum need for their int32 sums, by the tensor that they write."""
        summing = (self.graph.ops[index].outputs[0] for index, r in self._rasters.items() if r.sums)
        return {tensor: 4 * self.graph.tensors[tensor].elements for tensor in summing}

    def ring_faults(self, buffer: Buffer) -> int:
        """Pixels that a ring loses: written over by a later one in the same slot before their last read."""
        times = self.times[buffer.tensor]
        slots = buffer.size_bytes * len(times.written) // self.graph.tensors[buffer.tensor].size_bytes
        if slots == 0:
            return len(times.written)
        older, newer = times.read[:-slots], times.written[slots:]
        return int(((newer != NEVER) & (older >= newer)).sum())

    def never_meet(self, one: int, other: int) -> bool:
        """Whether no pixel of one tensor is still to be read while one of the other is there."""
        first, second = self.times[one], self.times[other]
        if NEVER in (first.written.max(), second.written.max()):
            return False
        order = np.argsort(first.written, kind="stable")
        until = np.maximum.accumulate(first.read[order])
        begun = np.searchsorted(first.written[order], second.read, side="right")
        there = begun > 0
        return bool((until[begun[there] - 1] < second.written[there]).all())

    def overlap_faults(self, ofm: int, ofm_offset: int, ifm: int, ifm_offset: int) -> int:
        """Pixels of the output that are written over pixels of an input that are still read.

        An operator in place may write where it reads in the same tick if the pixel that it writes begins no
        later than the first that it reads; of a step that goes backwards, if it ends no earlier.
        """
        out, taken = self.times[ofm], self.times[ifm]
        out_bytes = self.graph.tensors[ofm].size_bytes // len(out.written)
        in_bytes = self.graph.tensors[ifm].size_bytes // len(taken.read)
        at = np.arange(len(out.written))
        if self.step.backwards:  # count bytes from the ends, as pixels are
            ofm_offset, ifm_offset = (
                -(offset + self.graph.tensors[t].size_bytes)
                for t, offset in ((ofm, ofm_offset), (ifm, ifm_offset))
            )
        start = ofm_offset + at * out_bytes - ifm_offset
        low, high = start // in_bytes, (start + out_bytes - 1) // in_bytes
        last = self._rasters[self.step.ops[-1]]
        reach = last.reach(ifm) if last.in_place else None
        in_step = start <= reach.first * in_bytes if reach else np.zeros(len(at), bool)
        spoilt = np.zeros(len(at), bool)
        for k in range(int((high - low).max()) + 1):
            pixel = low + k
            inside = (pixel <= high) & (pixel >= 0) & (pixel < len(taken.read))
            read = np.where(inside, taken.read[np.clip(pixel, 0, len(taken.read) - 1)], NEVER)
            spoilt |= (read > out.written) | ((read == out.written) & (read != NEVER) & ~in_step)
        return int((spoilt & (out.written != NEVER)).sum())
