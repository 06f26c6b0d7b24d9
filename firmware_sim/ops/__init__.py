"""One file per operator: its definition in plain numpy and, where it costs time, a fast equal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from firmware_sim.ops import (
    add,
    arg_max,
    average_pool_2d,
    batch_matmul,
    blocks,
    broadcast_to,
    concatenation,
    conv_2d,
    depthwise_conv_2d,
    dequantize,
    detection_postprocess,
    expand_dims,
    fill,
    fully_connected,
    gather,
    gather_nd,
    l2_normalization,
    max_pool_2d,
    mean,
    mirror_pad,
    pack,
    pad,
    quantize,
    reduce_max,
    reshape,
    resize_bilinear,
    resize_nearest_neighbor,
    reverse_v2,
    shape,
    slice,
    softmax,
    split,
    squeeze,
    strided_slice,
    svdf,
    tile,
    transpose,
    transpose_conv,
    unpack,
    zeros_like,
)
from firmware_sim.ops import sum as sum_
from firmware_sim.ops.kernel import Kernel, Operands
from graph.op_kind import OpKind

Prepare = Callable[[Operands], Kernel]
"""Checks an operator's types and shapes and keeps what is constant; refuses with UnsupportedOperatorError."""

KERNELS: Mapping[OpKind, Prepare] = MappingProxyType(
    {
        OpKind.ADD: add.plain,
        OpKind.ARG_MAX: arg_max.plain,
        OpKind.ARG_MIN: arg_max.plain,
        OpKind.AVERAGE_POOL_2D: average_pool_2d.plain,
        OpKind.BATCH_MATMUL: batch_matmul.plain,
        OpKind.BATCH_TO_SPACE_ND: blocks.batch_to_space_nd,
        OpKind.BROADCAST_TO: broadcast_to.plain,
        OpKind.CONCATENATION: concatenation.plain,
        OpKind.CONV_2D: conv_2d.plain,
        OpKind.DEPTHWISE_CONV_2D: depthwise_conv_2d.plain,
        OpKind.DEPTH_TO_SPACE: blocks.depth_to_space,
        OpKind.DEQUANTIZE: dequantize.plain,
        OpKind.DETECTION_POSTPROCESS: detection_postprocess.plain,
        OpKind.EXPAND_DIMS: expand_dims.plain,
        OpKind.FILL: fill.plain,
        OpKind.FULLY_CONNECTED: fully_connected.plain,
        OpKind.GATHER: gather.plain,
        OpKind.GATHER_ND: gather_nd.plain,
        OpKind.L2_NORMALIZATION: l2_normalization.plain,
        OpKind.MAX_POOL_2D: max_pool_2d.plain,
        OpKind.MEAN: mean.plain,
        OpKind.MIRROR_PAD: mirror_pad.plain,
        OpKind.PACK: pack.plain,
        OpKind.PAD: pad.plain,
        OpKind.PADV2: pad.plain,
        OpKind.QUANTIZE: quantize.plain,
        OpKind.REDUCE_MAX: reduce_max.plain,
        OpKind.REDUCE_MIN: reduce_max.plain,
        OpKind.RESHAPE: reshape.plain,
        OpKind.RESIZE_BILINEAR: resize_bilinear.plain,
        OpKind.RESIZE_NEAREST_NEIGHBOR: resize_nearest_neighbor.plain,
        OpKind.REVERSE_V2: reverse_v2.plain,
        OpKind.SHAPE: shape.plain,
        OpKind.SLICE: slice.plain,
        OpKind.SOFTMAX: softmax.plain,
        OpKind.SPACE_TO_BATCH_ND: blocks.space_to_batch_nd,
        OpKind.SPACE_TO_DEPTH: blocks.space_to_depth,
        OpKind.SPLIT: split.split,
        OpKind.SPLIT_V: split.split_v,
        OpKind.SQUEEZE: squeeze.plain,
        OpKind.STRIDED_SLICE: strided_slice.plain,
        OpKind.SUM: sum_.plain,
        OpKind.SVDF: svdf.plain,
        OpKind.TILE: tile.plain,
        OpKind.TRANSPOSE: transpose.plain,
        OpKind.TRANSPOSE_CONV: transpose_conv.plain,
        OpKind.UNPACK: unpack.plain,
        OpKind.ZEROS_LIKE: zeros_like.plain,
    }
)
"""The definitions."""

FAST: Mapping[OpKind, Prepare] = MappingProxyType(
    {
        **KERNELS,
        OpKind.BATCH_MATMUL: batch_matmul.fast,
        OpKind.CONV_2D: conv_2d.fast,
        OpKind.DEPTHWISE_CONV_2D: depthwise_conv_2d.fast,
        OpKind.FULLY_CONNECTED: fully_connected.fast,
        OpKind.TRANSPOSE_CONV: transpose_conv.fast,
    }
)
"""The same bits, sooner."""
