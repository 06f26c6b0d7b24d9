"""FULLY_CONNECTED."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim import requantization as rq
from firmware_sim.numerics import Numerics
from firmware_sim.ops import conv_2d, products
from firmware_sim.ops.accumulators import add_product, centred
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.ops.layer import Layer, Rule, kernel_of
from graph.attrs import FullyConnectedAttrs, Padding
from graph.types import DType
from graph.windows import Window, axis_of


def accumulate(ifm: np.ndarray, weights: np.ndarray, bias: np.ndarray, zero_point: int) -> np.ndarray:
    """acc[b,o] = sum((ifm[b,k] - zero_point) * weights[o,k] for k) + bias[o]

    Shapes: ifm (B,K), weights (O,K), bias (O,); gives (B,O) int64 of integers, float32 of float32.
    Source: TFLite reference/fully_connected.h, reference/integer_ops/fully_connected.h.
    """
    rows = centred(ifm, zero_point)
    acc = np.zeros((len(rows), len(weights)), rows.dtype)
    add_product(acc, rows, weights.astype(rows.dtype).T)
    return acc + bias


def rule_of(operands: Operands) -> Rule:
    """How sums are scaled: TFLite Micro scales int8 as convolutions do."""
    unsigned = operands.input(0, tuple(DType)).dtype is DType.UINT8
    return rq.per_channel if operands.numerics is Numerics.TFLM and not unsigned else rq.in_float


def prepared(operands: Operands) -> Layer:
    """An ifm of any rank counts as rows of K."""
    attrs = operands.attrs(FullyConnectedAttrs)
    operands.need(not attrs.shuffled_weights, "shuffled weights are a layout that no runtime here reads")
    stated = attrs.quantized_bias_type
    layer = Layer(operands, attrs.activation, bias_type=stated, rule=rule_of(operands))
    operands.need(len(layer.filter.shape) == 2, "its weights are no matrix")
    channels, depth = layer.filter.shape
    elements = layer.ifm.elements
    operands.need(elements % depth == 0, f"an input of {elements} elements is no rows of {depth}")
    computed = elements // depth * channels
    operands.need(
        layer.ofm.elements == computed, f"its output has {layer.ofm.elements} elements, not {computed}"
    )
    return layer


def plain(operands: Operands) -> Kernel:
    """The definition."""
    return _by_definition(prepared(operands))


def _by_definition(layer: Layer, *, in_float64: bool = False) -> Kernel:
    def rows(ifm: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
        return accumulate(ifm.reshape(-1, weights.shape[1]), weights, bias, layer.zero_point)

    return kernel_of(layer, rows, in_float64=in_float64)


def fast(operands: Operands) -> Kernel:
    """The same by one matrix product; see `products.Product` for why it is exact."""
    layer = prepared(operands)
    weights = layer.weights
    if weights is None:
        return _by_definition(layer, in_float64=True)
    channels, depth = weights.shape
    if layer.dtype is DType.FLOAT32:
        row = axis_of(Padding.VALID, 1, 1, 1)
        rows = axis_of(Padding.VALID, layer.ifm.elements // depth, 1, 1)
        window = Window(rows, row, rows.outputs, 1)
        return conv_2d.in_float32(layer, weights.reshape(channels, 1, 1, depth), window)
    if layer.compiled_rescaling is None:
        return _by_definition(layer, in_float64=True)
    product = products.Product(weights, layer.bias, layer.zero_point, layer.compiled_rescaling, layer.dtype)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], space: Workspace) -> int:
        ifm = inputs[0]
        assert ifm is not None
        return product.multiply(ifm.reshape(-1, depth), outputs[0].reshape(-1, channels), space)

    return kernel
