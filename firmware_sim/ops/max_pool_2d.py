"""MAX_POOL_2D."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.ops import pooling
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.requantization import limits


def plain(operands: Operands) -> Kernel:
    """ofm = clamp(max under the window); padding is below every value.

    float32 begins at the lowest finite number and takes what is larger: NaN never is, nor 0.0 than -0.0.

    Source: TFLite reference/integer_ops/pooling.h MaxPool; reference/pooling.h MaxPool.
    """
    pool = pooling.prepared(operands)
    lowest = float(np.finfo(np.float32).min) if pool.is_float else limits(pool.dtype)[0]

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        largest = np.full(outputs[0].shape, lowest, outputs[0].dtype)
        for tap in pool.taps(inputs[0], lowest):
            np.copyto(largest, tap, where=tap > largest)
        return pool.finish(largest, outputs[0])

    return kernel
