"""The memory that a simulation runs in: one bytearray, laid out by the plan, poisoned where nothing lives."""

from __future__ import annotations

import numpy as np

from graph.types import DType, Graph
from memory_planner.types import Plan

POISON_SEED = 6_291_456


class Arena:
    """The bytes of one inference at a time, and every tensor as a view into them.

    Bytes that no live tensor owns hold a fixed pseudo-random pattern: all of them before a run, a tensor's
    own once its lifetime has ended. A plan that lets two tensors meet, or frees one too early, changes the
    bits. State that outlives an inference is no part of the arena; it is zero when an inference begins, which
    for int8 is its zero point.
    """

    def __init__(self, graph: Graph, plan: Plan) -> None:
        self.memory = bytearray(plan.arena_bytes)
        self._bytes = np.frombuffer(self.memory, np.uint8)
        self._poison = np.random.default_rng(POISON_SEED).integers(0, 256, plan.arena_bytes, np.uint8)
        self.views: dict[int, np.ndarray] = {}
        self._freed: list[list[slice]] = [[] for _ in plan.schedule.steps]
        for buffer, offset in zip(plan.buffers, plan.offsets, strict=True):
            tensor = graph.tensors[buffer.tensor]
            owned = slice(offset, offset + buffer.size_bytes)
            self.views[buffer.tensor] = self._bytes[owned].view(tensor.dtype.numpy).reshape(tensor.shape)
            if buffer.lifetime.end <= len(self._freed):
                self._freed[buffer.lifetime.end - 1].append(owned)
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
        self._bytes[...] = self._poison
        for index, values in self._state.items():
            values.fill(self._zeros[index])

    def free(self, step: int) -> None:
        """Poison what nobody may read once `step` is over."""
        for owned in self._freed[step]:
            self._bytes[owned] = self._poison[owned]
