"""The memory that a simulation runs in: one bytearray, laid out by the plan, poisoned where nothing lives."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from graph.types import DType, Graph
from memory_planner.types import Plan, Role

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


_Range = tuple[int, int]


def _kept(plan: Plan) -> list[_Range]:
    """Bytes of what is alive to the end."""
    placed = zip(plan.buffers, plan.places, strict=True)
    return [(o, o + b.size_bytes) for b, o in placed if b.lifetime.end >= len(plan.schedule.steps)]


def _freed(plan: Plan, step: int) -> list[_Range]:
    """Bytes that nothing owns any more once `step` is over: a buffer may end where its successor lies."""
    placed = [(b.lifetime, o, o + b.size_bytes) for b, o in zip(plan.buffers, plan.places, strict=True)]
    left = sorted((low, high) for life, low, high in placed if life.start <= step < life.end - 1)
    if step + 1 == len(plan.schedule.steps):
        left = sorted(_kept(plan))
    freed = []
    for begin, end in ((low, high) for life, low, high in placed if life.end == step + 1):
        for low, high in left:
            if begin < min(low, end):
                freed.append((begin, min(low, end)))
            begin = max(begin, high)
        if begin < end:
            freed.append((begin, end))
    return freed


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
        self.owned: dict[tuple[int, Role], np.ndarray] = {}
        self._all = _in_patterns(self._bytes)
        for buffer, offset in zip(plan.buffers, plan.places, strict=True):
            tensor = graph.tensors[buffer.tensor]
            owned = self._bytes[offset : offset + buffer.size_bytes]
            self.owned[buffer.tensor, buffer.role] = owned
            if buffer.role is Role.WHOLE:
                self.views[buffer.tensor] = owned.view(tensor.dtype.numpy).reshape(tensor.shape)
        steps = len(plan.schedule.steps)
        self._freed = [self._patterns(_freed(plan, step)) for step in range(steps)]
        self._kept = self._patterns(_kept(plan))
        self._is_poisoned = False  # but for what is kept
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

    def _patterns(self, ranges: Iterable[tuple[int, int]]) -> list[_Patterns]:
        return [_in_patterns(self._bytes[low:high]) for low, high in ranges]

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
