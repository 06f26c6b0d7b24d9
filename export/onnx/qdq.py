"""The QDQ form: float operators between DequantizeLinear and QuantizeLinear, as NPU compilers read it."""

from __future__ import annotations

from typing import Any

import numpy as np

from export.onnx import integer, shared
from export.onnx.network import PICTURE, Layout, Network
from firmware_sim import ops
from firmware_sim.ops import pooling, resize_bilinear, resizing
from firmware_sim.ops.kernel import Operands
from firmware_sim.ops.reduction import reduction
from firmware_sim.requantization import clamp_of, limits
from graph.attrs import (
    Activation,
    ConcatenationAttrs,
    LeakyReluAttrs,
    Pool2DAttrs,
    ResizeAttrs,
    SoftmaxAttrs,
)
from graph.op_kind import OpKind
from graph.types import Tensor


def real(network: Network, operands: Operands, tensor: Tensor, layout: Layout = Layout.FILE) -> str:
    """A tensor's real numbers."""
    quant = operands.quant(tensor)
    scale = network.constant(quant.scale, np.float32)
    zero = network.constant(quant.zero_point, tensor.dtype.numpy)
    return network.node("DequantizeLinear", network.value(tensor, layout), scale, zero)


def give(
    network: Network,
    operands: Operands,
    values: str,
    layout: Layout = Layout.FILE,
    activation: Activation = Activation.NONE,
) -> None:
    """The output from real numbers: the activation cuts where the type's ends don't, then it is quantized."""
    ofm = operands.outputs[0]
    quant, clamp = operands.quant(ofm), clamp_of(activation, ofm)
    low, high = limits(ofm.dtype)
    if (clamp.low, clamp.high) != (low, high):
        ends = [_real_end(end, quant.scale, quant.zero_point) for end in (clamp.low, clamp.high)]
        values = network.node("Clip", values, *(network.constant(end, np.float32) for end in ends))
    scale = network.constant(quant.scale, np.float32)
    zero = network.constant(quant.zero_point, ofm.dtype.numpy)
    network.give(ofm, network.node("QuantizeLinear", values, scale, zero), layout)


def _real_end(end: int, scale: float, zero_point: int) -> float:
    return scale * (end - zero_point)


def _parameters(network: Network, made: shared.Weighted) -> tuple[str, str]:
    """Weights and bias as real numbers, with a scale for each output channel."""
    layer = made.layer
    assert layer.filter.quant is not None and layer.ifm.quant is not None
    scales = np.array(layer.filter.quant.scales, np.float32)
    zeros = np.full(scales.shape, made.zero_point, made.stored.dtype)
    axis: dict[str, Any] = {"axis": 0}
    if len(scales) == 1:
        scales, zeros, axis = scales.reshape(()), zeros.reshape(()), {}
    weights = network.node(
        "DequantizeLinear",
        network.constant(made.stored), network.constant(scales), network.constant(zeros), **axis,
    )  # fmt: skip
    of_bias = np.broadcast_to(np.float32(layer.ifm.quant.scale) * scales, (layer.channels,))
    whole = layer.bias.astype(np.int32)
    bias = network.node(
        "DequantizeLinear",
        network.constant(whole), network.constant(of_bias), network.constant(np.zeros_like(whole)), axis=0,
    )  # fmt: skip
    return weights, bias


def layer(network: Network, operands: Operands) -> None:
    """CONV_2D and DEPTHWISE_CONV_2D."""
    made = shared.weighted(operands)
    picture = real(network, operands, made.layer.ifm, Layout.PLANES)
    values = network.node("Conv", picture, *_parameters(network, made), **made.attributes)
    give(network, operands, values, Layout.PLANES, _activation(operands))


def dense(network: Network, operands: Operands) -> None:
    """FULLY_CONNECTED, over rows."""
    made = shared.weighted(operands)
    depth, ofm = made.stored.shape[1], made.layer.ofm
    ifm = made.layer.ifm
    rows = network.node("Reshape", network.value(ifm), network.constant((-1, depth), np.int64))
    quant = operands.quant(ifm)
    zero = network.constant(quant.zero_point, ifm.dtype.numpy)
    values = network.node("DequantizeLinear", rows, network.constant(quant.scale, np.float32), zero)
    values = network.node("Gemm", values, *_parameters(network, made), transB=1)
    if len(ofm.shape) != 2:
        values = network.node("Reshape", values, network.constant(ofm.shape, np.int64))
    give(network, operands, values, activation=_activation(operands))


def _activation(operands: Operands) -> Activation:
    return getattr(operands.op.attrs, "activation", Activation.NONE)


def _unary(kind: str, **attributes: Any) -> shared.Write:
    def write(network: Network, operands: Operands) -> None:
        shared.need_bytes(operands)
        ops.KERNELS[operands.op.kind](operands)
        ifm, _ = shared.first(operands)
        layout = network.layout_of([ifm])
        give(
            network, operands, network.node(kind, real(network, operands, ifm, layout), **attributes), layout
        )

    return write


def clipped(network: Network, operands: Operands) -> None:
    """RELU6 and RELU_N1_TO_1; between two scales the runtimes cut integers and leave the scale."""
    shared.need_bytes(operands)
    ifm, ofm = shared.first(operands)
    if ifm.quant != ofm.quant:
        integer.looked_up(network, operands)
        return
    layout = network.layout_of([ifm])
    ends = (0.0, 6.0) if operands.op.kind is OpKind.RELU6 else (-1.0, 1.0)
    limits_ = [network.constant(end, np.float32) for end in ends]
    give(network, operands, network.node("Clip", real(network, operands, ifm, layout), *limits_), layout)


def extreme(network: Network, operands: Operands) -> None:
    """MAXIMUM and MINIMUM; between several scales the runtimes compare integers."""
    if len({t.quant for t in (*operands.inputs, *operands.outputs) if t is not None}) > 1:
        integer.extreme(network, operands)
        return
    _binary("Max" if operands.op.kind is OpKind.MAXIMUM else "Min")(network, operands)


def leaky(network: Network, operands: Operands) -> None:
    _unary("LeakyRelu", alpha=operands.attrs(LeakyReluAttrs).alpha)(network, operands)


def requantized(network: Network, operands: Operands) -> None:
    """QUANTIZE from bytes to bytes."""
    shared.need_bytes(operands)
    ifm, _ = shared.first(operands)
    layout = network.layout_of([ifm])
    give(network, operands, real(network, operands, ifm, layout), layout)


def _binary(kind: str) -> shared.Write:
    def write(network: Network, operands: Operands) -> None:
        shared.need_bytes(operands)
        ops.KERNELS[operands.op.kind](operands)
        tensors = [t for t in operands.inputs if t is not None]
        layout = network.layout_of(tensors)
        both = [real(network, operands, t, layout) for t in tensors]
        give(network, operands, network.node(kind, *both), layout, _activation(operands))

    return write


def pooled(network: Network, operands: Operands) -> None:
    """AVERAGE_POOL_2D and MAX_POOL_2D; the padding counts in neither."""
    shared.need_bytes(operands)
    made = pooling.prepared(operands)
    ifm, _ = shared.first(operands)
    average = operands.op.kind is OpKind.AVERAGE_POOL_2D
    how = {"count_include_pad": 0} if average else {}
    values = network.node(
        "AveragePool" if average else "MaxPool",
        real(network, operands, ifm, Layout.PLANES), **shared.windowed(made.window), **how,
    )  # fmt: skip
    give(network, operands, values, Layout.PLANES, operands.attrs(Pool2DAttrs).activation)


def mean(network: Network, operands: Operands) -> None:
    shared.need_bytes(operands)
    over = reduction(operands, shared.BYTES)
    operands.need(over.count > 0, "the mean of no elements")
    layout = integer.reduced_layout(network, over.ifm, over.ofm, over.axes)
    axes = [layout.axis(axis) if len(over.ifm.shape) == PICTURE else axis for axis in over.axes]
    keep = int(len(over.ofm.shape) == len(over.ifm.shape))
    numbers = real(network, operands, over.ifm, layout)
    values = network.node("ReduceMean", numbers, network.constant(axes, np.int64), keepdims=keep)
    give(network, operands, values, layout if keep else Layout.FILE)


def resized(network: Network, operands: Operands) -> None:
    """RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR."""
    shared.need_bytes(operands)
    attrs = operands.attrs(ResizeAttrs)
    ifm, size = resizing.prepared(operands, shared.BYTES)
    bilinear = operands.op.kind is OpKind.RESIZE_BILINEAR
    if bilinear:
        resize_bilinear.prepared(operands)
    elif attrs.align_corners and attrs.half_pixel_centers:  # which ONNX has no name for
        integer.nearest(network, operands)
        return
    corners = "align_corners" if attrs.align_corners else "asymmetric"
    where = "half_pixel" if attrs.half_pixel_centers else corners
    floor = not (attrs.half_pixel_centers or attrs.align_corners)
    how = {"mode": "linear"} if bilinear else {
        "mode": "nearest", "nearest_mode": "floor" if floor else "round_prefer_ceil"
    }  # fmt: skip
    sizes = network.constant((ifm.shape[0], ifm.shape[3], *size), np.int64)
    values = network.node(
        "Resize", real(network, operands, ifm, Layout.PLANES), "", "", sizes,
        coordinate_transformation_mode=where, **how,
    )  # fmt: skip
    give(network, operands, values, Layout.PLANES)


def softmax(network: Network, operands: Operands) -> None:
    shared.need_bytes(operands)
    ops.KERNELS[operands.op.kind](operands)
    ifm, _ = shared.first(operands)
    numbers, beta = real(network, operands, ifm), operands.attrs(SoftmaxAttrs).beta
    if beta != 1.0:
        numbers = network.node("Mul", numbers, network.constant(beta, np.float32))
    give(network, operands, network.node("Softmax", numbers, axis=-1))


def joined(network: Network, operands: Operands) -> None:
    """CONCATENATION: integers where all are on one scale, else real numbers."""
    ofm = operands.outputs[0]
    tensors = [t for t in operands.inputs if t is not None]
    if all(t.quant == ofm.quant for t in tensors):
        shared.joined(network, operands)
        return
    shared.need_bytes(operands)
    ops.KERNELS[operands.op.kind](operands)
    axis = operands.attrs(ConcatenationAttrs).axis % len(ofm.shape)
    layout = network.layout_of(tensors)
    at = layout.axis(axis) if len(ofm.shape) == PICTURE else axis
    parts = [real(network, operands, t, layout) for t in tensors]
    give(network, operands, network.node("Concat", *parts, axis=at), layout)


WRITERS: dict[OpKind, shared.Write] = {
    **shared.MOVES,
    **dict.fromkeys((OpKind.CONV_2D, OpKind.DEPTHWISE_CONV_2D), layer),
    **dict.fromkeys((OpKind.PAD, OpKind.PADV2), shared.padded),
    **dict.fromkeys((OpKind.AVERAGE_POOL_2D, OpKind.MAX_POOL_2D), pooled),
    **dict.fromkeys((OpKind.RELU6, OpKind.RELU_N1_TO_1), clipped),
    **dict.fromkeys((OpKind.RESIZE_BILINEAR, OpKind.RESIZE_NEAREST_NEIGHBOR), resized),
    **dict.fromkeys((OpKind.MAXIMUM, OpKind.MINIMUM), extreme),
    OpKind.FULLY_CONNECTED: dense,
    OpKind.ADD: _binary("Add"),
    OpKind.SUB: _binary("Sub"),
    OpKind.MUL: _binary("Mul"),
    OpKind.RELU: _unary("Relu"),
    OpKind.LOGISTIC: _unary("Sigmoid"),
    OpKind.TANH: _unary("Tanh"),
    OpKind.HARD_SWISH: _unary("HardSwish"),
    OpKind.ABS: _unary("Abs"),
    OpKind.NEG: _unary("Neg"),
    OpKind.LEAKY_RELU: leaky,
    OpKind.QUANTIZE: requantized,
    OpKind.CONCATENATION: joined,
    OpKind.MEAN: mean,
    OpKind.SOFTMAX: softmax,
}
