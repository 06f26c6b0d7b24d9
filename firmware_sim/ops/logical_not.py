"""LOGICAL_NOT."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from graph.types import DType


def plain(operands: Operands) -> Kernel:
    """Of bool."""
    ifm = operands.input(0, (DType.BOOL,))
    operands.output((DType.BOOL,))
    operands.need_shape(ifm.shape)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        np.logical_not(inputs[0], out=outputs[0])
        return 0

    return kernel
