"""DEQUANTIZE."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from graph.types import DType


def plain(operands: Operands) -> Kernel:
    """ofm = float32(scale * (ifm - zero_point)), multiplied in float64.

    Source: TFLite reference/dequantize.h Dequantize.
    """
    quant = operands.quant(operands.input(0, (DType.INT8, DType.UINT8, DType.INT16)))
    operands.output((DType.FLOAT32,))

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        outputs[0][...] = np.float64(quant.scale) * (inputs[0].astype(np.int64) - quant.zero_point)
        return 0

    return kernel
