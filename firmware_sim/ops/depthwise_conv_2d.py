"""DEPTHWISE_CONV_2D."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.ops import products
from firmware_sim.ops.accumulators import centred
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.ops.layer import Layer, kernel_of
from graph.attrs import DepthwiseConv2DAttrs
from graph.windows import Window, window_of


def accumulate(
    ifm: np.ndarray, weights: np.ndarray, bias: np.ndarray, window: Window, zero_point: int
) -> np.ndarray:
    """The sums of a depthwise convolution; output channel c * M + m sees input channel c alone.

        acc[n,y,x,c*M+m] = sum((ifm[n, y*sh - top + ky*dh, x*sw - left + kx*dw, c] - zero_point)
                               * weights[0,ky,kx,c*M+m] for ky, kx) + bias[c*M+m]

    Shapes: ifm (N,H,W,C), weights (1,KH,KW,C*M), bias (C*M,); gives (N,OH,OW,C*M) int64 of integers, float32
        of float32.
    Source: TFLite reference/depthwiseconv_float.h, depthwiseconv_uint8.h DepthwiseConv,
        reference/integer_ops/depthwise_conv.h DepthwiseConvPerChannel.
    """
    padded = np.pad(centred(ifm, zero_point), window.padding)
    padded = np.repeat(padded, weights.shape[3] // ifm.shape[3], axis=3)
    shape = (ifm.shape[0], window.rows.outputs, window.cols.outputs, weights.shape[3])
    acc = np.zeros(shape, padded.dtype)
    for ky in range(window.rows.size):
        for kx in range(window.cols.size):
            patch = padded[:, window.rows.taps(ky), window.cols.taps(kx)]
            acc += patch * weights[0, ky, kx].astype(padded.dtype)
    return acc + bias


def prepared(operands: Operands) -> tuple[Layer, Window]:
    """The checked operands, and where its windows lie."""
    attrs = operands.attrs(DepthwiseConv2DAttrs)
    layer = Layer(operands, attrs.activation, axis=3)
    ifm = layer.ifm.shape
    ones, kernel_h, kernel_w, channels = layer.filter.shape
    operands.need(ones == 1, f"its weights have the shape {list(layer.filter.shape)}, not [1, ...]")
    operands.need(channels % ifm[3] == 0, "the weights' channels are no multiple of the input's")
    window = window_of(attrs, ifm, (kernel_h, kernel_w), (attrs.dilation_h, attrs.dilation_w))
    operands.need_shape((ifm[0], window.rows.outputs, window.cols.outputs, channels))
    return layer, window


def plain(operands: Operands) -> Kernel:
    """The definition."""
    layer, window = prepared(operands)
    return kernel_of(
        layer, lambda ifm, weights, bias: accumulate(ifm, weights, bias, window, layer.zero_point)
    )


def fast(operands: Operands) -> Kernel:
    """The same in compiled loops, see `products.Depthwise`.

    Float32, int16 and weights that are computed take the definition.
    """
    layer, window = prepared(operands)
    weights, rescaling = layer.weights, layer.compiled_rescaling
    if weights is None or rescaling is None:
        return plain(operands)
    made = products.Depthwise(weights[0], layer.bias, layer.zero_point, rescaling, layer.dtype, window)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], space: Workspace) -> int:
        ifm = inputs[0]
        assert ifm is not None
        return made.convolve(ifm, outputs[0], space)

    return kernel
