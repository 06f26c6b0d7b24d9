"""The order of blocks with the smallest peak: over sets of blocks that have run, the least peak first.

The sets are bitmasks. A state's value is the least peak over the ways to it, never below the bound M, which
rises to the value of the state that is taken. What keeps the states few (notation and submodularity are those
of order_blocks.py):

*At once.* Where a block can run from T within M and leaves no more alive than it found, it does, and nothing
else is tried from T. Any completion of T can be changed to begin with it: what it passes then stands on no
more bytes than before, and its own step is within M.

*Valleys.* Once a state A is taken with live(A) <= live(S), where S is the last committed state, let B be the
smallest set between S and A with the least live (or A itself, where that is S). All other states are dropped:
some best order goes through B. For on the way to A each T has live(B & T) <= live(B) + live(T) - live(B | T)
<= live(T), so B can be reached within M too, by the same way without what is not in B. And for every T that
follows S, live(B | T) <= live(B) + live(T) - live(B & T) <= live(T), so that any completion of S can be
changed to first go to B and then on as it did.

*Bottlenecks.* Where all blocks but one are before or after it, every order goes through the set before it and
the set with it: the parts are solved one after the other.

Inputs that nobody reads weigh on the first step, whichever it is: where there are any, the beginning is no S.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush

from memory_planner.order_blocks import Block, Flow
from memory_planner.order_valley import valley

# A state of the beam or of the search: live bytes, and the blocks that may run next as a bitmask.
_Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Move:
    """A block ready to be run: steps between which shared tensors may die, each with its readers' bitmask."""

    steps: tuple[tuple[int, tuple[tuple[int, int], ...]], ...]
    net: int


@dataclass(frozen=True, slots=True)
class Found:
    """Blocks in their order, None where no order stays below the limit; `bound_bytes` no order goes below.

    `is_complete` says whether the search ended by itself.
    """

    blocks: list[int] | None
    bound_bytes: int
    is_complete: bool


class Moves:
    """What may follow what, for blocks in a topological order."""

    def __init__(self, flow: Flow, blocks: list[Block]) -> None:
        block_of = {op: b for b, block in enumerate(blocks) for op in block.ops}
        self.count = len(blocks)
        self.start_bytes = flow.start_bytes
        self.unread_bytes = flow.unread_bytes
        self.before = [0] * self.count
        self.after: list[list[int]] = [[] for _ in blocks]
        for b, block in enumerate(blocks):
            for u in sorted({block_of[u] for op in block.ops for u in flow.before[op]} - {b}):
                self.before[b] |= 1 << u
                self.after[u].append(b)
        readers = {t: sum(1 << b for b in {block_of[v] for v in ops}) for t, ops in flow.readers.items()}
        shared: dict[int, int] = {}
        for t, mask in readers.items():
            if t not in flow.kept and mask.bit_count() > 1:
                shared[mask] = shared.get(mask, 0) + flow.size[t]
        self.shared = sorted(shared.items())
        self.moves = [_move(flow, block, readers) for block in blocks]
        self.cut = self._bottlenecks()
        self.first = sum(1 << b for b, before in enumerate(self.before) if not before)

    def next_of(self, state: int, place: _Place, floor: int) -> list[tuple[int, int, int]]:
        """(block, peak of its steps, bytes alive after it) for all that need be tried from `state`.

        That is one alone where the rule "at once" holds with M = `floor`.
        """
        live, ready = place
        tried = []
        unread = 0 if state else self.unread_bytes
        while ready:
            bit = ready & -ready
            ready ^= bit
            b = bit.bit_length() - 1
            move = self.moves[b]
            to_run = ~(state | bit)
            base, peak = live, live + unread
            for i, (hill, shared) in enumerate(move.steps):
                top = base + hill + (0 if i else unread)
                if top > peak:
                    peak = top
                for readers, size in shared:
                    if not readers & to_run:
                        base -= size
            after = base + move.net
            if after <= live and peak <= floor:
                return [(b, peak, after)]
            tried.append((b, peak, after))
        return tried

    def ready_after(self, state: int, ready: int, b: int) -> int:
        """The blocks that may run once `b` has; `state` is with it."""
        ready ^= 1 << b
        for c in self.after[b]:
            if not self.before[c] & ~state:
                ready |= 1 << c
        return ready

    def _bottlenecks(self) -> set[int]:
        """How many blocks have run in the states that every order goes through."""
        ancestors, descendants = list(self.before), [0] * self.count
        for b in range(self.count):
            for c in self.after[b]:
                ancestors[c] |= ancestors[b]
        for b in reversed(range(self.count)):
            for c in self.after[b]:
                descendants[b] |= descendants[c] | 1 << c
        cut: set[int] = set()
        for above, below in zip(ancestors, descendants, strict=True):
            earlier = above.bit_count()
            if earlier + below.bit_count() == self.count - 1:
                cut |= {earlier, earlier + 1}
        return cut


def _move(flow: Flow, block: Block, readers: dict[int, int]) -> Move:
    steps: list[tuple[int, tuple[tuple[int, int], ...]]] = []
    hill = 0
    last = len(block.ops) - 1
    for i, (step, frees) in enumerate(zip(block.hills, block.frees, strict=True)):
        hill = max(hill, step)
        if frees or i == last:
            shared = tuple((readers[t], flow.size[t]) for t in sorted(frees, key=readers.__getitem__))
            steps.append((hill, shared))
            hill = 0
    return Move(tuple(steps), block.net)


def beam(moves: Moves, floor: int, width: int) -> tuple[int, list[int]]:
    """Peak and blocks of a good order: after each block, the `width` sets of least peak, then bytes, stay."""
    level: dict[int, tuple[int, int, int]] = {0: (floor, moves.start_bytes, moves.first)}
    history: list[dict[int, int]] = []
    for _ in range(moves.count):
        best: dict[int, tuple[int, int, int, int]] = {}
        for state, (value, live, ready) in level.items():
            for b, peak, after in moves.next_of(state, (live, ready), value):
                into = state | 1 << b
                reached = max(value, peak)
                if into not in best or reached < best[into][0]:
                    best[into] = (reached, after, b, moves.ready_after(into, ready, b))
        kept = sorted(best, key=lambda s: (best[s][:2], s))[:width]
        level = {s: (best[s][0], best[s][1], best[s][3]) for s in kept}
        history.append({s: best[s][2] for s in kept})
    ((state, (value, _, _)),) = level.items()
    blocks = []
    for came_by in reversed(history):
        blocks.append(came_by[state])
        state ^= 1 << came_by[state]
    return value, blocks[::-1]


def search(moves: Moves, floor: int, ceiling: int, limit: int) -> Found:
    """The best order with a peak below `ceiling`; `floor` is a bound of every order; `limit` states are made.

    The bound of a search that did not end is M: all states within less were taken in vain.
    """
    base, places = 0, {0: (moves.start_bytes, moves.first)}
    values, came_by = {0: floor}, dict[int, int]()
    queue = [(floor, 0, 0)]
    made = 0
    while queue:
        value, count, state = heappop(queue)
        if value > values[state]:
            continue
        if count == moves.count:
            return Found(_way(came_by, state), value, is_complete=True)
        place = places[state]
        if count in moves.cut:
            base, queue, values = state, [], {state: value}
        elif state != base and place[0] <= places[base][0] and (base or not moves.unread_bytes):
            base = descend(moves, base, state, places, came_by)
            queue, values = [(value, base.bit_count(), base)], {base: value}
            continue
        for b, peak, after in moves.next_of(state, place, value):
            reached, into = max(value, peak), state | 1 << b
            if reached >= values.get(into, ceiling):
                continue
            if into not in values:
                made += 1
            if made > limit:
                return Found(None, value, is_complete=False)
            places[into] = after, moves.ready_after(into, place[1], b)
            values[into], came_by[into] = reached, b
            heappush(queue, (reached, count + 1, into))
    return Found(None, ceiling, is_complete=True)


def descend(moves: Moves, base: int, target: int, places: dict[int, _Place], came_by: dict[int, int]) -> int:
    """The valley between the two; the way to it is that to `target` without what is not in it."""
    deepest = valley(base, target, moves.before, [m.net for m in moves.moves], moves.shared)
    if deepest == base:
        return target
    for b in _way(came_by, target, base):
        if deepest >> b & 1:
            live, ready = places[base]
            ((_, _, after),) = moves.next_of(base, (live, 1 << b), floor=-1)
            base |= 1 << b
            places[base], came_by[base] = (after, moves.ready_after(base, ready, b)), b
    return base


def _way(came_by: dict[int, int], state: int, base: int = 0) -> list[int]:
    """The blocks that led from `base` to `state`, first to last."""
    blocks = []
    while state != base:
        blocks.append(came_by[state])
        state ^= 1 << came_by[state]
    return blocks[::-1]
