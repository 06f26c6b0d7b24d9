"""What an operator's kernel is given, and what it may refuse."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from firmware_sim.numerics import Numerics
from firmware_sim.requantization import CLAMPING
from graph.attrs import Activation
from graph.errors import SixmegError, UnsupportedOperatorError
from graph.types import DType, Graph, Op, QuantParams, Tensor

AttrsT = TypeVar("AttrsT")


class RuntimeAbortError(SixmegError):
    """An input on which the runtimes that are simulated stop with a failed check."""


class Workspace:
    """Scratch memory of one thread: buffers that grow and are kept from picture to picture."""

    def __init__(self) -> None:
        self._buffers: dict[tuple[str, np.dtype], np.ndarray] = {}

    def take(self, slot: str, shape: tuple[int, ...], dtype: np.dtype | type) -> np.ndarray:
        """An uninitialized array; the next call with the same slot and type gives the same memory."""
        key = (slot, np.dtype(dtype))
        count = math.prod(shape)
        if key not in self._buffers or self._buffers[key].size < count:
            self._buffers[key] = np.empty(count, dtype)
        return self._buffers[key][:count].reshape(shape)


Kernel = Callable[[Sequence[np.ndarray | None], Sequence[np.ndarray], Workspace], int]
"""(inputs, outputs, workspace) -> saturated elements; reads inputs, fills outputs, keeps nothing."""


@dataclass(frozen=True, slots=True)
class Operands:
    """An operator with its tensors; `None` stands for an optional input that is left out."""

    op: Op
    numerics: Numerics
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    intermediates: tuple[Tensor | None, ...] = ()

    @classmethod
    def of(cls, graph: Graph, op: Op, numerics: Numerics = Numerics.TFLM) -> Operands:
        def optional(indices: tuple[int, ...]) -> tuple[Tensor | None, ...]:
            return tuple(graph.tensors[i] if i >= 0 else None for i in indices)

        return cls(
            op=op,
            numerics=numerics,
            inputs=optional(op.inputs),
            outputs=tuple(graph.tensors[i] for i in op.outputs),
            intermediates=optional(op.intermediates),
        )

    def need(self, met: bool, what: str) -> None:
        """Refuse the operator unless `met`.

        Raises: UnsupportedOperatorError "operator 3 (CONV_2D): <what>".
        """
        if not met:
            raise UnsupportedOperatorError(f"{self.op}: {what}")

    def input(self, position: int, types: Collection[DType], name: str = "input") -> Tensor:
        """The tensor at `position`, which must be there and of one of `types`."""
        tensor = self.optional(position)
        self.need(tensor is not None, f"{name} {position} is missing")
        assert tensor is not None
        self._need_type(tensor, types, name)
        return tensor

    def optional(self, position: int) -> Tensor | None:
        return self.inputs[position] if position < len(self.inputs) else None

    def output(self, types: Collection[DType]) -> Tensor:
        """The only output, which must be of one of `types`."""
        self.need(len(self.outputs) == 1, f"{len(self.outputs)} outputs; the simulator knows one")
        return self.output_at(0, types)

    def output_at(self, position: int, types: Collection[DType]) -> Tensor:
        """One of several outputs, which must be of one of `types`."""
        self.need(position < len(self.outputs), f"output {position} is missing")
        self._need_type(self.outputs[position], types, "output")
        return self.outputs[position]

    def _need_type(self, tensor: Tensor, types: Collection[DType], name: str) -> None:
        known = ", ".join(t.value for t in types)
        self.need(
            tensor.dtype in types,
            f"{name} tensor {tensor.index} is {tensor.dtype.value}; the simulator's kernel takes {known}",
        )

    def attrs(self, kind: type[AttrsT]) -> AttrsT:
        """The operator's options."""
        attrs = self.op.attrs
        self.need(isinstance(attrs, kind), "its options are missing; convert the model again")
        assert isinstance(attrs, kind)
        return attrs

    def activation(self, activation: Activation) -> Activation:
        """The fused activation, which must be a clamp."""
        self.need(activation in CLAMPING, f"the fused activation {activation.value} has no integer kernel")
        return activation

    def quant(self, tensor: Tensor) -> QuantParams:
        """The quantization of an activation: one positive scale, one zero point."""
        quant = tensor.quant
        self.need(
            quant is not None and len(quant.scales) == 1 and quant.scale > 0,
            f"tensor {tensor.index} ({tensor.name}) has no single scale; convert the model to full integer",
        )
        assert quant is not None
        return quant

    def constant(self, position: int, types: Collection[DType], name: str) -> np.ndarray:
        """The data of an input that must be known before anything runs."""
        tensor = self.input(position, types, name)
        self.need(tensor.data is not None, f"{name} is not constant")
        assert tensor.data is not None
        return tensor.data

    def need_shape(self, computed: tuple[int, ...], position: int = 0) -> None:
        """Refuse an output whose shape in the file is not the one that the operator computes."""
        stated = self.outputs[position].shape
        self.need(
            stated == computed,
            f"the file gives its output the shape {list(stated)}, it computes {list(computed)}",
        )


Prepare = Callable[[Operands], Kernel]
"""Checks an operator's types and shapes and keeps what is constant; refuses with UnsupportedOperatorError."""
