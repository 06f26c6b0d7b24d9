"""SOFTMAX."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim import libm
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.ops.xnnpack import delegate
from firmware_sim.requantization import limits
from graph.attrs import SoftmaxAttrs
from graph.types import DType


def softmax_row(row: np.ndarray, table: np.ndarray, scale: np.float32) -> np.ndarray:
    """One row in the output's steps above its least value, before rounding.

        share[j] = table[max - row[j]] * (1 / (sum(table[max - row[j]] for j) * scale))

    Shapes: row (C,) integers, table (256,) float32; gives (C,) float32.
    Overflow: the sum is formed element by element in float32, as the runtime does, in the order of the row.
    Source: TFLite optimized/optimized_ops.h Softmax.
    """
    exps = table[int(row.max()) - row.astype(np.int64)]
    total = np.add.accumulate(exps, dtype=np.float32)[-1]
    return exps * (np.float32(1) / (total * scale))


def plain(operands: Operands) -> Kernel:
    """Row by row along the last axis, by TFLite's optimized kernel: the delegate takes floating point alone.

        table[d] = expf(-(scale * beta) * d) for the differences d = 0..255 from a row's largest
        ofm      = clamp(round(share) - 128) for int8, half away from zero; floor(share + 0.5) for uint8

    Source: TFLite optimized/optimized_ops.h PopulateSoftmaxLookupTable, QuantizeSoftmaxOutput.
    """
    attrs = operands.attrs(SoftmaxAttrs)
    ifm, ofm = operands.input(0, delegate.BYTES), operands.output(delegate.BYTES)
    delegate.need(operands, ifm.dtype is ofm.dtype, "types are mixed")
    before, after = operands.quant(ifm), operands.quant(ofm)
    low, high = limits(ofm.dtype)
    fixed = after.scale == 1 / 256 and after.zero_point == low
    operands.need(
        fixed, f"its output has scale {after.scale:g}, zero point {after.zero_point}, not 1/256, {low}"
    )
    slope = -np.float32(before.scale) * np.float32(attrs.beta)
    table = libm.exp(slope * np.arange(256, dtype=np.float32))
    scale, half = np.float32(after.scale), np.float32(0.5)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        depth = inputs[0].shape[-1]
        rows, out = inputs[0].reshape(-1, depth), outputs[0].reshape(-1, depth)
        for i, row in enumerate(rows):
            shares = softmax_row(row, table, scale)
            wide = shares if ofm.dtype is DType.UINT8 else shares.astype(np.float64)
            out[i] = np.minimum(np.floor(wide + half) + low, high)
        return 0

    return kernel
