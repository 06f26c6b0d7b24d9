"""What a stretch of operators needs in memory when it runs as one step, row by row or pixel by pixel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from graph.types import Graph, Op
from memory_planner.reach import Raster, Reach, pixel_bytes, pixels_of, raster_of, row_pixels
from memory_planner.runs import rounded_up, run_ends
from memory_planner.types import Role, Step, aligned

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
        ways = [Walk(self, last, run, way) for way in (0, 1)]
        rings: dict[int, Worker] = {}
        for first in range(last, -1, -1):
            if first < last and not self._is_inner(first, last):
                return
            for way in ways:
                way.include(first)
            outer = sorted({r.tensor for k in range(first, last + 1) for r in ways[0].raster(k).reads})
            outer = [t for t in outer if self.made_at[t] < first]
            delivered = [t for t in outer if t in self.delivered]
            if any(max(self.uses[t]) > last for t in delivered):
                continue
            if first < last:
                rings |= self._ring(first, ways)
            rings |= self._sums(first, ways[0])
            workers = dict(rings)
            for tensor in delivered:
                workers[tensor] = self._ring_of(tensor, row_pixels(self.graph.tensors[tensor]), ways[:1])
            extra = self._worker_bytes(workers.values())
            if extra > limit_bytes:
                return
            saved_at_most = self.bytes_of(self.ops[last].outputs[0])
            if first > from_at_most or self.through_bytes(first, last) + extra - saved_at_most > limit_bytes:
                continue
            yield self._segment(first, last, run, ways, list(workers.values()), outer, delivered)

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
        run: int,
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
        runs = tuple(run for _ in range(first, last + 1))
        counts = [len(self.run_ends(k, run)) for k in range(first, last + 1)]
        reads = sum(n * self.constant_bytes[k] for k, n in enumerate(counts, first))
        step = Step(
            ops=tuple(op.index for op in self.ops[first : last + 1]), runs=runs, delivered=tuple(delivered)
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


class Walk:
    """How far each operator of a growing segment has come whenever its last operator has ended a run.

    `way` 0 walks forwards, 1 backwards.
    """

    def __init__(self, order: Order, last: int, run: int, way: int) -> None:
        self.order, self.last, self.run, self.way = order, last, run, way
        self._first = last
        self._made: dict[int, dict[int, np.ndarray]] = {}

    def include(self, first: int) -> None:
        """Take in the operator before."""
        self._first = first

    def raster(self, position: int) -> Raster:
        raster = self.order.rasters[position][self.way]
        assert raster is not None
        return raster

    def _ends(self, position: int) -> np.ndarray:
        return self.order.run_ends(position, self.run)

    def _readers(self, tensor: int, last: int) -> Iterator[tuple[int, Reach]]:
        for position in self.order.uses.get(tensor, ()):
            if self._first <= position <= last:
                reach = self.raster(position).reach(tensor)
                if reach is not None:
                    yield position, reach

    def made(self, position: int, driver: int) -> np.ndarray:
        """Pixels of an operator's raster that are walked after each run of the operator `driver`."""
        known = self._made.setdefault(driver, {})
        if position not in known:
            known[position] = self._walked(position, driver)
        return known[position]

    def _walked(self, position: int, driver: int) -> np.ndarray:
        if position == driver:
            return self._ends(position)
        raster, tensor = self.raster(position), self.order.ops[position].outputs[0]
        wanted = self._wanted(tensor, driver)
        if raster.sums:
            return np.where(wanted > 0, raster.pixels, 0)
        return rounded_up(wanted, raster.pixels, raster.row, self.run)

    def _wanted(self, tensor: int, driver: int) -> np.ndarray:
        counts = [reach.needed[self.made(m, driver)] for m, reach in self._readers(tensor, driver)]
        return np.maximum.reduce(counts)

    def ring_pixels(self, tensor: int, delivered_row: int | None) -> int:
        """Pixels of an inner tensor, or of one delivered by rows, that must be kept at once.

        Counted whenever the last reader ends a run, if all others run on its behalf alone; else whenever
        the segment's last operator does.
        """
        readers = [m for m, _ in self._readers(tensor, self.last)]
        driver = max(readers)
        if len(readers) > 1 and not self._serves_only(min(readers), driver):
            driver = self.last
        wanted = self._wanted(tensor, driver)
        if delivered_row:
            produced = rounded_up(
                wanted, pixels_of(self.order.graph.tensors[tensor]), delivered_row, delivered_row
            )
        else:
            position = self.order.made_at[tensor]
            raster = self.raster(position)
            if raster.sums:
                return 1
            produced = rounded_up(wanted, raster.pixels, raster.row, self.run)
        kept = [reach.kept[_before(self.made(m, driver))] for m, reach in self._readers(tensor, driver)]
        return int((produced - np.minimum.reduce(kept)).max())

    def is_brief(self, tensor: int) -> bool:
        """Whether each run of the only reader reads all of one run that is made just before it."""
        readers = list(self._readers(tensor, self.last))
        position, raster = self.order.made_at[tensor], self.raster(self.order.made_at[tensor])
        if len(readers) != 1 or raster.sums:
            return False
        reader, reach = readers[0]
        inner = [r.tensor for r in self.raster(reader).reads if self.order.made_at[r.tensor] >= self._first]
        if inner[-1:] != [tensor]:  # something else is made between
            return False
        made, done = self._ends(position), self._ends(reader)
        produced = rounded_up(reach.needed[done], raster.pixels, raster.row, self.run)
        runs = np.diff(np.searchsorted(made, produced, side="right"), prepend=0)
        return bool(runs.max() <= 1 and (reach.kept[done] >= produced).all())

    def _serves_only(self, first: int, driver: int) -> bool:
        """Whether what operators first to driver - 1 write is read by operators up to `driver` alone."""
        written = (self.order.ops[k].outputs[0] for k in range(first, driver))
        return all(max(self.order.uses.get(tensor, (driver,))) <= driver for tensor in written)

    def distance(self, ifm: int) -> int:
        """Least distance from the segment's output to an input so that nothing is overwritten too early.

        Before a run of the last operator ends, the output reaches `written`; the input is read from `kept`
        on by whatever runs later, and by that run itself unless it goes in place.

            distance = max(written * bytes of an output pixel - kept * bytes of an input pixel)

        Once the input is read for the last time, nothing is kept and nothing limits the output.
        """
        raster, tensors = self.raster(self.last), self.order.graph.tensors
        ofm = tensors[self.order.ops[self.last].outputs[0]]
        least = -tensors[ifm].size_bytes
        if raster.sums:
            return least
        in_bytes, out_bytes = self.order.pixel_bytes[ifm], ofm.size_bytes // raster.pixels
        ends = self._ends(self.last)
        for position, reach in self._readers(ifm, self.last):
            written, done = ends, _before(ends)
            if position < self.last:
                done = self.made(position, self.last)
            elif raster.in_place:
                written = done = np.arange(raster.pixels)
            kept = reach.kept[done]
            limits = (written * out_bytes - kept * in_bytes)[kept < reach.pixels]
            least = max(least, int(limits.max(initial=least)))
        return least


def _before(ends: np.ndarray) -> np.ndarray:
    """What was walked before each run."""
    return np.concatenate([[0], ends[:-1]])
