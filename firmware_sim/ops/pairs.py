"""A fast equal of operators of two operands of 8 bits: every pair of bytes computed once, then looked up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.ops import unary
from firmware_sim.ops.elementwise import Pairwise
from firmware_sim.ops.kernel import Kernel, Operands, Prepare, Workspace
from graph.types import DType

BYTES = (DType.INT8, DType.UINT8)
LEAST_ELEMENTS = 1 << 12
"""A table takes the time of some 30,000 elements of the definition, which an element of it then saves: one
picture pays for it in a large map, eight in the smallest that has one."""
BLOCK = 1 << 15  # places whose indices stay in a core's cache


def by_table(definition: Prepare) -> Prepare:
    """The kernel of `definition`, by a table of its 65,536 results where that pays.

    That is for two operands of 8 bits and an output of LEAST_ELEMENTS or more; else the definition itself.
    """

    def prepare(operands: Operands) -> Kernel:
        kernel = definition(operands)
        types = [tensor.dtype for tensor in operands.inputs[:2] if tensor is not None]
        pays = operands.outputs[0].elements >= LEAST_ELEMENTS
        if not (isinstance(kernel, Pairwise) and pays and all(dtype in BYTES for dtype in types)):
            return kernel
        return _looked_up(kernel, *types)

    return prepare


def _looked_up(kernel: Pairwise, first: DType, second: DType) -> Kernel:
    """ofm = table[256 * a + b], a and b taken for the numbers from 0 to 255 that their bits say."""
    a, b = unary.values_of(first).astype(first.numpy), unary.values_of(second).astype(second.numpy)
    values = kernel.formula.combine(a[:, None], b).reshape(-1)
    table, clamp = values, kernel.formula.clamp
    saturates = np.zeros(values.shape, bool)
    if clamp:
        table, _ = clamp.apply(values, kernel.dtype)
        saturates = clamp.saturates(values)
    may_saturate = bool(saturates.any())

    def looked_up(
        inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], workspace: Workspace
    ) -> int:
        a, b = inputs
        assert a is not None and b is not None
        ofm, saturated = outputs[0].reshape(-1), 0
        places = workspace.take("pairs", outputs[0].shape, np.uint16)
        np.multiply(a.view(np.uint8), np.uint16(256), out=places, dtype=np.uint16)
        np.add(places, b.view(np.uint8), out=places, dtype=np.uint16)
        places = places.reshape(-1)
        for start in range(0, len(places), BLOCK):
            block = slice(start, start + BLOCK)
            # Every uint16 is a place: "wrap" only spares numpy a copy of the output.
            table.take(places[block], out=ofm[block], mode="wrap")
            if may_saturate:
                saturated += int(np.count_nonzero(saturates.take(places[block], mode="wrap")))
        return saturated

    return looked_up
