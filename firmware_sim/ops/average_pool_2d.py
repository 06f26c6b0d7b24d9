"""AVERAGE_POOL_2D."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.ops import pooling
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.windows import Window


def sums(ifm: np.ndarray, window: Window) -> np.ndarray:
    """The sum under each window; padding adds nothing.

    Shapes: ifm (N,H,W,C) integers; gives (N,OH,OW,C) int64.
    """
    padded = np.pad(ifm.astype(np.int64), window.padding)
    taps = [
        padded[:, window.rows.taps(ky), window.cols.taps(kx)]
        for ky in range(window.rows.size)
        for kx in range(window.cols.size)
    ]
    return np.sum(taps, axis=0)


def plain(operands: Operands) -> Kernel:
    """ofm = clamp((sum +- count // 2) / count), cut off towards zero; count leaves the padding out.

    Source: TFLite reference/integer_ops/pooling.h AveragePool.
    """
    window, clamp = pooling.prepared(operands)
    count = sums(np.ones((1, window.ifm_h, window.ifm_w, 1), np.int64), window)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        total = sums(inputs[0], window)
        mean = np.sign(total) * ((np.abs(total) + count // 2) // count)
        outputs[0][...], saturated = clamp.apply(mean, operands.outputs[0].dtype)
        return saturated

    return kernel
