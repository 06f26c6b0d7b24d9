"""Bias correction in the finished model's int32 biases, layer by layer, by the bit-exact simulator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from graph.types import Tensor
from quantize.draft import (
    LARGEST_BIAS,
    Array,
    Draft,
    Layer,
    bias_tensor,
    by_channel,
    least_scales,
    scales_of,
    weights_tensor,
)
from quantize.tap_sums import summed_products, tap_sums


def corrected(draft: Draft, layer: Layer, ifm: np.ndarray, wanted: Array) -> dict[int, Tensor]:
    """The weights and bias, by tensor, with which the layer's sums have the means `wanted` over `ifm`.

        bias[o] = (wanted[o] - mean of the int8 products of o) / step
        step = input scale * weight scale of o

    The means are of sums before the activation, over all pictures and pixels; those of int8 are exact.
    Weights change in channels whose bias would leave int32: their scale is raised.

    Shapes: ifm (N, 1, H, W, C) int8, what the int8 layers before give; wanted (O,).
    """
    op, tensors = layer.op, draft.graph.tensors
    source, weights, bias = (tensors[i] for i in op.inputs[:3])
    assert source.quant is not None and weights.data is not None
    total = ifm.sum(axis=0, dtype=np.int64) - len(ifm) * source.quant.zero_point
    sums, pixels = tap_sums(op, weights.shape, total[0])
    scales = scales_of(weights, len(layer.bias))
    for _ in range(2):  # a raised scale changes the weights, and so what they add up to
        steps = source.quant.scale * scales
        products = summed_products(op, weights.data, sums) / (len(ifm) * pixels)
        needed = wanted - products * steps
        if not (np.abs(needed) > steps * LARGEST_BIAS).any():
            break
        raised = np.maximum(scales, least_scales(layer, needed, source.quant.scale))
        weights = _with_channels(weights, weights_tensor(weights, layer, raised), raised > scales, layer)
        assert weights.data is not None
        scales = scales_of(weights, len(layer.bias))
    return {weights.index: weights, bias.index: bias_tensor(bias, needed, source.quant.scale * scales)}


def _with_channels(tensor: Tensor, other: Tensor, taken: NDArray[np.bool_], layer: Layer) -> Tensor:
    """`tensor` with the data of `other` in the channels that are `taken`, and the scales of `other`."""
    assert tensor.data is not None and other.data is not None
    mask = by_channel(taken, layer.op)
    return replace(other, data=np.where(mask, other.data, tensor.data))


def mean_sums(layer: Layer, mean: Array) -> Array:
    """The mean of each output channel's float sums, from the mean of the layer's input over pictures.

    Shapes: mean, the input's without its batch -> (O,).
    """
    sums, pixels = tap_sums(layer.op, layer.weights.shape, mean)
    return summed_products(layer.op, layer.weights, sums) / pixels + layer.bias
