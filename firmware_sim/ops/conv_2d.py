"""CONV_2D."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim import requantization as rq
from firmware_sim.ops import products
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.windows import Window, window_of
from graph.attrs import Conv2DAttrs
from graph.types import DType


def accumulate(
    ifm: np.ndarray, weights: np.ndarray, bias: np.ndarray, window: Window, zero_point: int
) -> np.ndarray:
    """The accumulators of a convolution; padding counts as zero_point, that is as 0.

        acc[n,y,x,o] = bias[o] + sum((ifm[n, y*sh - top + ky*dh, x*sw - left + kx*dw, c] - zero_point)
                                     * weights[o,ky,kx,c] for ky, kx, c)

    Shapes: ifm (N,H,W,C) int8, weights (O,KH,KW,C) int8, bias (O,) int64; gives (N,OH,OW,O) int64.
        Where the weights have C / G channels, the O outputs are in G groups that see C / G inputs each.
    Source: TFLite reference/integer_ops/conv.h ConvPerChannel.
    """
    padded = np.pad(ifm.astype(np.int64) - zero_point, window.padding)
    depth = weights.shape[3]
    groups = ifm.shape[3] // depth
    per_group = weights.shape[0] // groups
    acc = np.zeros((ifm.shape[0], window.rows.outputs, window.cols.outputs, weights.shape[0]), np.int64)
    for ky in range(window.rows.size):
        for kx in range(window.cols.size):
            patch = padded[:, window.rows.taps(ky), window.cols.taps(kx)]
            for g in range(groups):
                out = slice(g * per_group, (g + 1) * per_group)
                tap = weights[out, ky, kx].astype(np.int64)
                acc[..., out] += patch[..., g * depth : (g + 1) * depth] @ tap.T
    return acc + bias


class _Prepared:
    """The checked operands of a convolution, for both engines."""

    def __init__(self, operands: Operands) -> None:
        attrs = operands.attrs(Conv2DAttrs)
        ifm, ofm = operands.input(0, (DType.INT8,)), operands.output((DType.INT8,))
        weights = operands.weights(1)
        assert weights.data is not None and weights.quant is not None
        channels, kernel_h, kernel_w, depth = weights.shape
        operands.need(ifm.shape[3] % depth == 0, "the input's channels are no multiple of the weights'")
        operands.need(len(weights.quant.scales) in (1, channels), "the weights' scales fit no channel")
        self.zero_point = operands.quant(ifm).zero_point
        operands.quant(ofm)
        self.weights, self.bias = weights.data, operands.bias(2, channels)
        dilation = (attrs.dilation_h, attrs.dilation_w)
        self.window = window_of(attrs, ifm.shape, (kernel_h, kernel_w), dilation)
        self.grouped = depth != ifm.shape[3]
        self.requantization = rq.per_channel(
            ifm, weights, ofm, operands.activation(attrs.activation), channels
        )
        operands.need_shape((ifm.shape[0], self.window.rows.outputs, self.window.cols.outputs, channels))


def plain(operands: Operands) -> Kernel:
    """The definition."""
    p = _Prepared(operands)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        ifm = inputs[0]
        assert ifm is not None
        acc = accumulate(ifm, p.weights, p.bias, p.window, p.zero_point)
        outputs[0][...], saturated = p.requantization.apply(acc)
        return saturated

    return kernel


def fast(operands: Operands) -> Kernel:
    """The same by one matrix product a block of pixels; see `products.Product` for why it is exact."""
    p = _Prepared(operands)
    if p.grouped:
        return plain(operands)
    matrix = p.weights.reshape(p.weights.shape[0], -1)
    product = products.Product(matrix, p.bias, p.zero_point, p.requantization)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], space: Workspace) -> int:
        ifm = inputs[0]
        assert ifm is not None
        return products.convolve(product, p.window, ifm, outputs[0], space)

    return kernel
