"""Buffers and constants to the chip's memories: all that fits, at the least cost of moving bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from graph.types import Graph
from memory_planner.assignment import Choice, Relaxation, assign, choices_of
from memory_planner.chip import Chip
from memory_planner.outlook import Outlook
from memory_planner.packing import pack
from memory_planner.rooms import Room, rooms_of
from memory_planner.splitting import Split, splits
from memory_planner.spreading import spread
from memory_planner.traffic import ONCE, Item, Kind, activation_traffic, items_of
from memory_planner.types import MemoryUse, Placement, Plan, Proof, Role, aligned

STEP_LIMIT = 64
"""How many steps, the fullest first, are looked at for a bound."""
SPLIT_LIMIT = 24
"""How many ways to spread the activations are packed, the most promising first."""
UNFIT_LIMIT = 400
"""How many while none has been found beside which the weights fit."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Activations in their rooms; `is_tight` where no way to lay them out takes less beside weights."""

    rooms: tuple[int, ...]
    offsets: tuple[int, ...]
    heights: tuple[int, ...]
    lower_bounds: tuple[int, ...]
    cost: int
    is_tight: bool
    proof: Proof


@dataclass(frozen=True, slots=True)
class _Found:
    """A layout with everything else beside it; costs in parts of a cycle, `_Task.unit` of them."""

    layout: _Layout
    choices: tuple[Choice, ...]
    cost: int


class _Task:
    """What is to be placed and where it may go, memories by position in the chip."""

    def __init__(self, graph: Graph, plan: Plan, chip: Chip, passes: Mapping[int, int]) -> None:
        self.plan = plan
        self.items = items_of(graph, passes)
        self.traffic = activation_traffic(graph, plan.buffers)
        self.sizes = [aligned(b.size_bytes, plan.alignment_bytes) for b in plan.buffers]
        self.rooms, self.unit = rooms_of(chip)
        self.arenas = [k for k, room in enumerate(self.rooms) if room.holds_activations]
        has_state = any(item.kind is Kind.STATE for item in self.items)
        self.wanted = [k for k in self.arenas if has_state or self.rooms[k].runs_weights]
        self._relaxed = Relaxation(sorted(self.items, key=lambda i: -i.density), self.rooms)

    def beside(self, heights: Sequence[int]) -> tuple[Room, ...]:
        """The rooms with arenas of these heights taken off."""
        return tuple(replace(r, bytes=r.bytes - h) for r, h in zip(self.rooms, heights, strict=True))

    def bound(self, cost: int, heights: Sequence[int]) -> int | None:
        """The least cost beside arenas that cost `cost`; None where the rest cannot fit."""
        rest = self._relaxed.bound(0, [room.bytes for room in self.beside(heights)])
        return None if rest is None else cost + rest

    @property
    def rest(self) -> int:
        """What everything but the activations costs at least."""
        return self.bound(0, [0] * len(self.rooms)) or 0

    @property
    def least(self) -> int | None:
        """What nothing costs less than; None where nothing can fit.

        Activations as they may be crowded, and the rest beside none; or what is alive in one step and the
        rest together, cut into bytes, and all other activations where they are cheapest. Where buffers
        overlap, they are in nobody's way here.
        """
        if not self.is_plain:
            cheapest = min(self.rooms[k].activation_cost for k in self.arenas)
            return self.bound(sum(self.traffic) * cheapest, [0] * len(self.rooms))
        apart = Outlook(self.plan.buffers, self.sizes, self.traffic, self.rooms).least
        least = self.bound(apart, [0] * len(self.rooms))
        for step in self._fullest_steps():
            together = self._together(step)
            if least is None or together is None:
                return None
            least = max(least, together)
        return least

    def _fullest_steps(self) -> list[int]:
        alive = {step: self.plan.live_bytes(step) for step in range(len(self.plan.schedule.steps))}
        return sorted(alive, key=lambda step: (-alive[step], step))[:STEP_LIMIT]

    def _together(self, step: int) -> int | None:
        cheapest = min(self.rooms[k].activation_cost for k in self.arenas)
        members, apart = [], 0
        for b, size, traffic in zip(self.plan.buffers, self.sizes, self.traffic, strict=True):
            if size and b.lifetime.start <= step < b.lifetime.end:
                members.append(Item(Kind.STATE, (b.tensor,), -1, size, traffic))
            else:
                apart += traffic * cheapest
        items = sorted((*self.items, *members), key=lambda item: -item.density)
        rest = Relaxation(items, self.rooms).bound(0, [room.bytes for room in self.rooms])
        return None if rest is None else apart + rest

    @property
    def is_plain(self) -> bool:
        """Whether every buffer is whole, and shares no byte with another while it lives."""
        steps = self.plan.schedule.steps
        return all(b.role is Role.WHOLE for b in self.plan.buffers) and not any(s.runs for s in steps)

    @property
    def is_divisible(self) -> bool:
        """Whether buffers may go to several memories.

        A plan whose steps stream or overlap stays in one, as it is: their directions hold for the offsets
        that they were made for.
        """
        return self.is_plain and len(self.arenas) > 1

    def first_splits(self) -> list[Split]:
        """Good ways to spread the buffers, found soon."""
        if not self.is_divisible:
            return []
        found = []
        for rooms, heights in spread(self.plan.buffers, self.sizes, self.traffic, self.rooms):
            cost = sum(t * self.rooms[k].activation_cost for t, k in zip(self.traffic, rooms, strict=True))
            found.append(
                Split(cost, tuple(h if k in self.wanted else 0 for k, h in enumerate(heights)), rooms)
            )
        return sorted(found)

    def whole(self, k: int) -> _Layout:
        """The plan's arena as it is, in the memory at `k`."""

        def at_k(value: int) -> tuple[int, ...]:
            return tuple(value if n == k else 0 for n in range(len(self.rooms)))

        return _Layout(
            rooms=(k,) * len(self.plan.buffers),
            offsets=self.plan.offsets,
            heights=at_k(self.plan.arena_bytes),
            lower_bounds=at_k(self.plan.lower_bound_bytes),
            cost=sum(self.traffic) * self.rooms[k].activation_cost,
            is_tight=True,
            proof=self.plan.proof,
        )

    def packed(self, split: Split) -> _Layout:
        """Each room's buffers packed for themselves."""
        offsets = [0] * len(split.rooms)
        heights, bounds = [0] * len(self.rooms), [0] * len(self.rooms)
        proofs = set()
        for k in sorted(set(split.rooms)):
            mine = [i for i, room in enumerate(split.rooms) if room == k]
            packing = pack([self.plan.buffers[i] for i in mine], self.plan.alignment_bytes)
            heights[k], bounds[k] = packing.height_bytes, packing.lower_bound_bytes
            proofs.add(packing.proof)
            for i, offset in zip(mine, packing.offsets, strict=True):
                offsets[i] = offset
        is_tight = all(
            height <= (split.heights[k] if k in self.wanted else self.rooms[k].bytes)
            for k, height in enumerate(heights)
        )
        proof = next((p for p in (Proof.NONE, Proof.SEARCH) if p in proofs), Proof.LOWER_BOUND)
        return _Layout(
            split.rooms, tuple(offsets), tuple(heights), tuple(bounds), split.cost, is_tight, proof
        )


def placed(graph: Graph, plan: Plan, chip: Chip, passes: Mapping[int, int] = ONCE) -> Plan:
    """`plan` with each buffer and constant in a memory of `chip`; depends on the arguments alone.

    Where one memory holds activations, offsets stay as they are. Where several do, each buffer goes whole to
    one of them, and each has an arena that is packed for itself. What fits comes first, then the fewest
    cycles of moving bytes. `passes` by operator: how often it goes through its constants.
    """
    task = _Task(graph, plan, chip, passes)
    found, proof, least = _best(task)
    if found is None:
        found = _overflowing(task)
        least = found.cost if _overflow_bytes(task, found) else least
    names = [m.name for m in chip.memory]
    where = list(zip(task.items, (names[c.room] for c in found.choices), strict=True))
    placement = Placement(
        memories=tuple(_uses(task, found, chip)),
        buffers=tuple(names[k] for k in found.layout.rooms),
        constants=_by_tensor(where, Kind.WEIGHTS),
        requantization=tuple((item.op, name) for item, name in where if item.op >= 0),
        state=_by_tensor(where, Kind.STATE),
        traffic_cycles=-(-found.cost // task.unit),
        gap_cycles=-(-(found.cost - least) // task.unit),
        proof=proof,
    )
    return replace(
        plan,
        offsets=found.layout.offsets,
        arena_bytes=sum(found.layout.heights),
        lower_bound_bytes=sum(found.layout.lower_bounds),
        proof=found.layout.proof,
        placement=placement,
    )


def _best(task: _Task) -> tuple[_Found | None, Proof, int]:
    """The cheapest of all that fit, what proves it, and what none costs less than."""
    best: _Found | None = None
    least = task.least
    if least is None:
        return None, Proof.SEARCH, 0
    for split in task.first_splits():
        found, _ = _beside(task, task.packed(split), 0)
        if found is not None and (best is None or found.cost < best.cost):
            best = found
    if best is not None and best.cost == least:
        return best, Proof.LOWER_BOUND, least
    ways, is_complete = _ways(task, best)
    still = [] if is_complete else [least]
    for n, (bound, way) in enumerate(ways):
        if best is not None and bound >= best.cost:
            break
        if n >= (SPLIT_LIMIT if best else UNFIT_LIMIT):
            still.append(bound)
            break
        layout = way if isinstance(way, _Layout) else task.packed(way)
        found, thinkable = _beside(task, layout, bound)
        if found is not None and (best is None or found.cost < best.cost):
            best = found
        if thinkable is not None:
            still.append(max(thinkable, least))
    if best is None:
        return None, Proof.NONE if still else Proof.SEARCH, min(still, default=0)
    if best.cost == least:
        return best, Proof.LOWER_BOUND, least
    least = min([best.cost, *still])
    return best, Proof.NONE if least < best.cost else Proof.SEARCH, least


def _ways(task: _Task, best: _Found | None) -> tuple[list[tuple[int, _Layout | Split]], bool]:
    """Ways that may be cheaper than `best`, each with a bound, the least first; whether all are there."""
    ways: list[_Layout | Split]
    if task.is_divisible:
        below = None if best is None else best.cost - task.rest
        found, is_complete = splits(
            task.plan.buffers, task.traffic, task.rooms, task.wanted, task.plan.alignment_bytes, below=below
        )
        ways = list(found)
    else:
        ways, is_complete = [task.whole(k) for k in task.arenas], len(task.arenas) == 1
    bounds = [task.bound(way.cost, way.heights) for way in ways]
    kept = [(bound, way) for bound, way in zip(bounds, ways, strict=True) if bound is not None]
    return sorted(kept, key=lambda pair: (pair[0], pair[1].heights, pair[1].rooms)), is_complete


def _beside(task: _Task, layout: _Layout, bound: int) -> tuple[_Found | None, int | None]:
    """Everything else beside a layout, and what a better one like it might cost (None: there is none)."""
    if any(h > room.bytes for h, room in zip(layout.heights, task.rooms, strict=True)):
        return None, None if layout.is_tight else bound
    rest = assign(task.items, task.beside(layout.heights))
    thinkable = None if rest.is_exact else layout.cost + rest.bound
    if not layout.is_tight:
        thinkable = bound
    if rest.choices is None:
        return None, thinkable
    return _Found(layout, rest.choices, layout.cost + rest.cost), thinkable


def _overflowing(task: _Task) -> _Found:
    """What comes nearest, where nothing that fits was found: the fewest bytes too many."""
    layouts = [task.whole(k) for k in task.arenas]
    layouts += [task.packed(split) for split in task.first_splits()]
    found = [_Found(layout, *_crammed(task, layout)) for layout in layouts]
    return min(found, key=lambda f: (_overflow_bytes(task, f), f.cost))


def _crammed(task: _Task, layout: _Layout) -> tuple[tuple[Choice, ...], int]:
    """The largest first, each where the fewest bytes are too many, then where it is cheapest."""
    left = [room.bytes for room in task.beside(layout.heights)]
    choices: dict[int, Choice] = {}
    for i in sorted(range(len(task.items)), key=lambda i: (-task.items[i].size_bytes, i)):
        size = task.items[i].size_bytes
        added = {
            c: sum(max(0, size - max(0, left[k])) for k in c.taken)
            for c in choices_of(task.items[i], task.rooms)
        }
        choices[i] = min(added, key=lambda c: (added[c], c))
        for k in choices[i].taken:
            left[k] -= size
    ordered = tuple(choices[i] for i in range(len(task.items)))
    return ordered, layout.cost + sum(c.cost for c in ordered)


def _overflow_bytes(task: _Task, found: _Found) -> int:
    taken = list(found.layout.heights)
    for item, choice in zip(task.items, found.choices, strict=True):
        for k in choice.taken:
            taken[k] += item.size_bytes
    return sum(max(0, t - room.bytes) for t, room in zip(taken, task.rooms, strict=True))


def _uses(task: _Task, found: _Found, chip: Chip) -> Iterator[MemoryUse]:
    for k, memory in enumerate(chip.memory):
        here = [(i, c) for i, c in zip(task.items, found.choices, strict=True) if k in c.taken]
        moved = sum(i.traffic_bytes for i, c in here if c.room == k)
        moved += sum(t for t, room in zip(task.traffic, found.layout.rooms, strict=True) if room == k)
        state = sum(i.size_bytes for i, _ in here if i.kind is Kind.STATE)
        yield MemoryUse(
            name=memory.name,
            capacity_bytes=memory.bytes.value,
            reserved_bytes=chip.reserved_bytes(memory.name),
            weights_bytes=sum(i.size_bytes for i, _ in here if i.kind is Kind.WEIGHTS),
            activations_bytes=found.layout.heights[k] + state,
            arena_bytes=found.layout.heights[k],
            traffic_bytes=moved,
        )


def _by_tensor(where: Sequence[tuple[Item, str]], kind: Kind) -> tuple[tuple[int, str], ...]:
    return tuple(sorted((t, name) for item, name in where if item.kind is kind for t in item.tensors))
