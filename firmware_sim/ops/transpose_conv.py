"""TRANSPOSE_CONV."""

from __future__ import annotations

import numpy as np

from firmware_sim.ops.accumulators import add_product, centred
from firmware_sim.ops.kernel import Kernel, Operands
from firmware_sim.ops.layer import Layer, kernel_of
from graph.attrs import TransposeConvAttrs
from graph.types import DType
from graph.windows import Axis, axis_of


def accumulate(
    ifm: np.ndarray,
    weights: np.ndarray,
    bias: np.ndarray,
    axes: tuple[Axis, Axis],
    size: tuple[int, int],
    zero_point: int,
) -> np.ndarray:
    """The sums of a transposed convolution: each input pixel adds its window of products to the output.

        acc[n, iy*sh - top + ky, ix*sw - left + kx, o] += (ifm[n,iy,ix,c] - zero_point) * weights[o,ky,kx,c]

    An output pixel meets its inputs in their order, which is that of its taps from the last to the first.

    Shapes: ifm (N,H,W,C), weights (O,KH,KW,C), bias (O,), size (OH,OW); gives (N,OH,OW,O) int64 of integers,
        float32 of float32. `axes` are the windows of the convolution that leads from the output to the input.
    Source: TFLite reference/transpose_conv.h, reference/integer_ops/transpose_conv.h TransposeConv.
    """
    values = centred(ifm, zero_point)
    batch, ifm_h, ifm_w, _ = ifm.shape
    rows, cols = axes
    reach = [
        max((inputs - 1) * axis.stride + axis.size, axis.before + outputs)
        for inputs, axis, outputs in zip((ifm_h, ifm_w), axes, size, strict=True)
    ]
    acc = np.zeros((batch, *reach, weights.shape[0]), values.dtype)
    for ky in reversed(range(rows.size)):
        for kx in reversed(range(cols.size)):
            lines = slice(ky, ky + (ifm_h - 1) * rows.stride + 1, rows.stride)
            dots = slice(kx, kx + (ifm_w - 1) * cols.stride + 1, cols.stride)
            add_product(acc[:, lines, dots], values, weights[:, ky, kx].astype(values.dtype).T)
    top, left = rows.before, cols.before
    return acc[:, top : top + size[0], left : left + size[1]] + bias


def _kernel(operands: Operands, *, in_float64: bool) -> Kernel:
    attrs = operands.attrs(TransposeConvAttrs)
    stated = operands.constant(0, (DType.INT32,), "output shape")
    layer = Layer(operands, attrs.activation, ifm=2, weights=1, bias=3, bias_type=attrs.quantized_bias_type)
    operands.need_shape(tuple(stated.tolist()))
    channels, kernel_h, kernel_w, depth = layer.filter.shape
    batch, height, width, ofm_channels = layer.ofm.shape
    operands.need(depth == layer.ifm.shape[3], "the input's channels are not the weights'")
    operands.need(channels == ofm_channels, "the output's channels are not the weights'")
    operands.need(batch == layer.ifm.shape[0], "the output's batch is not the input's")
    axes = (
        axis_of(attrs.padding, height, kernel_h, attrs.stride_h),
        axis_of(attrs.padding, width, kernel_w, attrs.stride_w),
    )
    return kernel_of(
        layer,
        lambda ifm, weights, bias: accumulate(ifm, weights, bias, axes, (height, width), layer.zero_point),
        in_float64=in_float64,
    )


def plain(operands: Operands) -> Kernel:
    """The definition; the output's shape must be constant."""
    return _kernel(operands, in_float64=False)


def fast(operands: Operands) -> Kernel:
    """The same, integers held in float64."""
    return _kernel(operands, in_float64=True)
