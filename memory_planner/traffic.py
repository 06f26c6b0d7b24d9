"""What an inference keeps in memory beside the arena, and how many bytes it moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType

from graph.types import Graph, Op
from memory_planner.types import Buffer, Role

# What our own C keeps for each requantized channel: an int32 multiplier and an int8 shift.
REQUANTIZATION_BYTES_PER_CHANNEL = 4 + 1

ONCE: Mapping[int, int] = MappingProxyType({})


class Kind(StrEnum):
    """What an item is: weights that kernels only read, or state that outlives an inference."""

    WEIGHTS = "weights"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class Item:
    """Bytes that stay where they are for good; `tensors` share them, `op` owns them where there are none.

    `traffic_bytes` is what one inference reads of them, and writes where they are state.
    """

    kind: Kind
    tensors: tuple[int, ...]
    op: int
    size_bytes: int
    traffic_bytes: int

    @property
    def density(self) -> Fraction:
        """How often each byte is moved."""
        return Fraction(self.traffic_bytes, self.size_bytes)


def requantized_channels(graph: Graph, op: Op) -> int:
    """How many multipliers `op` scales its accumulators by: one, or one for each channel of its weights."""
    constants = (graph.tensors[i] for i in op.inputs if i >= 0 and graph.tensors[i].is_constant)
    return max((len(t.quant.scales) for t in constants if t.quant), default=0)


def items_of(graph: Graph, passes: Mapping[int, int] = ONCE) -> tuple[Item, ...]:
    """Constants by the file's buffer, then each operator's requantization, then state.

    An operator goes through its constants once, or `passes[op]` times where it is streamed in several runs.
    """
    readers: dict[int, list[int]] = {}
    for op in graph.ops:
        for tensor in {i for i in op.inputs if i >= 0}:
            readers.setdefault(tensor, []).extend([op.index] * passes.get(op.index, 1))
    shared: dict[int, list[int]] = {}
    for tensor in sorted(readers):
        if graph.tensors[tensor].is_constant:
            shared.setdefault(graph.tensors[tensor].buffer, []).append(tensor)
    items = []
    for tensors in shared.values():
        moved = sum(len(readers[t]) * graph.tensors[t].size_bytes for t in tensors)
        size = graph.tensors[tensors[-1]].size_bytes
        items.append(Item(Kind.WEIGHTS, tuple(tensors), -1, size, moved))
    for op in graph.ops:
        size = REQUANTIZATION_BYTES_PER_CHANNEL * requantized_channels(graph, op)
        items.append(Item(Kind.WEIGHTS, (), op.index, size, size * passes.get(op.index, 1)))
    for t in graph.tensors:
        if t.is_variable and not t.is_constant:
            moved = 2 * len(readers.get(t.index, ())) * t.size_bytes
            items.append(Item(Kind.STATE, (t.index,), -1, t.size_bytes, moved))
    return tuple(item for item in items if item.size_bytes)


def activation_traffic(graph: Graph, buffers: Sequence[Buffer]) -> tuple[int, ...]:
    """Bytes moved in and out of each buffer: its tensor written once and read once by each operator after.

    A ring sees all of its tensor pass, though it holds a part; sums are written and read once each.
    """
    consumers: dict[int, int] = {}
    for op in graph.ops:
        for tensor in {i for i in op.inputs if i >= 0}:
            consumers[tensor] = consumers.get(tensor, 0) + 1
    return tuple(
        2 * b.size_bytes
        if b.role is Role.SUMS
        else graph.tensors[b.tensor].size_bytes * (1 + consumers.get(b.tensor, 0))
        for b in buffers
    )
