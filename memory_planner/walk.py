"""How far the operators of a streamed step have come, and what must be kept meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from memory_planner.reach import Raster, Reach, pixels_of
from memory_planner.runs import rounded_up

if TYPE_CHECKING:
    from memory_planner.streams import Order


class Walk:
    """How far each operator of a growing segment has come whenever its last operator has ended a run.

    `runs` are the pixels that operators write at a time, by position. `way` 0 walks forwards, 1 backwards.
    """

    def __init__(self, order: Order, last: int, runs: Sequence[int], way: int) -> None:
        self.order, self.last, self.runs, self.way = order, last, runs, way
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
        return self.order.run_ends(position, self.runs[position])

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
        return rounded_up(wanted, raster.pixels, raster.row, self.runs[position])

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
            produced = rounded_up(wanted, raster.pixels, raster.row, self.runs[position])
        kept = [reach.kept[_before(self.made(m, driver))] for m, reach in self._readers(tensor, driver)]
        return int((produced - np.minimum.reduce(kept)).max())

    def is_brief(self, tensor: int) -> bool:
        """Whether each run of the only reader reads all of one run that is made just before it."""
        readers = list(self._readers(tensor, self.last))
        position, raster = self.order.made_at[tensor], self.raster(self.order.made_at[tensor])
        if len(readers) != 1 or raster.sums:
            return False
        reader, reach = readers[0]
        made_by_operators = [r.tensor for r in self.raster(reader).reads if self.order.made_at[r.tensor] >= 0]
        if made_by_operators[-1:] != [tensor]:  # another may be made between
            return False
        made, done = self._ends(position), self._ends(reader)
        produced = rounded_up(reach.needed[done], raster.pixels, raster.row, self.runs[position])
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
