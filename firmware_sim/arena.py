"""The memory that a simulation runs in: one bytearray, laid out by the plan, poisoned where nothing lives."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from graph.types import DType, Graph
from memory_planner.types import Plan

# The pattern stays in a cache, where one as long as the arena would not.
POISON = np.random.default_rng(6_291_456).integers(0, 256, 1 << 12, np.uint8)

_Patterns = tuple[np.ndarray, np.ndarray]


def _in_patterns(memory: np.ndarray) -> _Patterns:
    """Memory as rows as long as the pattern, and the rest of it."""
    rest = len(memory) % len(POISON)
    return memory[: len(memory) - rest].reshape(-1, len(POISON)), memory[len(memory) - rest :]


def _poison(memory: Iterable[_Patterns]) -> None:
    for rows, rest in memory:
        rows[...] = POISON
        rest[...] = POISON[: len(rest)]


class Arena:
    """The bytes of one inference at a time, and every tensor as a view into them.

    Where a plan has several arenas, one for each memory, they lie one after another in `memory`.

    Bytes that no live tensor owns hold a fixed pseudo-random pattern: all of them before a run, a tensor's
    own once its lifetime has ended. A plan that lets two tensors meet, or frees one too early, changes the
    bits. State that outlives an inference is no part of the arena; it is zero when an inference begins, which
    for int8 is its zero point.
    """

    def __init__(self, graph: Graph, plan: Plan) -> None:
        self.memory = bytearray(plan.arena_bytes)
        self._bytes = np.frombuffer(self.memory, np.uint8)
        self.views: dict[int, np.ndarray] = {}
        self._all = _in_patterns(self._bytes)
        self._freed: list[list[_Patterns]] = [[] for _ in plan.schedule.steps]
        self._kept: list[_Patterns] = []
        self._is_poisoned = False  # but for what is kept
        for buffer, offset in zip(plan.buffers, plan.places, strict=True):
            tensor = graph.tensors[buffer.tensor]
            owned = self._bytes[offset : offset + buffer.size_bytes]
            self.views[buffer.tensor] = owned.view(tensor.dtype.numpy).reshape(tensor.shape)
            is_freed = buffer.lifetime.end <= len(self._freed)
            to = self._freed[buffer.lifetime.end - 1] if is_freed else self._kept
            to.append(_in_patterns(owned))
        self._state = {
            t.index: np.zeros(t.shape, t.dtype.numpy)
            for t in graph.tensors
            if t.is_variable and not t.is_constant
        }
        self._zeros = {
            t.index: t.quant.zero_point if t.dtype is DType.INT8 and t.quant and t.quant.zero_points else 0
            for t in graph.tensors
        }
        self.views |= self._state

    def reset(self) -> None:
        """As before any inference."""
        _poison(self._kept if self._is_poisoned else [self._all])
        self._is_poisoned = False
        for index, values in self._state.items():
            values.fill(self._zeros[index])

    def free(self, step: int) -> None:
        """Poison what nobody may read once `step` is over."""
        _poison(self._freed[step])
        self._is_poisoned = step == len(self._freed) - 1
