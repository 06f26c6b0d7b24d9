"""MEAN."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.ops.xnnpack import delegate
from firmware_sim.requantization import Clamp, limits
from graph.types import DType


def plain(operands: Operands) -> Kernel:
    """ofm = clamp(rint(sum * scale + zero)), each step in float32, ties to even.

        scale = ifm.scale / ofm.scale * (1 / count)
        zero  = ofm.zero_point - count * ifm.zero_point * scale

    Overflow: |sum| <= 255 * count < 2**31; beyond 2**24 it is rounded to float32 first.
    Source: XNNPACK operators/reduce-nd.c reshape_reduce_nd; reference/unary-elementwise.cc.
    """
    ifm, ofm = operands.input(0, delegate.BYTES), operands.output(delegate.BYTES)
    taken = delegate.takes(ifm) and delegate.takes(ofm) and ifm.dtype is ofm.dtype
    delegate.need(operands, taken, "its input and output are not 8-bit with one scale each")
    asked = operands.constant(1, (DType.INT32,), "axes").reshape(-1)
    axes = tuple(sorted({int(axis) % len(ifm.shape) for axis in asked}))
    delegate.need(operands, bool(axes), "it has no axes")
    count = int(np.prod([ifm.shape[axis] for axis in axes], dtype=np.int64))
    before, after = operands.quant(ifm), operands.quant(ofm)
    one = np.float32(1)
    scale = np.float32(before.scale) / np.float32(after.scale) * (one / np.float32(count))
    zero = np.float32(after.zero_point) - np.float32(count) * np.float32(before.zero_point) * scale
    clamp = Clamp(*limits(ofm.dtype), saturates_low=True, saturates_high=True)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        total = inputs[0].sum(axis=axes, dtype=np.int64)
        values, saturated = clamp.apply(np.rint(total.astype(np.float32) * scale + zero), ofm.dtype)
        outputs[0][...] = values.reshape(outputs[0].shape)
        return saturated

    return kernel
