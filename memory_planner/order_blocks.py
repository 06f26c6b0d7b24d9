"""A graph as blocks: runs of operators that some best order keeps together, and what each costs.

Notation: T is a set of operators that has run (with each also what it depends on), live(T) the bytes alive
after it, and the step of operator v after T takes live(T) + the bytes that v writes. For one tensor,
alive = [its writer is in T] - [all its readers are in T], so live is submodular:

    live(T + A) - live(T) <= live(S + A) - live(S)   wherever S is within T and A can follow both

that is, what a run of operators adds only shrinks when others have run before it. Every proof here and in
order_search.py rests on that line.
"""

from __future__ import annotations

from dataclasses import dataclass

from graph.op_kind import OpKind
from graph.types import Graph, Op
from memory_planner.types import aligned

# State that no tensor of the graph shows: these keep the file's order, as all that touches state does.
_HIDDEN_STATE = frozenset(
    kind
    for kind in OpKind
    if kind.value.startswith(("HASHTABLE", "RANDOM_"))
    or kind.value.endswith(("_VARIABLE", "RNG_BIT_GENERATOR"))
) | {OpKind.VAR_HANDLE, OpKind.CALL_ONCE, OpKind.CALL, OpKind.IF, OpKind.WHILE, OpKind.MULTINOMIAL}


@dataclass(frozen=True, slots=True)
class Flow:
    """Which operator reads and writes which tensor of the arena; lists run parallel to the graph's operators.

    `kept` are the graph's outputs, `start_bytes` the inputs that somebody reads or that are outputs too;
    `unread_bytes` the other inputs, which the first step holds and no later one. `before[v]` is all that v
    depends on directly.
    """

    size: dict[int, int]
    reads: list[frozenset[int]]
    writes: list[frozenset[int]]
    readers: dict[int, frozenset[int]]
    inputs: frozenset[int]
    kept: frozenset[int]
    before: list[frozenset[int]]
    start_bytes: int
    unread_bytes: int


def flow_of(graph: Graph, alignment_bytes: int) -> Flow:
    """What an order of `graph` must obey and what its tensors weigh, each rounded up to the alignment.

    Raises: ModelError where a tensor has no fixed size.
    """
    named = {*graph.inputs, *(t for op in graph.ops for t in op.outputs)}
    arena = {t for t in named if not graph.tensors[t].is_constant and not graph.tensors[t].is_variable}
    size = {t: aligned(graph.tensors[t].size_bytes, alignment_bytes) for t in arena}
    writer = {t: op.index for op in graph.ops for t in op.outputs}
    readers: dict[int, set[int]] = {t: set() for t in arena}
    before: list[frozenset[int]] = []
    last_with_state: set[int] = set()
    for op in graph.ops:
        for t in arena.intersection(op.inputs):
            readers[t].add(op.index)
        needs = {writer[t] for t in op.inputs if t in arena and t in writer}
        if _touches_state(graph, op):
            needs |= last_with_state
            last_with_state = {op.index}
        before.append(frozenset(needs))
    inputs, kept = arena.intersection(graph.inputs), arena.intersection(graph.outputs)
    lasting = {t for t in inputs if readers[t] or t in kept}
    return Flow(
        size=size,
        reads=[frozenset(arena.intersection(op.inputs)) for op in graph.ops],
        writes=[frozenset(arena.intersection(op.outputs)) for op in graph.ops],
        readers={t: frozenset(ops) for t, ops in readers.items()},
        inputs=frozenset(inputs),
        kept=frozenset(kept),
        before=before,
        start_bytes=sum(size[t] for t in lasting),
        unread_bytes=sum(size[t] for t in inputs - lasting),
    )


def _touches_state(graph: Graph, op: Op) -> bool:
    touched = (graph.tensors[t] for t in (*op.inputs, *op.outputs) if t >= 0)
    return op.kind in _HIDDEN_STATE or any(t.is_variable for t in touched)


@dataclass(frozen=True, slots=True)
class Block:
    """Operators that run one right after the other, and their bytes relative to what was alive before.

    `hills[i]` is operator i's step and `net` what is alive afterwards, where no shared tensor dies: one from
    outside that others read as well. `frees[i]` are the shared tensors that die with operator i if all other
    readers have run. So the tallest step lies between `low_hill` (all die) and `high_hill` (none does), and
    what is left between `low_net` and `net`.
    """

    ops: tuple[int, ...]
    hills: tuple[int, ...]
    frees: tuple[tuple[int, ...], ...]
    net: int
    low_net: int
    low_hill: int
    high_hill: int


def block_of(flow: Flow, ops: tuple[int, ...]) -> Block:
    """The block that runs `ops` in this order."""
    inside = frozenset(ops)
    last_use = {t: i for i, op in enumerate(ops) for t in flow.reads[op] | flow.writes[op]}
    made: set[int] = set()
    hills, frees = [], []
    net = freed = low_hill = 0
    for i, op in enumerate(ops):
        made |= flow.writes[op]
        net += sum(flow.size[t] for t in flow.writes[op])
        hills.append(net)
        low_hill = max(low_hill, net - freed)
        dying = [t for t in flow.reads[op] | flow.writes[op] if last_use[t] == i and t not in flow.kept]
        net -= sum(flow.size[t] for t in dying if flow.readers[t] <= inside)
        shared = tuple(t for t in dying if t not in made and not flow.readers[t] <= inside)
        freed += sum(flow.size[t] for t in shared)
        frees.append(shared)
    return Block(ops, tuple(hills), tuple(frees), net, net - freed, low_hill, max(hills))


def follows_at_once(first: Block, second: Block) -> bool:
    """Whether `second`, which waits for `first` alone, may as well run right after it.

    It must leave no more alive than it found, and stand no taller there than `first` does. Moved forward in
    any order, it then lowers live(T) for what it passes, and its own steps are no higher than `first` stood.
    """
    return second.net <= 0 and first.net + second.high_hill <= first.low_hill


def waits_for_its_reader(first: Block, second: Block) -> bool:
    """Whether `first`, for which `second` alone waits, may as well run right before it.

    It must leave no less alive than it found, and stand no taller there than `second` does. Moved back in any
    order, it then lowers live(T) for what it passes, and its own steps are no higher than `second` stands.
    """
    return first.low_net >= 0 and first.high_hill <= first.low_net + second.low_hill


def contracted(flow: Flow) -> list[Block]:
    """Blocks in a topological order, by the two rules above until neither applies.

    With inputs that nobody reads the first step is special and no rule holds: each operator is a block.
    """
    blocks = {v: block_of(flow, (v,)) for v in range(len(flow.before))}
    if flow.unread_bytes:
        return list(blocks.values())
    before = {v: set(needs) for v, needs in enumerate(flow.before)}
    after: dict[int, set[int]] = {v: set() for v in before}
    for v, needs in before.items():
        for u in needs:
            after[u].add(v)
    queue = list(blocks)
    while queue:
        u = queue.pop(0)
        if u not in blocks:
            continue
        for v in sorted(after[u]):
            if (before[v] == {u} and follows_at_once(blocks[u], blocks[v])) or (
                after[u] == {v} and waits_for_its_reader(blocks[u], blocks[v])
            ):
                blocks[u] = block_of(flow, (*blocks[u].ops, *blocks[v].ops))
                _join(u, v, before, after)
                del blocks[v]
                queue += [u, *sorted(before[u])]
                break
    return _sorted(blocks, before)


def _join(u: int, v: int, before: dict[int, set[int]], after: dict[int, set[int]]) -> None:
    """Make u of u and v in both maps."""
    for w in before.pop(v) - {u}:
        after[w].remove(v)
        after[w].add(u)
        before[u].add(w)
    after[u].remove(v)
    for w in after.pop(v):
        before[w].remove(v)
        before[w].add(u)
        after[u].add(w)


def _sorted(blocks: dict[int, Block], before: dict[int, set[int]]) -> list[Block]:
    order: list[int] = []
    waiting = sorted(blocks)
    while waiting:
        v = next(v for v in waiting if before[v].issubset(order))
        waiting.remove(v)
        order.append(v)
    return [blocks[v] for v in order]
