"""Of all sets between two, the one after which least is alive: a minimum cut.

Source: Picard, "Maximal closure of a graph and applications to combinatorial problems", 1976.
"""

from __future__ import annotations

from collections.abc import Sequence

Network = dict[int, dict[int, int]]

SOURCE, SINK = -1, -2


def valley(
    base: int, target: int, before: Sequence[int], net: Sequence[int], shared: Sequence[tuple[int, int]]
) -> int:
    """The smallest set (a bitmask) within `target` and with all of `base` that leaves least alive.

    `before[b]` is what block b waits for, `net[b]` what it adds to what is alive; each of `shared` is the
    bytes that die once all blocks of a mask have run. Running a block costs its net, the death of shared
    bytes earns them and needs their readers, each block needs those before it: the best closed set of costs
    and earnings is what a minimum cut leaves on the source's side.

    >>> bin(valley(0, 0b111, [0, 0b1, 0b11], [5, -7, 3], []))
    '0b11'
    """
    rest = target & ~base
    without_end = 1 + sum(size for _, size in shared) + sum(map(abs, net))
    network: Network = {SOURCE: {}, SINK: {}}
    for b in _members(rest):
        network[b] = dict.fromkeys(_members(before[b] & rest), without_end)
        if net[b] < 0:
            network[SOURCE][b] = -net[b]
        else:
            network[b][SINK] = net[b]
    for i, (readers, size) in enumerate(shared, start=len(net)):
        if readers & ~base and not readers & ~target:
            network[i] = dict.fromkeys(_members(readers & rest), without_end)
            network[SOURCE][i] = size
    return base | sum(1 << b for b in _source_side(network) if 0 <= b < len(net))


def _source_side(network: Network) -> set[int]:
    """What can still be reached from the source once no more flows from it to the sink."""
    while True:
        came_by, queue = {SOURCE: SOURCE}, [SOURCE]
        for u in queue:
            for v, room in network[u].items():
                if room and v not in came_by:
                    came_by[v] = u
                    queue.append(v)
        if SINK not in came_by:
            return set(came_by)
        way, v = [], SINK
        while v != SOURCE:
            way.append((came_by[v], v))
            v = came_by[v]
        flow = min(network[u][v] for u, v in way)
        for u, v in way:
            network[u][v] -= flow
            network[v][u] = network[v].get(u, 0) + flow


def _members(mask: int) -> list[int]:
    found = []
    while mask:
        bit = mask & -mask
        found.append(bit.bit_length() - 1)
        mask ^= bit
    return found
