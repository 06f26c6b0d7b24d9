"""One file per operator: its definition in plain numpy and, where it costs time, a fast equal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from firmware_sim.ops import (
    add,
    average_pool_2d,
    conv_2d,
    depthwise_conv_2d,
    dequantize,
    fully_connected,
    max_pool_2d,
    mean,
    pack,
    pad,
    quantize,
    reshape,
    shape,
    softmax,
    strided_slice,
)
from firmware_sim.ops.kernel import Kernel, Operands
from graph.op_kind import OpKind

Prepare = Callable[[Operands], Kernel]
"""Checks an operator's types and shapes and keeps what is constant; refuses with UnsupportedOperatorError."""

KERNELS: Mapping[OpKind, Prepare] = MappingProxyType(
    {
        OpKind.ADD: add.plain,
        OpKind.AVERAGE_POOL_2D: average_pool_2d.plain,
        OpKind.CONV_2D: conv_2d.plain,
        OpKind.DEPTHWISE_CONV_2D: depthwise_conv_2d.plain,
        OpKind.DEQUANTIZE: dequantize.plain,
        OpKind.FULLY_CONNECTED: fully_connected.plain,
        OpKind.MAX_POOL_2D: max_pool_2d.plain,
        OpKind.MEAN: mean.plain,
        OpKind.PACK: pack.plain,
        OpKind.PAD: pad.plain,
        OpKind.PADV2: pad.plain,
        OpKind.QUANTIZE: quantize.plain,
        OpKind.RESHAPE: reshape.plain,
        OpKind.SHAPE: shape.plain,
        OpKind.SOFTMAX: softmax.plain,
        OpKind.STRIDED_SLICE: strided_slice.plain,
    }
)
"""The definitions."""

FAST: Mapping[OpKind, Prepare] = MappingProxyType(
    {
        **KERNELS,
        OpKind.CONV_2D: conv_2d.fast,
        OpKind.DEPTHWISE_CONV_2D: depthwise_conv_2d.fast,
        OpKind.FULLY_CONNECTED: fully_connected.fast,
    }
)
"""The same bits, sooner."""
