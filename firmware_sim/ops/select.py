"""SELECT, SELECT_V2."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.ops import elementwise
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from graph.op_kind import OpKind
from graph.types import DType

TYPES = (*elementwise.ARITHMETIC, DType.BOOL)


def plain(operands: Operands) -> Kernel:
    """x where the condition holds, else y, byte for byte, whatever their scales.

    Shapes: SELECT_V2 broadcasts as numpy does; SELECT takes x and y of one shape, and a condition of that
        shape, of none, or of one axis that goes along their first.
    Source: TFLite Micro select.cc; TFLite select.cc SelectPrepare.
    """
    condition = operands.input(0, (DType.BOOL,), "condition")
    x = operands.input(1, TYPES)
    y = operands.input(2, (x.dtype,))
    operands.output((x.dtype,))
    shape = condition.shape
    if operands.op.kind is OpKind.SELECT:
        rows = x.shape[:1] if x.shape else ()
        operands.need(
            x.shape == y.shape and shape in ((), rows, x.shape), "its condition fits no axis of its inputs"
        )
        if shape == rows:
            shape = rows + (1,) * (len(x.shape) - 1)
    if operands.outputs[0].elements != 1:
        operands.need_shape(np.broadcast_shapes(shape, x.shape, y.shape))

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        condition, x, y = inputs
        assert condition is not None and x is not None and y is not None
        ofm = outputs[0]
        ofm[...] = np.where(condition.reshape(shape), x, y).reshape(ofm.shape)
        return 0

    return kernel
