"""LOGICAL_AND, LOGICAL_OR."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from firmware_sim.ops import elementwise
from firmware_sim.ops.elementwise import Combine, Formula
from firmware_sim.ops.kernel import Kernel, Operands
from graph.op_kind import OpKind
from graph.types import DType

JUNCTIONS: Mapping[OpKind, Combine] = MappingProxyType(
    {OpKind.LOGICAL_AND: np.logical_and, OpKind.LOGICAL_OR: np.logical_or}
)


def plain(operands: Operands) -> Kernel:
    """Of bool, broadcast as numpy's."""
    elementwise.of_one_type(operands, (DType.BOOL,))
    return elementwise.binary(operands, Formula(JUNCTIONS[operands.op.kind]))
