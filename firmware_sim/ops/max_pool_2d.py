"""MAX_POOL_2D."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.ops import pooling
from firmware_sim.ops.kernel import Kernel, Operands, Workspace


def plain(operands: Operands) -> Kernel:
    """ofm = clamp(max under the window); padding is below every value.

    Source: TFLite reference/integer_ops/pooling.h MaxPool.
    """
    window, clamp = pooling.prepared(operands)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        padded = np.pad(inputs[0], window.padding, constant_values=-128)
        taps = [
            padded[:, window.rows.taps(ky), window.cols.taps(kx)]
            for ky in range(window.rows.size)
            for kx in range(window.cols.size)
        ]
        outputs[0][...], saturated = clamp.apply(np.max(taps, axis=0), operands.outputs[0].dtype)
        return saturated

    return kernel
