"""EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from firmware_sim.numerics import Numerics
from firmware_sim.ops import elementwise
from firmware_sim.ops.elementwise import Combine, Formula, Term
from firmware_sim.ops.kernel import Kernel, Operands
from graph.op_kind import OpKind
from graph.types import DType

LEFT_SHIFT = 8
RELATIONS: Mapping[OpKind, Combine] = MappingProxyType(
    {
        OpKind.EQUAL: np.equal,
        OpKind.NOT_EQUAL: np.not_equal,
        OpKind.LESS: np.less,
        OpKind.LESS_EQUAL: np.less_equal,
        OpKind.GREATER: np.greater,
        OpKind.GREATER_EQUAL: np.greater_equal,
    }
)
_EQUALITIES = (OpKind.EQUAL, OpKind.NOT_EQUAL)


def plain(operands: Operands) -> Kernel:
    """Numbers as they are; 8 bits as real values with 8 bits behind the point, each on its own scale.

        scale((a - a.zero_point) << 8, a.scale)  <  scale((b - b.zero_point) << 8, b.scale)

    So values that differ by less than 1/256 may be equal. int16 has its scale for equality alone.

    Shapes: inputs broadcast as numpy's do; gives bool.
    Source: TFLite Micro comparisons.cc; TFLite comparisons.cc, reference/comparisons.h.
    """
    kind = operands.op.kind
    types = (*elementwise.ARITHMETIC, *((DType.BOOL,) if kind in _EQUALITIES else ()))
    a = operands.input(0, types)
    operands.input(1, (a.dtype,))
    operands.output((DType.BOOL,))
    unset = a.dtype is DType.INT16 and kind is OpKind.GREATER and operands.numerics is Numerics.TFLM
    operands.need(not unset, "int16, which TFLite Micro scales by numbers that it never sets")
    relation = RELATIONS[kind]
    scaled = (DType.INT8, DType.UINT8) if kind not in _EQUALITIES else elementwise.QUANTIZED
    if a.dtype not in scaled or (kind is OpKind.EQUAL and a.dtype is DType.INT16 and a.quant is None):
        return elementwise.binary(operands, Formula(relation))
    first, second = (_term(operands, i) for i in (0, 1))
    return elementwise.binary(operands, Formula(lambda x, y: relation(first.values(x), second.values(y))))


def _term(operands: Operands, position: int) -> Term:
    quant = operands.quant(operands.input(position, elementwise.QUANTIZED))
    elementwise.need_smaller_than_one(
        operands, quant.scale, f"input {position} has the scale {quant.scale:g}"
    )
    return Term.of(quant, LEFT_SHIFT, quant.scale)
