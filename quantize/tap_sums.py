"""Mean sums before the activation, without computing any: what each weight is multiplied with, added up.

    mean over pictures and pixels of sum_k w[o, k] * x[k]  =  sum_k w[o, k] * mean of x[k]

A convolution is linear, so the mean of what it gives follows from the mean of what each of its taps reads.
The means come from one map per tensor, added over the pictures; zero padding adds nothing.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from graph.attrs import Conv2DAttrs, DepthwiseConv2DAttrs
from graph.op_kind import OpKind
from graph.types import Op
from graph.windows import window_of

Array = NDArray[np.float64]


def tap_sums(op: Op, weights_shape: tuple[int, ...], total: Array) -> tuple[Array, int]:
    """For each tap of `op`, the sum of all that it reads, and how many output pixels there are.

    Shapes: total (H, W, C), added over pictures -> (KH, KW, C); FULLY_CONNECTED: (..., C) -> (C,).
    """
    if op.kind is OpKind.FULLY_CONNECTED:
        rows = total.reshape(-1, weights_shape[1])
        return rows.sum(axis=0), len(rows)
    attrs = cast(Conv2DAttrs | DepthwiseConv2DAttrs, op.attrs)
    size = (weights_shape[1], weights_shape[2])
    window = window_of(attrs, (1, *total.shape), size, (attrs.dilation_h, attrs.dilation_w))
    padded = np.pad(total, window.padding[1:])
    sums = np.empty((*size, total.shape[2]), total.dtype)
    for y in range(size[0]):
        for x in range(size[1]):
            sums[y, x] = padded[window.rows.taps(y), window.cols.taps(x)].sum(axis=(0, 1))
    return sums, window.rows.outputs * window.cols.outputs


def summed_products(op: Op, weights: NDArray[np.generic], sums: Array) -> Array:
    """What the output channels add up to: each weight times its tap's sum.

    Exact in int64 for int8 weights and integer sums.

    Shapes: weights as `op` has them, sums as `tap_sums` gives -> (O,).
    """
    wide = weights.astype(sums.dtype)
    if op.kind is OpKind.DEPTHWISE_CONV_2D:
        multiplier = weights.shape[3] // sums.shape[2]
        return np.asarray((wide[0] * np.repeat(sums, multiplier, axis=2)).sum(axis=(0, 1)))
    return np.asarray((wide * sums).reshape(len(weights), -1).sum(axis=1))
