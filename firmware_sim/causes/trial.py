"""An operator on trial: what it would give if its operands, or its inputs, were others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from firmware_sim.ops.kernel import Operands, Workspace
from firmware_sim.program import table
from graph.op_kind import OpKind
from graph.types import QuantParams, Tensor

Arrays = tuple[np.ndarray | None, ...]


def run(operands: Operands, inputs: Sequence[np.ndarray | None]) -> tuple[np.ndarray, ...]:
    """What the operator's kernel gives; state begins as `inputs` holds it.

    Raises: UnsupportedOperatorError; RuntimeAbortError.
    """
    kernels = table(operands.numerics)
    operands.need(operands.op.kind in kernels, f"numerics {operands.numerics.value} does not cover it")
    kernel = kernels[operands.op.kind](operands)
    outputs = tuple(np.zeros(t.shape, t.dtype.numpy) for t in operands.outputs)
    given = [
        a.copy() if a is not None and t is not None and t.is_variable else a
        for a, t in zip(inputs, operands.inputs, strict=True)
    ]
    kernel(given, outputs, Workspace())
    return outputs


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """An operator with one output, and the inputs that the firmware gave it (constants among them)."""

    operands: Operands
    inputs: Arrays

    @property
    def kind(self) -> OpKind:
        return self.operands.op.kind

    @property
    def ofm(self) -> Tensor:
        return self.operands.outputs[0]

    def run(self) -> np.ndarray:
        """Its output."""
        return run(self.operands, self.inputs)[0]

    def tensor(self, position: int) -> Tensor | None:
        return self.operands.optional(position)

    def array(self, position: int) -> np.ndarray:
        """The values of an input that is there."""
        values = self.inputs[position]
        assert values is not None
        return values

    def is_constant(self, position: int) -> bool:
        tensor = self.tensor(position)
        return tensor is not None and tensor.is_constant

    def with_input(self, position: int, values: np.ndarray, **changes: Any) -> Trial:
        """Another input; its tensor has the values' shape, holds them where it is constant, and `changes`."""
        tensor = self.tensor(position)
        assert tensor is not None
        data = values if tensor.is_constant else None
        other = dataclasses.replace(tensor, shape=values.shape, data=data, **changes)
        return Trial(
            dataclasses.replace(self.operands, inputs=_replaced(self.operands.inputs, position, other)),
            _replaced(self.inputs, position, values),
        )

    def with_quant(self, position: int, quant: QuantParams) -> Trial:
        """Another quantization of an input; the values stay."""
        return self.with_input(position, self.array(position), quant=quant)

    def with_ofm_quant(self, quant: QuantParams) -> Trial:
        """Another quantization of the output."""
        other = dataclasses.replace(self.ofm, quant=quant)
        return Trial(dataclasses.replace(self.operands, outputs=(other,)), self.inputs)

    def with_attrs(self, **changes: Any) -> Trial:
        """Other options."""
        attrs: Any = self.operands.op.attrs
        op = dataclasses.replace(self.operands.op, attrs=dataclasses.replace(attrs, **changes))
        return Trial(dataclasses.replace(self.operands, op=op), self.inputs)


Variants = Iterator[tuple[str, np.ndarray]]
"""(how exactly, the output under it), for each form that a cause can take."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A known mistake: its name, what it is in words, and what the operator gives under it.

    `kinds` is None where it can befall any operator. `recompute` may refuse: then the cause does not apply.
    """

    name: str
    says: str
    kinds: frozenset[OpKind] | None
    recompute: Callable[[Trial], Variants]


def _replaced(values: tuple, position: int, value: Any) -> tuple:
    return (*values[:position], value, *values[position + 1 :])
