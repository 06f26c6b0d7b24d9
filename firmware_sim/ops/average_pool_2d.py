"""AVERAGE_POOL_2D."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.ops import pooling
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.ops.reduction import Finish


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
        return pool.finish(_divided(total, count), outputs[0])

    return kernel


def _divided(total: np.ndarray, count: np.ndarray | int) -> np.ndarray:
    return np.sign(total) * ((np.abs(total) + count // 2) // count)


def of_sums(operands: Operands) -> Finish:
    """What is left to do once the elements under a window as large as the picture are summed."""
    pool = pooling.prepared(operands)
    count = pool.window.ifm_h * pool.window.ifm_w

    def finish(total: np.ndarray) -> tuple[np.ndarray, int]:
        ofm = np.empty(total.shape, pool.dtype.numpy)
        saturated = pool.finish(_divided(total, count), ofm)
        return ofm, saturated

    return finish
