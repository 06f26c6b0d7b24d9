"""PAD and PADV2."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from graph.types import DType

_TYPES = (DType.INT8, DType.INT16, DType.INT32)


def plain(operands: Operands) -> Kernel:
    """The ifm with values around it: the third input, or else the output's zero point (0 for other types).

    Source: TFLite Micro pad.cc.
    """
    ifm, ofm = operands.input(0, _TYPES), operands.output(_TYPES)
    amounts = operands.constant(1, (DType.INT32, DType.INT64), "paddings").reshape(-1, 2).tolist()
    operands.need_shape(
        tuple(n + before + after for n, (before, after) in zip(ifm.shape, amounts, strict=True))
    )
    value = ofm.quant.zero_point if ofm.quant and ofm.dtype is DType.INT8 else 0
    if operands.optional(2) is not None:
        value = int(operands.constant(2, (ifm.dtype,), "padding value").reshape(-1)[0])

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        inside = tuple(slice(before, before + n) for n, (before, _) in zip(ifm.shape, amounts, strict=True))
        outputs[0].fill(value)
        outputs[0][inside] = inputs[0]
        return 0

    return kernel
