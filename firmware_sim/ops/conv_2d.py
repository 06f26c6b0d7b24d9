"""CONV_2D."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.ops import products
from firmware_sim.ops.accumulators import add_product, centred
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.ops.layer import Layer, kernel_of
from graph.attrs import Conv2DAttrs
from graph.types import DType
from graph.windows import Window, window_of


def accumulate(
    ifm: np.ndarray, weights: np.ndarray, bias: np.ndarray, window: Window, zero_point: int
) -> np.ndarray:
    """The sums of a convolution; padding counts as zero_point, that is as 0.

        acc[n,y,x,o] = sum((ifm[n, y*sh - top + ky*dh, x*sw - left + kx*dw, c] - zero_point)
                           * weights[o,ky,kx,c] for ky, kx, c) + bias[o]

    Shapes: ifm (N,H,W,C), weights (O,KH,KW,C), bias (O,); gives (N,OH,OW,O) int64 of integers, float32 of
        float32. Where the weights have C / G channels, the O outputs are in G groups that see C / G inputs
        each.
    Source: TFLite reference/conv.h Conv, reference/integer_ops/conv.h ConvPerChannel.
    """
    padded = np.pad(centred(ifm, zero_point), window.padding)
    depth = weights.shape[3]
    groups = ifm.shape[3] // depth
    per_group = weights.shape[0] // groups
    shape = (ifm.shape[0], window.rows.outputs, window.cols.outputs, weights.shape[0])
    acc = np.zeros(shape, padded.dtype)
    for ky in range(window.rows.size):
        for kx in range(window.cols.size):
            patch = padded[:, window.rows.taps(ky), window.cols.taps(kx)]
            for g in range(groups):
                out = slice(g * per_group, (g + 1) * per_group)
                seen = patch[..., g * depth : (g + 1) * depth]
                add_product(acc[..., out], seen, weights[out, ky, kx].astype(padded.dtype).T)
    return acc + bias


def prepared(operands: Operands) -> tuple[Layer, Window]:
    """The checked operands, and where its windows lie."""
    attrs = operands.attrs(Conv2DAttrs)
    layer = Layer(operands, attrs.activation, bias_type=attrs.quantized_bias_type)
    ifm = layer.ifm.shape
    channels, kernel_h, kernel_w, depth = layer.filter.shape
    operands.need(ifm[3] % depth == 0, "the input's channels are no multiple of the weights'")
    operands.need(channels % (ifm[3] // depth) == 0, "its outputs are no multiple of its groups")
    window = window_of(attrs, ifm, (kernel_h, kernel_w), (attrs.dilation_h, attrs.dilation_w))
    operands.need_shape((ifm[0], window.rows.outputs, window.cols.outputs, channels))
    return layer, window


def plain(operands: Operands) -> Kernel:
    """The definition."""
    return _by_definition(*prepared(operands))


def _by_definition(layer: Layer, window: Window, *, in_float64: bool = False) -> Kernel:
    return kernel_of(
        layer,
        lambda ifm, weights, bias: accumulate(ifm, weights, bias, window, layer.zero_point),
        in_float64=in_float64,
    )


def fast(operands: Operands) -> Kernel:
    """The same by one matrix product a block of pixels; see `products.Product` for why it is exact.

    Float32 takes a compiled loop; int16, groups and weights that are computed take the definition's steps,
    held in float64.
    """
    layer, window = prepared(operands)
    weights, rescaling = layer.weights, layer.compiled_rescaling
    if weights is not None and layer.dtype is DType.FLOAT32:
        return in_float32(layer, weights, window)
    if weights is None or weights.shape[3] != layer.ifm.shape[3] or rescaling is None:
        return _by_definition(layer, window, in_float64=True)
    matrix = weights.reshape(layer.channels, -1)
    product = products.Product(matrix, layer.bias, layer.zero_point, rescaling, layer.dtype, window)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], space: Workspace) -> int:
        ifm = inputs[0]
        assert ifm is not None
        return product.convolve(ifm, outputs[0], space)

    return kernel


def in_float32(layer: Layer, weights: np.ndarray, window: Window) -> Kernel:
    """The sums by a compiled loop, in the definition's order; weights (O,KH,KW,C)."""
    from firmware_sim import compiled_float

    taps = np.ascontiguousarray(weights.transpose(1, 2, 3, 0))
    shape = (-1, window.rows.outputs, window.cols.outputs, layer.channels)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], space: Workspace) -> int:
        ifm = inputs[0]
        assert ifm is not None
        acc = space.take("float", outputs[0].shape, np.float32).reshape(shape)
        picture = ifm.reshape(len(acc), window.ifm_h, window.ifm_w, -1)
        compiled_float.convolve(picture, taps, window.geometry, acc)
        return layer.finish(acc + layer.bias, outputs[0])

    return kernel
