"""What no order of a graph can go below."""

from __future__ import annotations

from collections.abc import Iterable

from memory_planner.order_blocks import Flow


def any_order_bytes(flow: Flow) -> int:
    """A lower bound of the peak of every order: what must be alive, in any of them, when some operator runs.

    Made by then are the graph's inputs and what v and its ancestors write; still needed are the graph's
    outputs and what v and its descendants read. What is both, and all that v writes, is alive in v's step.
    Two more, each a least over several operators:

    - when the last reader of a tensor runs, all other readers have: made is what any of them needs made;
    - when the first writer of an operator's inputs runs, no other has: needed is what any of them needs.
    """
    made, needed = _made(flow), _needed(flow)

    def alive(v: int, made_by: Iterable[int], needed_by: Iterable[int]) -> int:
        is_made = frozenset().union(*(made[u] for u in made_by))
        is_needed = flow.kept.union(*(needed[u] for u in needed_by))
        return sum(flow.size[t] for t in (is_made & is_needed) | flow.writes[v])

    bound = max((alive(v, [v], [v]) for v in range(len(made))), default=0)
    groups = {readers for readers in flow.readers.values() if len(readers) > 1}
    for readers in sorted(groups, key=sorted):
        bound = max(bound, min(alive(v, readers, [v]) for v in readers))
    groups = {before for before in flow.before if len(before) > 1}
    for writers in sorted(groups, key=sorted):
        bound = max(bound, min(alive(v, [v], writers) for v in writers))
    return max(bound, flow.start_bytes + flow.unread_bytes + _least_write(flow))


def _least_write(flow: Flow) -> int:
    """Bytes that the first step writes at least."""
    first = (v for v, before in enumerate(flow.before) if not before)
    return min((sum(flow.size[t] for t in flow.writes[v]) for v in first), default=0)


def _made(flow: Flow) -> list[frozenset[int]]:
    """Tensors that exist by the end of each operator's step in every order."""
    made: list[frozenset[int]] = []
    for v, before in enumerate(flow.before):
        made.append(flow.inputs.union(flow.writes[v], *(made[u] for u in before)))
    return made


def _needed(flow: Flow) -> list[frozenset[int]]:
    """Tensors that each operator or what depends on it reads."""
    needed = [set(reads) for reads in flow.reads]
    for v in reversed(range(len(needed))):
        for u in flow.before[v]:
            needed[u] |= needed[v]
    return [frozenset(tensors) for tensors in needed]
