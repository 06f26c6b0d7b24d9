"""What a stretch of operators needs in memory when it runs as one step, row by row or pixel by pixel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from graph.types import Graph, Op
from memory_planner.reach import Raster, pixel_bytes, pixels_of, raster_of, row_pixels
from memory_planner.runs import even, run_ends
from memory_planner.types import Role, Step, aligned
from memory_planner.walk import Walk

SUM_BYTES = 4  # an int32 for each channel


@dataclass(frozen=True, slots=True)
class Worker:
    """A buffer that only one step needs: a ring of some pixels of an inner tensor, or sums.

    A ring may be `brief`: the operator `writer` makes one run, and `reader`, next in turn, reads all of it.
    Positions in the order; of no other ring is it asked.
    """

    tensor: int
    size_bytes: int
    role: Role
    writer: int = -1
    reader: int = -1

    @property
    def brief(self) -> bool:
        return self.reader >= 0

    def meets(self, other: Worker) -> bool:
        """Whether both are needed at once; brief rings are where one is read to write the other."""
        if not (self.brief and other.brief):
            return True
        return self.reader == other.writer or other.reader == self.writer


@dataclass(frozen=True, slots=True)
class Overlap:
    """How far the step's output may reach into an input that nothing needs afterwards.

    Walking forwards, offset[ifm] - offset[ofm] is at least `forwards`; walking backwards, the distance of
    their ends, end[ofm] - end[ifm], is at least `backwards` (None: it cannot). Bytes; may be negative.
    """

    ifm: int
    ofm: int
    forwards: int
    backwards: int | None


@dataclass(frozen=True, slots=True)
class Segment:
    """Operators first to last of the order as one step, and what it needs.

    `live_bytes` counts all that is alive meanwhile, the best overlap taken off.
    """

    first: int
    last: int
    step: Step
    workers: tuple[Worker, ...]
    overlaps: tuple[Overlap, ...]
    live_bytes: int
    weight_bytes_read: int
    runs: int


@dataclass(frozen=True, eq=False)
class Order:
    """A graph in an order of its operators, with what every segment asks for.

    `delivered` are inputs of the graph that come row by row and are never whole in memory.
    """

    graph: Graph
    ops: tuple[Op, ...]
    alignment_bytes: int
    delivered: frozenset[int] = frozenset()
    _run_ends: dict[tuple[int, int], np.ndarray] = field(default_factory=dict, repr=False)

    @cached_property
    def rasters(self) -> tuple[tuple[Raster | None, Raster | None], ...]:
        """Forwards and backwards, by position."""
        found = []
        for op in self.ops:
            raster = raster_of(self.graph, op)
            found.append((raster, raster.mirrored() if raster else None))
        return tuple(found)

    @cached_property
    def uses(self) -> dict[int, tuple[int, ...]]:
        """Positions of the operators that read each activation; beyond the last for a graph's output."""
        found: dict[int, list[int]] = {}
        for position, op in enumerate(self.ops):
            for tensor in {i for i in op.inputs if i >= 0 and not self.graph.tensors[i].is_constant}:
                found.setdefault(tensor, []).append(position)
        for tensor in self.graph.outputs:
            found.setdefault(tensor, []).append(len(self.ops))
        return {tensor: tuple(positions) for tensor, positions in found.items()}

    @cached_property
    def made_at(self) -> dict[int, int]:
        """Position of the operator that writes each activation; -1 for the graph's inputs."""
        made = {tensor: -1 for tensor in self.graph.inputs if not self.graph.tensors[tensor].is_constant}
        return made | {tensor: at for at, op in enumerate(self.ops) for tensor in op.outputs}

    @cached_property
    def spans(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Of every activation in the arena: tensor, positions made and last used at, aligned bytes."""
        rows = [
            (tensor, made, max(self.uses.get(tensor, (made,))), self.bytes_of(tensor))
            for tensor, made in self.made_at.items()
            if tensor not in self.delivered and not self.graph.tensors[tensor].is_variable
        ]
        columns = np.array(rows, np.int64).reshape(-1, 4).T
        return columns[0], columns[1], columns[2], columns[3]

    @cached_property
    def _bytes(self) -> dict[int, int]:
        return {t: aligned(self.graph.tensors[t].size_bytes, self.alignment_bytes) for t in self.made_at}

    @cached_property
    def pixel_bytes(self) -> dict[int, int]:
        """Bytes of one pixel of each activation."""
        return {t: pixel_bytes(self.graph.tensors[t]) for t in self.made_at}

    def bytes_of(self, tensor: int) -> int:
        return self._bytes[tensor]

    def through_bytes(self, first: int, last: int) -> int:
        """Bytes made before `first` and used at `first` or later, and of what operator `last` writes."""
        _, made, used, size = self.spans
        alive = (made < first) & (used >= first)
        return int(size[alive | (made == last)].sum())

    @cached_property
    def given_bytes(self) -> int:
        """Bytes of the graph's inputs that an operator reads, all there before the first runs."""
        _, made, used, size = self.spans
        return int(size[(made < 0) & (used >= 0)].sum())

    @cached_property
    def constant_bytes(self) -> tuple[int, ...]:
        """Bytes of the constants that each operator goes through, by position."""
        constants = (
            {i for i in op.inputs if i >= 0 and self.graph.tensors[i].is_constant} for op in self.ops
        )
        return tuple(sum(self.graph.tensors[i].size_bytes for i in read) for read in constants)

    def run_ends(self, position: int, run: int) -> np.ndarray:
        """Where an operator's runs of `run` pixels end, the same in both directions."""
        if (position, run) not in self._run_ends:
            raster = self.rasters[position][0]
            assert raster is not None
            self._run_ends[position, run] = run_ends(raster.pixels, raster.row, run)
        return self._run_ends[position, run]

    def longer(self, position: int, run: int) -> int:
        """A run with about half as many passes over an operator's output."""
        raster = self.rasters[position][0]
        assert raster is not None
        if run >= raster.row:
            return 2 * run
        pieces = -(-raster.row // run)
        return -(-raster.row // ((pieces + 1) // 2))

    def longest_raster(self, last: int) -> int:
        """Pixels of the largest raster up to a position: no longer run makes a difference."""
        return max((r.pixels for r, _ in self.rasters[: last + 1] if r), default=1)

    def whole(self, position: int) -> Segment:
        """One operator, in any order of its own: nothing overlaps."""
        live = self.through_bytes(position, position)
        step = Step((self.ops[position].index,))
        return Segment(position, position, step, (), (), live, self.constant_bytes[position], 1)

    def ending_at(self, last: int, run: int, limit_bytes: int, from_at_most: int) -> Iterator[Segment]:
        """Segments that end at a position, the longest last, each operator writing `run` pixels at a time.

        They begin at `from_at_most` or before. All that need no more than `limit_bytes`, and perhaps others;
        none whose inner tensors are needed outside of it.
        """
        if from_at_most < 0 or self.rasters[last][0] is None or len(self.ops[last].outputs) != 1:
            return
        runs = [even(run, forwards.row) if forwards else 1 for forwards, _ in self.rasters[: last + 1]]
        ways = [Walk(self, last, runs, way) for way in (0, 1)]
        rings: dict[int, Worker] = {}
        for first in range(last, -1, -1):
            if first < last and not self._is_inner(first, last):
                return
            for way in ways:
                way.include(first)
            outer = self._outer(first, ways[0])
            delivered = [t for t in outer if t in self.delivered]
            if any(max(self.uses[t]) > last for t in delivered):
                continue
            if first < last:
                rings |= self._ring(first, ways)
            rings |= self._sums(first, ways[0])
            workers = rings | self._delivered(delivered, ways)
            extra = self._worker_bytes(workers.values())
            if extra > limit_bytes:
                return
            saved_at_most = self.bytes_of(self.ops[last].outputs[0])
            if first > from_at_most or self.through_bytes(first, last) + extra - saved_at_most > limit_bytes:
                continue
            yield self._segment(first, last, runs, ways, list(workers.values()), outer, delivered)

    def with_runs(self, segment: Segment, runs: Sequence[int]) -> Segment:
        """A streamed segment whose operators write other numbers of pixels at a time."""
        first, last = segment.first, segment.last
        by_position = (1,) * first + tuple(runs)
        ways = [Walk(self, last, by_position, way) for way in (0, 1)]
        for way in ways:
            way.include(first)
        workers: dict[int, Worker] = {}
        for position in range(last, first - 1, -1):
            if position < last:
                workers |= self._ring(position, ways)
            workers |= self._sums(position, ways[0])
        outer = self._outer(first, ways[0])
        delivered = [t for t in outer if t in self.delivered]
        workers |= self._delivered(delivered, ways)
        return self._segment(first, last, by_position, ways, list(workers.values()), outer, delivered)

    def _outer(self, first: int, way: Walk) -> list[int]:
        """What operators from `first` on read that is made before them."""
        read = {r.tensor for k in range(first, way.last + 1) for r in way.raster(k).reads}
        return sorted(tensor for tensor in read if self.made_at[tensor] < first)

    def _delivered(self, tensors: Iterable[int], ways: Sequence[Walk]) -> dict[int, Worker]:
        return {t: self._ring_of(t, row_pixels(self.graph.tensors[t]), ways[:1]) for t in tensors}

    def _is_inner(self, position: int, last: int) -> bool:
        """Whether an operator can run inside a segment: its output is wanted inside alone, pixel by pixel."""
        op, raster = self.ops[position], self.rasters[position][0]
        if raster is None or len(op.outputs) != 1:
            return False
        uses = self.uses.get(op.outputs[0], ())
        ofm = self.graph.tensors[op.outputs[0]]
        return bool(uses) and max(uses) <= last and (raster.sums or raster.pixels == pixels_of(ofm))

    def _ring(self, position: int, ways: Sequence[Walk]) -> dict[int, Worker]:
        tensor = self.ops[position].outputs[0]
        return {tensor: self._ring_of(tensor, None, ways)}

    def _ring_of(self, tensor: int, delivered_row: int | None, ways: Sequence[Walk]) -> Worker:
        pixels = max(way.ring_pixels(tensor, delivered_row) for way in ways)
        size = pixels * self.pixel_bytes[tensor]
        if not delivered_row and all(way.is_brief(tensor) for way in ways):
            return Worker(tensor, size, Role.RING, self.made_at[tensor], self.uses[tensor][0])
        return Worker(tensor, size, Role.RING)

    def _worker_bytes(self, workers: Iterable[Worker]) -> int:
        """Bytes of all, those of brief rings counted where two meet."""
        sizes = [(w, aligned(w.size_bytes, self.alignment_bytes)) for w in workers]
        brief = {w.writer: (w, size) for w, size in sizes if w.brief}
        beside = (size + brief[w.reader][1] if w.reader in brief else size for w, size in brief.values())
        return sum(size for w, size in sizes if not w.brief) + max(beside, default=0)

    def _sums(self, position: int, way: Walk) -> dict[int, Worker]:
        """Keyed apart from the tensor's own ring."""
        tensor = self.graph.tensors[self.ops[position].outputs[0]]
        if not way.raster(position).sums:
            return {}
        return {-1 - tensor.index: Worker(tensor.index, SUM_BYTES * tensor.elements, Role.SUMS)}

    def _segment(
        self,
        first: int,
        last: int,
        runs: Sequence[int],
        ways: Sequence[Walk],
        workers: list[Worker],
        outer: list[int],
        delivered: list[int],
    ) -> Segment:
        ofm = self.ops[last].outputs[0]
        dying = [t for t in outer if max(self.uses[t]) <= last and t not in self.delivered]
        both = len(dying) == 1 and not delivered
        overlaps = tuple(
            Overlap(t, ofm, ways[0].distance(t), ways[1].distance(t) if both else None) for t in dying
        )
        saved = max([self._saved(overlap) for overlap in overlaps], default=0)
        extra = self._worker_bytes(workers)
        if ways[0].raster(last).sums:
            saved = max(saved, self.bytes_of(ofm))  # it is written over its sums
        counts = [len(self.run_ends(k, runs[k])) for k in range(first, last + 1)]
        reads = sum(n * self.constant_bytes[k] for k, n in enumerate(counts, first))
        step = Step(
            ops=tuple(op.index for op in self.ops[first : last + 1]),
            runs=tuple(runs[first : last + 1]),
            delivered=tuple(delivered),
        )
        live = self.through_bytes(first, last) + extra - saved
        return Segment(first, last, step, tuple(workers), overlaps, live, reads, sum(counts))

    def _saved(self, overlap: Overlap) -> int:
        """Bytes that an input and the output need less than side by side."""
        ifm, ofm = self.bytes_of(overlap.ifm), self.bytes_of(overlap.ofm)
        low, high = separations(self.graph, overlap, self.alignment_bytes)
        heights = [max(ofm, max(0, low) + ifm)]
        if high is not None:
            heights.append(max(ifm, max(0, high) + ofm))
        return max(0, ifm + ofm - min(heights))


def separations(graph: Graph, overlap: Overlap, alignment_bytes: int) -> tuple[int, int | None]:
    """Least offset[ifm] - offset[ofm] of a forward walk, offset[ofm] - offset[ifm] of a backward one."""
    low = aligned(overlap.forwards, alignment_bytes)
    if overlap.backwards is None:
        return low, None
    sizes = graph.tensors[overlap.ifm].size_bytes - graph.tensors[overlap.ofm].size_bytes
    return low, aligned(sizes + overlap.backwards, alignment_bytes)
