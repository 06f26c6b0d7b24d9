"""Operators that compute in floating point: what no int8 chip runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graph.op_kind import OpKind
from graph.types import DType, Graph

FLOATS = (DType.FLOAT16, DType.BFLOAT16, DType.FLOAT32, DType.FLOAT64)
CONVERSIONS = frozenset({OpKind.QUANTIZE, OpKind.DEQUANTIZE})
"""They stand at the border of an island, or of the model, and are no part of it."""


@dataclass(frozen=True, slots=True)
class FloatOperator:
    """An operator and the floating-point type that it reads or writes."""

    op: int
    kind: str
    dtype: str


def float_operators(graph: Graph) -> tuple[FloatOperator, ...]:
    """Every operator with a floating-point input or output, in the file's order, conversions left out."""
    found = []
    for op in graph.ops:
        tensors = [graph.tensors[i] for i in (*op.outputs, *op.inputs) if i >= 0]
        dtype = next((t.dtype for t in tensors if t.dtype in FLOATS), None)
        if dtype is not None and op.kind not in CONVERSIONS:
            found.append(FloatOperator(op.index, op.kind.value, dtype.value))
    return tuple(found)


def told(found: Sequence[FloatOperator]) -> str:
    """One line.

    >>> told([FloatOperator(3, "ADD", "float32"), FloatOperator(4, "SOFTMAX", "float32")])
    '2 operators compute in floating point, which no int8 chip runs: 3 (ADD), 4 (SOFTMAX)'
    """
    named = ", ".join(f"{f.op} ({f.kind})" for f in found[:8]) + (", ..." if len(found) > 8 else "")
    many = "1 operator computes" if len(found) == 1 else f"{len(found)} operators compute"
    return f"{many} in floating point, which no int8 chip runs: {named}"
