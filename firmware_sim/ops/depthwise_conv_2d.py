"""DEPTHWISE_CONV_2D."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim import requantization as rq
from firmware_sim.ops import products
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.windows import Window, window_of
from graph.attrs import DepthwiseConv2DAttrs
from graph.types import DType


def accumulate(
    ifm: np.ndarray, weights: np.ndarray, bias: np.ndarray, window: Window, zero_point: int
) -> np.ndarray:
    """The accumulators of a depthwise convolution; output channel c * M + m sees input channel c alone.

        acc[n,y,x,c*M+m] = bias[c*M+m] + sum((ifm[n, y*sh - top + ky*dh, x*sw - left + kx*dw, c] - zero_point)
                                             * weights[0,ky,kx,c*M+m] for ky, kx)

    Shapes: ifm (N,H,W,C) int8, weights (1,KH,KW,C*M) int8, bias (C*M,) int64; gives (N,OH,OW,C*M) int64.
    Source: TFLite reference/integer_ops/depthwise_conv.h DepthwiseConvPerChannel.
    """
    padded = np.pad(ifm.astype(np.int64) - zero_point, window.padding)
    padded = np.repeat(padded, weights.shape[3] // ifm.shape[3], axis=3)
    acc = np.zeros((ifm.shape[0], window.rows.outputs, window.cols.outputs, weights.shape[3]), np.int64)
    for ky in range(window.rows.size):
        for kx in range(window.cols.size):
            acc += padded[:, window.rows.taps(ky), window.cols.taps(kx)] * weights[0, ky, kx].astype(np.int64)
    return acc + bias


class _Prepared:
    """The checked operands of a depthwise convolution, for both engines."""

    def __init__(self, operands: Operands) -> None:
        attrs = operands.attrs(DepthwiseConv2DAttrs)
        ifm, ofm = operands.input(0, (DType.INT8,)), operands.output((DType.INT8,))
        weights = operands.weights(1)
        assert weights.data is not None and weights.quant is not None
        _, kernel_h, kernel_w, channels = weights.shape
        operands.need(channels % ifm.shape[3] == 0, "the weights' channels are no multiple of the input's")
        operands.need(len(weights.quant.scales) in (1, channels), "the weights' scales fit no channel")
        self.zero_point = operands.quant(ifm).zero_point
        operands.quant(ofm)
        self.weights, self.bias = weights.data, operands.bias(2, channels)
        self.multiplier = channels // ifm.shape[3]
        dilation = (attrs.dilation_h, attrs.dilation_w)
        self.window = window_of(attrs, ifm.shape, (kernel_h, kernel_w), dilation)
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
    """The same in compiled loops; see `products.Depthwise`."""
    p = _Prepared(operands)
    made = products.Depthwise(p.weights[0], p.bias, p.zero_point, p.requantization)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], space: Workspace) -> int:
        ifm = inputs[0]
        assert ifm is not None
        return products.convolve_depthwise(made, p.window, ifm, outputs[0], space)

    return kernel
