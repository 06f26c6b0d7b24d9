"""AVERAGE_POOL_2D."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.ops import pooling
from firmware_sim.ops.kernel import Kernel, Operands, Workspace


def sums(ifm: np.ndarray, pool: pooling.Pool) -> np.ndarray:
    """The sum under each window, tap after tap from 0; padding adds nothing.

    Shapes: ifm (N,H,W,C); gives (N,OH,OW,C) int64, or float32 where the pool is one of floats.
    """
    shape = (ifm.shape[0], pool.window.rows.outputs, pool.window.cols.outputs, ifm.shape[3])
    total: np.ndarray = np.zeros(shape, np.float32 if pool.is_float else np.int64)
    for tap in pool.taps(ifm, 0):
        total += tap
    return total


def plain(operands: Operands) -> Kernel:
    """ofm = clamp((sum +- count // 2) / count), cut off towards zero; count leaves the padding out.
    ofm = clamp(sum / count)                                                                # float32

    Source: TFLite reference/integer_ops/pooling.h AveragePool; reference/pooling.h AveragePool.
    """
    pool = pooling.prepared(operands)
    picture = np.ones((1, pool.window.ifm_h, pool.window.ifm_w, 1), np.int8)
    count = sums(picture, pool)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        total = sums(inputs[0], pool)
        if pool.is_float:
            return pool.finish(total / count, outputs[0])
        mean = np.sign(total) * ((np.abs(total) + count // 2) // count)
        return pool.finish(mean, outputs[0])

    return kernel
