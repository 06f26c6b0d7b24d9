"""PACK."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from graph.attrs import PackAttrs
from graph.types import DType

_TYPES = (DType.INT8, DType.INT16, DType.INT32, DType.INT64, DType.FLOAT32)


def plain(operands: Operands) -> Kernel:
    """Tensors of one shape side by side along a new axis."""
    attrs = operands.attrs(PackAttrs)
    ofm = operands.output(_TYPES)
    shapes = {operands.input(i, (ofm.dtype,)).shape for i in range(len(operands.inputs))}
    operands.need(len(shapes) == 1, "its inputs have different shapes")
    axis = attrs.axis % len(ofm.shape)
    one = shapes.pop()
    operands.need_shape((*one[:axis], len(operands.inputs), *one[axis:]))

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        np.stack([v for v in inputs if v is not None], axis=axis, out=outputs[0])
        return 0

    return kernel
