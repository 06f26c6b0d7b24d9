"""FULLY_CONNECTED."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim import requantization as rq
from firmware_sim.numerics import Numerics
from firmware_sim.ops import products
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from graph.attrs import FullyConnectedAttrs
from graph.types import DType


def accumulate(ifm: np.ndarray, weights: np.ndarray, bias: np.ndarray, zero_point: int) -> np.ndarray:
    """acc[b,o] = bias[o] + sum((ifm[b,k] - zero_point) * weights[o,k] for k)

    Shapes: ifm (B,K) int8, weights (O,K) int8, bias (O,) int64; gives (B,O) int64.
    Source: TFLite reference/integer_ops/fully_connected.h.
    """
    return (ifm.astype(np.int64) - zero_point) @ weights.astype(np.int64).T + bias


class _Prepared:
    """The checked operands, for both engines; an ifm of any rank counts as rows of K."""

    def __init__(self, operands: Operands) -> None:
        attrs = operands.attrs(FullyConnectedAttrs)
        ifm, ofm = operands.input(0, (DType.INT8,)), operands.output((DType.INT8,))
        weights = operands.weights(1)
        assert weights.data is not None and weights.quant is not None
        operands.need(not attrs.shuffled_weights, "shuffled weights are a layout that no runtime here reads")
        operands.need(len(weights.shape) == 2, "its weights are no matrix")
        channels, depth = weights.shape
        operands.need(ifm.elements % depth == 0, f"an input of {ifm.elements} elements is no rows of {depth}")
        computed = ifm.elements // depth * channels
        operands.need(ofm.elements == computed, f"its output has {ofm.elements} elements, not {computed}")
        scales = len(weights.quant.scales)
        operands.need(scales in (1, channels), "the weights' scales fit no channel")
        self.zero_point = operands.quant(ifm).zero_point
        operands.quant(ofm)
        self.weights, self.bias = weights.data, operands.bias(2, channels)
        made_of = (ifm, weights, ofm, operands.activation(attrs.activation), channels)
        self.requantization: rq.Requantization | rq.FloatRequantization
        if operands.numerics is Numerics.TFLITE_REF:
            self.requantization = rq.in_float(*made_of)
        else:
            self.requantization = (rq.per_tensor if scales == 1 else rq.per_channel)(*made_of)


def plain(operands: Operands) -> Kernel:
    """The definition."""
    p = _Prepared(operands)
    depth = p.weights.shape[1]

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        ifm = inputs[0]
        assert ifm is not None
        acc = accumulate(ifm.reshape(-1, depth), p.weights, p.bias, p.zero_point)
        ofm, saturated = p.requantization.apply(acc)
        outputs[0][...] = ofm.reshape(outputs[0].shape)
        return saturated

    return kernel


def fast(operands: Operands) -> Kernel:
    """The same by one matrix product; see `products.Product` for why it is exact."""
    p = _Prepared(operands)
    product = products.Product(p.weights, p.bias, p.zero_point, p.requantization)
    channels, depth = p.weights.shape

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], space: Workspace) -> int:
        ifm = inputs[0]
        assert ifm is not None
        return products.multiply(product, ifm.reshape(-1, depth), outputs[0].reshape(-1, channels), space)

    return kernel
