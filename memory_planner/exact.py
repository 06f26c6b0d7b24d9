"""The smallest arena of buffers that share no byte in any step: a search under height after height."""

from __future__ import annotations

import math
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from memory_planner import section_search as sections
from memory_planner.effort import Effort
from memory_planner.heights import FOUND, OUT_OF_NODES, lowered
from memory_planner.types import Lifetime

# By which columns buffers are ranked, in turn; what is hard by one may be easy by the next.
_RANKINGS = (
    (sections.TOTAL, sections.WIDTH, sections.AREA),
    (sections.TOTAL, sections.AREA, sections.WIDTH),
    (sections.WIDTH, sections.AREA, sections.TOTAL),
    (sections.TROUBLE, sections.WIDTH, sections.AREA),
    (sections.TROUBLE, sections.SIZE),
)
_SLOTS = 1 << 20
_MOST_BUFFERS = 2000  # the search's stacks take 24 bytes for each pair


def lower(
    sizes: Sequence[int],
    lifetimes: Sequence[Lifetime],
    offsets: Sequence[int],
    capacity: int | None,
    effort: Effort,
) -> tuple[list[int], int]:
    """Offsets of a packing no higher than that of `offsets`, and a height that no packing is lower than.

    The search ends where the two meet or the effort is spent; with a `capacity`, as soon as it is known
    whether there is a packing within.
    """
    best, proven = list(offsets), 0
    for group in sorted(_groups(sizes, lifetimes), key=lambda group: (-group.lower_bound, group.members)):
        high = max(best[i] + sizes[i] for i in group.members)
        proven = max(proven, group.lower_bound)
        if len(group.members) <= _MOST_BUFFERS:
            proven = lowered(group, proven, high, capacity, effort, 4 * len(group.members))
            for i, offset in zip(group.members, group.found or (), strict=False):
                best[i] = offset
    return best, proven


def _groups(sizes: Sequence[int], lifetimes: Sequence[Lifetime]) -> Iterator[Group]:
    """Buffers that are joined in time, apart from all others; without those of no bytes or steps."""
    members: list[int] = []
    end = 0
    for i in sorted(range(len(sizes)), key=lambda i: (lifetimes[i].start, i)):
        if not sizes[i] or lifetimes[i].start >= lifetimes[i].end:
            continue
        if members and lifetimes[i].start >= end:
            yield Group(members, sizes, lifetimes)
            members = []
        end = max(end, lifetimes[i].end) if members else lifetimes[i].end
        members.append(i)
    if members:
        yield Group(members, sizes, lifetimes)


class Group:
    """Buffers that are joined in time, and what is kept between searches for a packing of them."""

    def __init__(
        self, members: Sequence[int], all_sizes: Sequence[int], lifetimes: Sequence[Lifetime]
    ) -> None:
        self.members = tuple(members)
        self.found: list[int] | None = None
        sizes = [all_sizes[i] for i in members]
        starts, ends = [lifetimes[i].start for i in members], [lifetimes[i].end for i in members]
        cuts = _cuts(starts, ends)
        first, last = (np.array([bisect_left(cuts, time) for time in times]) for times in (starts, ends))
        widths = [end - start for start, end in zip(starts, ends, strict=True)]
        areas = [width * size for width, size in zip(widths, sizes, strict=True)]
        twins = []
        alike: dict[tuple[int, int, int], int] = {}
        for i, key in enumerate(zip(sizes, first.tolist(), last.tolist(), strict=True)):
            twins.append(alike.get(key, -1))
            alike[key] = i
        columns = [_ranks(areas), _ranks(widths), _ranks(sizes), [0] * len(sizes), [0] * len(sizes)]
        self.problem = sections.Problem(
            np.array(sizes, np.int64),
            first.astype(np.int64),
            last.astype(np.int64),
            np.array(twins, np.int64),
            np.array(columns, np.int64).T.copy(),
        )
        self.step = math.gcd(*sizes)
        self._sizes = sizes
        self.work = self._new_work(len(cuts))
        self.lower_bound = int(self.work.totals.max())
        self._table = np.zeros((_SLOTS, 2), np.uint64)

    def _new_work(self, count: int) -> sections.Work:
        n, problem = len(self.problem.sizes), self.problem
        totals, joins = np.zeros(count, np.int64), np.zeros(count, np.int64)
        for size, first, last in zip(problem.sizes, problem.first, problem.last, strict=True):
            totals[first:last] += size
            joins[first : last - 1] += 1
        members, least, falling = (np.zeros(n * (n + 1), np.int64) for _ in range(3))
        return sections.Work(
            members=members,
            least=least,
            falling=falling,
            frames=np.zeros((n + 1, sections.FRAME), np.int64),
            keys=np.zeros((n + 1, 2), np.uint64),
            heaped=np.zeros(count, np.int64),
            totals=totals,
            joins=joins,
            trouble=np.zeros(count, np.int64),
            unplaced=np.ones(n, np.int64),
            lowest=np.zeros(n, np.int64),
            offsets=np.zeros(n, np.int64),
        )

    @property
    def height(self) -> int:
        """Of the last packing found."""
        return max(offset + size for offset, size in zip(self.found or (), self._sizes, strict=True))

    def within(self, capacity: int, placements: int, effort: Effort) -> int:
        """FOUND, EXHAUSTED where no packing is as low, or OUT_OF_NODES after `placements` by each ranking."""
        for ranking in _RANKINGS:
            began, limit = time.monotonic(), effort.grant(placements)
            columns = np.array(ranking, np.int64)
            answer, tried = sections.search(self.problem, self.work, columns, capacity, self._table, limit)
            effort.spend(tried, time.monotonic() - began)
            self.work.trouble[:] //= 2
            if answer == FOUND:
                self.found = self.work.offsets.tolist()
            if answer != OUT_OF_NODES:
                return int(answer)
        return OUT_OF_NODES


def _cuts(starts: Sequence[int], ends: Sequence[int]) -> list[int]:
    """When sections begin: at the first start, and at the last of the starts between one end and the next.

    Who is alive only grows until something ends, so the last start before an end has the fullest step.
    """
    events = sorted([(time, 0) for time in set(ends)] + [(time, 1) for time in set(starts)])
    return [time for (time, is_start), (_, goes_on) in pairwise(events) if is_start and not goes_on]


def _ranks(values: Sequence[int]) -> list[int]:
    """Small numbers in the same order as `values`, which may be beyond 64 bits."""
    rank = {value: k for k, value in enumerate(sorted(set(values)))}
    return [rank[value] for value in values]
