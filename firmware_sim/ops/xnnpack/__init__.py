"""Numerics `xnnpack`: the operators of MobileNets and ResNets as LiteRT's default delegate computes them.

An operator that is not in the tables is refused: its bits under XNNPACK are not worked out here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from firmware_sim.ops import (
    average_pool_2d,
    blocks,
    conv_2d,
    depthwise_conv_2d,
    dequantize,
    expand_dims,
    fully_connected,
    pack,
    pad,
    pairs,
    reshape,
    shape,
    slice,
    split,
    squeeze,
    strided_slice,
    transpose,
    unpack,
)
from firmware_sim.ops.kernel import Kernel, Operands, Prepare
from firmware_sim.ops.xnnpack import add, delegate, max_pool_2d, mean, products, quantize, softmax
from graph.op_kind import OpKind
from graph.types import DType


def _unchanged(prepare: Prepare, *more: DType) -> Prepare:
    """The common kernel, for 8-bit tensors and `more` types: delegate and TFLite give the same bits."""

    def checked(operands: Operands) -> Kernel:
        delegate.need_types(operands, (*delegate.BYTES, *more))
        return prepare(operands)

    return checked


def _moved(prepare: Prepare) -> Prepare:
    return _unchanged(prepare, *delegate.INDICES, DType.FLOAT32)


KERNELS: Mapping[OpKind, Prepare] = MappingProxyType(
    {
        OpKind.ADD: add.plain,
        OpKind.AVERAGE_POOL_2D: _unchanged(average_pool_2d.plain),
        OpKind.CONV_2D: products.taken(conv_2d.plain, axis=0),
        OpKind.DEPTHWISE_CONV_2D: products.taken(depthwise_conv_2d.plain, axis=3),
        OpKind.DEPTH_TO_SPACE: _moved(blocks.depth_to_space),
        OpKind.DEQUANTIZE: _unchanged(dequantize.plain, DType.FLOAT32),
        OpKind.EXPAND_DIMS: _moved(expand_dims.plain),
        OpKind.FULLY_CONNECTED: products.taken(fully_connected.plain, axis=0, bias_needed=False),
        OpKind.MAX_POOL_2D: max_pool_2d.plain,
        OpKind.MEAN: mean.plain,
        OpKind.PACK: _moved(pack.plain),
        OpKind.PAD: _moved(pad.plain),
        OpKind.PADV2: _unchanged(pad.plain, *delegate.INDICES),
        OpKind.QUANTIZE: quantize.plain,
        OpKind.RESHAPE: _moved(reshape.plain),
        OpKind.SHAPE: _moved(shape.plain),
        OpKind.SLICE: _moved(slice.plain),
        OpKind.SOFTMAX: softmax.plain,
        OpKind.SPACE_TO_DEPTH: _moved(blocks.space_to_depth),
        OpKind.SPLIT: _moved(split.split),
        OpKind.SPLIT_V: _moved(split.split_v),
        OpKind.SQUEEZE: _moved(squeeze.plain),
        OpKind.STRIDED_SLICE: _moved(strided_slice.plain),
        OpKind.TRANSPOSE: _moved(transpose.plain),
        OpKind.UNPACK: _moved(unpack.plain),
    }
)
"""The definitions."""

FAST: Mapping[OpKind, Prepare] = MappingProxyType(
    {
        **KERNELS,
        OpKind.ADD: pairs.by_table(add.plain),
        OpKind.CONV_2D: products.taken(conv_2d.fast, axis=0),
        OpKind.DEPTHWISE_CONV_2D: products.taken(depthwise_conv_2d.fast, axis=3),
        OpKind.FULLY_CONNECTED: products.taken(fully_connected.fast, axis=0, bias_needed=False),
    }
)
"""The same bits, sooner."""
