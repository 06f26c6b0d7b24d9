"""Compiled depth-first search for a packing under a height; imported only where the heuristics leave a gap.

Time is cut into sections, in each of which the same buffers are alive. Buffers are placed by rising offset,
each at its least: on the arena's floor, or on top of one that is placed. Of the packings under a height,
those whose offsets have the least sum are such sequences, and one of them is never among what is left out:

- where a section cannot hold what is to come: for some offset r, r and the sizes of what cannot lie lower;
- where a buffer would fit whole below the next offset, since moving it there lessens the sum;
- where a state was searched before: what is unplaced, the least offset of each, and which come too late;
- after a buffer on which nothing unplaced rests, all that would place another instead of it;
- of buffers alike in size and lifetime, all but one order.

Ranges of sections that no unplaced buffer joins are searched apart, each ranked anew.

Source: Moffitt, "MiniMalloc: A Lightweight Memory Allocator for Hardware-Accelerated Machine Learning", 2023,
for rising offsets, sections, dominance, ranges and ranks. The bound at every offset and the table of states
are this project's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from memory_planner.heights import EXHAUSTED, FOUND, OUT_OF_NODES

# Columns of `features`, by which buffers are ranked, the larger first. Two are made in the search: the most
# that any of a buffer's sections has yet to hold, and the most often that one of them could not.
AREA, WIDTH, SIZE, TOTAL, TROUBLE = range(5)
FEATURES = 5

# Columns of a frame: one level of the search.
_BASE, _COUNT, _FIRST, _LAST, _FLOOR, _FROM, _CHOSEN, _OFFSET, _CEILING, _CARRIES, _NEXT, _SPLIT = range(12)
FRAME = 12

_ENTER, _TRY, _BACK = range(3)

Ints = NDArray[np.int64]


class Problem(NamedTuple):
    """Buffers by index: their size, the half-open range of sections they span, and which is like them.

    `twins` holds the nearest lower index of a buffer of the same size and range, or -1.
    """

    sizes: Ints
    first: Ints
    last: Ints
    twins: Ints
    features: Ints


class Work(NamedTuple):
    """What the search changes; restored when it ends, but for `offsets` where it found a packing.

    `members`, `least` and `falling` are stacks of lists, one list a frame: the unplaced buffers by rank, the
    least offset of each, and the positions in that list by falling least offset. `totals` and `joins` are, by
    section, the unplaced bytes and how many unplaced buffers go on into the next section.
    """

    members: Ints
    least: Ints
    falling: Ints
    frames: Ints
    keys: NDArray[np.uint64]
    heaped: Ints
    totals: Ints
    joins: Ints
    trouble: Ints
    unplaced: Ints
    lowest: Ints
    offsets: Ints


def _compiled(function: Callable[..., Any]) -> Any:
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:  # no folder to keep it in: compiled anew in each process
        return njit(nogil=True)(function)


@_compiled
def _open(
    work: Work, depth: int, base: int, count: int, first: int, last: int, floor: int, start: int
) -> None:
    frame = work.frames[depth]
    frame[_BASE], frame[_COUNT], frame[_FIRST], frame[_LAST] = base, count, first, last
    frame[_FLOOR], frame[_FROM], frame[_CHOSEN], frame[_OFFSET] = floor, start, -1, -1


@_compiled
def _rank(problem: Problem, work: Work, ranking: Ints, base: int, count: int) -> None:
    """Sort a list of members by the columns of `ranking`, the larger first, then by index."""
    for k in range(base, base + count):
        b = work.members[k]
        total = trouble = 0
        for section in range(problem.first[b], problem.last[b]):
            total = max(total, work.totals[section])
            trouble = max(trouble, work.trouble[section])
        problem.features[b, TOTAL], problem.features[b, TROUBLE] = total, trouble
        at = k
        while at > base:
            a = work.members[at - 1]
            difference = a - b
            for column in ranking:
                if problem.features[a, column] != problem.features[b, column]:
                    difference = problem.features[b, column] - problem.features[a, column]
                    break
            if difference < 0:
                break
            work.members[at] = a
            at -= 1
        work.members[at] = b


@_compiled
def _open_range(
    problem: Problem, work: Work, ranking: Ints, depth: int, base: int, first: int, last: int, floor: int
) -> int:
    """Open a frame for the unplaced buffers of sections first to last; how many there are."""
    count = 0
    for b in range(len(problem.sizes)):
        if work.unplaced[b] and first <= problem.first[b] < last:
            work.members[base + count] = b
            count += 1
    _rank(problem, work, ranking, base, count)
    for k in range(count):
        b = work.members[base + k]
        offset = work.lowest[b]
        work.least[base + k] = offset
        at = base + k
        while at > base and work.least[base + work.falling[at - 1]] < offset:
            work.falling[at] = work.falling[at - 1]
            at -= 1
        work.falling[at] = k
    _open(work, depth, base, count, first, last, floor, 0)
    return count


@_compiled
def _open_next(problem: Problem, work: Work, ranking: Ints, depth: int) -> bool:
    """Open the next range that the frame's placement leaves to be searched, if one is left."""
    frame = work.frames[depth]
    below = frame[_BASE] + frame[_COUNT]
    count = frame[_COUNT] - 1
    if not frame[_SPLIT]:
        if frame[_NEXT] == frame[_LAST] or count == 0:
            return False
        frame[_NEXT] = frame[_LAST]
        _open(work, depth + 1, below, count, frame[_FIRST], frame[_LAST], frame[_OFFSET], frame[_CHOSEN])
        return True
    while frame[_NEXT] < frame[_LAST]:
        first = last = frame[_NEXT]
        while last < frame[_LAST] - 1 and work.joins[last]:
            last += 1
        last += 1
        frame[_NEXT] = last
        for k in range(below, below + count):
            work.lowest[work.members[k]] = work.least[k]
        if _open_range(problem, work, ranking, depth + 1, below + count, first, last, frame[_OFFSET]):
            return True
    return False


@_compiled
def _mixed(value: Any) -> Any:
    x = np.uint64(value)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@_compiled
def _seen(problem: Problem, work: Work, depth: int, capacity: int, table: NDArray[np.uint64]) -> bool:
    """Whether the frame's state is in the table; makes its key, and the offset that no placement may reach.

    The key is two sums of 64 bits over the unplaced buffers, so that a false hit is less likely than one in
    a million in 10**15 states.
    """
    frame = work.frames[depth]
    base, count, floor, start = frame[_BASE], frame[_COUNT], frame[_FLOOR], frame[_FROM]
    ceiling = capacity + 1
    for section in range(frame[_FIRST], frame[_LAST]):
        ceiling = min(ceiling, capacity + 1 - work.totals[section])
    one = two = _mixed(capacity)
    for k in range(count):
        offset, b = work.least[base + k], work.members[base + k]
        late = offset < floor or (offset == floor and k < start)
        who = np.uint64(2 * b + late)
        one += _mixed(_mixed(offset) + who)
        two += _mixed(_mixed(who) ^ np.uint64(offset))
        ceiling = min(ceiling, offset + problem.sizes[b])
    frame[_CEILING] = ceiling
    work.keys[depth, 0], work.keys[depth, 1] = one, two
    slot = one & np.uint64(len(table) - 1)
    return table[slot, 0] == one and table[slot, 1] == two


@_compiled
def _remember(work: Work, depth: int, table: NDArray[np.uint64]) -> None:
    slot = work.keys[depth, 0] & np.uint64(len(table) - 1)
    table[slot, 0], table[slot, 1] = work.keys[depth, 0], work.keys[depth, 1]


@_compiled
def _choose(problem: Problem, work: Work, depth: int) -> bool:
    """The next buffer to place, by offset and rank; false where all that may be placed were."""
    frame = work.frames[depth]
    chosen, last, floor = frame[_CHOSEN], frame[_OFFSET], frame[_FLOOR]
    if chosen >= 0 and not frame[_CARRIES]:
        return False
    best, lowest = -1, frame[_CEILING]
    for k in range(frame[_COUNT]):
        offset = work.least[frame[_BASE] + k]
        if offset < lowest and (offset > last or (offset == last and k > chosen)):
            late = offset < floor or (offset == floor and k < frame[_FROM])
            twin = problem.twins[work.members[frame[_BASE] + k]]
            if not late and (twin < 0 or not work.unplaced[twin]):
                best, lowest = k, offset
    frame[_CHOSEN], frame[_OFFSET] = best, lowest
    return best >= 0


@_compiled
def _stack(problem: Problem, work: Work, depth: int) -> None:
    """The lists of the frame's child: without the chosen buffer, and those beside it raised to its top."""
    frame = work.frames[depth]
    base, count, chosen = frame[_BASE], frame[_COUNT], frame[_CHOSEN]
    below = base + count
    members, least, falling = work.members, work.least, work.falling
    b = members[base + chosen]
    top, first, last = frame[_OFFSET] + problem.sizes[b], problem.first[b], problem.last[b]
    at, carries = below, 0
    for k in range(count):
        if k != chosen:
            d, offset = members[base + k], least[base + k]
            if offset < top and problem.first[d] < last and first < problem.last[d]:
                offset = top
                carries = 1
            members[at], least[at] = d, offset
            at += 1
    frame[_CARRIES] = carries
    at = i = 0
    while i < count and least[base + falling[base + i]] >= top:
        position = falling[base + i]
        falling[below + at] = position - (position > chosen)
        at += 1
        i += 1
    for k in range(i, count):
        position = falling[base + k] - (falling[base + k] > chosen)
        if falling[base + k] != chosen and least[below + position] == top:
            falling[below + at] = position
            at += 1
    for k in range(i, count):
        position = falling[base + k] - (falling[base + k] > chosen)
        if falling[base + k] != chosen and least[below + position] < top:
            falling[below + at] = position
            at += 1


@_compiled
def _fits(problem: Problem, work: Work, depth: int, capacity: int) -> bool:
    """Whether each section can hold what its unplaced buffers need from each offset upwards."""
    frame = work.frames[depth]
    below, heaped = frame[_BASE] + frame[_COUNT], work.heaped
    for section in range(frame[_FIRST], frame[_LAST]):
        heaped[section] = 0
    for k in range(below, below + frame[_COUNT] - 1):
        position = below + work.falling[k]
        d = work.members[position]
        size, highest = problem.sizes[d], 0
        for section in range(problem.first[d], problem.last[d]):
            heaped[section] += size
            highest = max(highest, heaped[section])
        if max(work.least[position], frame[_OFFSET]) + highest > capacity:
            for section in range(problem.first[d], problem.last[d]):
                work.trouble[section] += heaped[section] == highest
            return False
    return True


@_compiled
def _place(problem: Problem, work: Work, depth: int) -> None:
    frame = work.frames[depth]
    b = work.members[frame[_BASE] + frame[_CHOSEN]]
    work.offsets[b] = frame[_OFFSET]
    work.unplaced[b] = 0
    frame[_NEXT], frame[_SPLIT] = frame[_FIRST], 0
    for section in range(problem.first[b], problem.last[b]):
        work.totals[section] -= problem.sizes[b]
        if section < problem.last[b] - 1:
            work.joins[section] -= 1
            if work.joins[section] == 0:
                frame[_SPLIT] = 1


@_compiled
def _remove(problem: Problem, work: Work, depth: int) -> None:
    frame = work.frames[depth]
    b = work.members[frame[_BASE] + frame[_CHOSEN]]
    work.unplaced[b] = 1
    for section in range(problem.first[b], problem.last[b]):
        work.totals[section] += problem.sizes[b]
        if section < problem.last[b] - 1:
            work.joins[section] += 1


@_compiled
def search(
    problem: Problem, work: Work, ranking: Ints, capacity: int, table: NDArray[np.uint64], limit: int
) -> tuple[int, int]:
    """FOUND with `work.offsets` at or under `capacity`, EXHAUSTED where there is none, or OUT_OF_NODES.

    The second number is how many placements were tried; `limit` bounds it. `table` (slots, 2) may be kept
    for the same problem: its states hold for every ranking, and carry the capacity. Its length is a power
    of two.
    """
    tried, depth, answer, state = 0, 0, EXHAUSTED, _ENTER
    for b in range(len(problem.sizes)):
        work.lowest[b] = 0
    _open_range(problem, work, ranking, 0, 0, 0, len(work.totals), 0)
    while depth >= 0:
        if state == _ENTER:
            if _seen(problem, work, depth, capacity, table):
                answer, state = EXHAUSTED, _BACK
                depth -= 1
            elif tried >= limit:
                answer, state = OUT_OF_NODES, _BACK
                depth -= 1
            else:
                state = _TRY
        elif state == _TRY:
            if _choose(problem, work, depth):
                tried += 1
                _stack(problem, work, depth)
                if _fits(problem, work, depth, capacity):
                    _place(problem, work, depth)
                    answer, state = FOUND, _BACK
            else:
                _remember(work, depth, table)
                answer, state = EXHAUSTED, _BACK
                depth -= 1
        elif answer == FOUND and _open_next(problem, work, ranking, depth):
            depth += 1
            state = _ENTER
        else:
            _remove(problem, work, depth)
            if answer == EXHAUSTED:
                state = _TRY
            else:
                depth -= 1
    return answer, tried
