"""The integer form: every operator in integers, to the bit as numerics `tflm` computes it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from export.onnx import shared
from export.onnx.exact import Exact
from export.onnx.network import PICTURE, Layout, Network
from export.onnx.softmax import softmax
from firmware_sim import ops
from firmware_sim.fixed_point import INT32_MAX, quantize_multiplier
from firmware_sim.ops import (
    elementwise,
    pooling,
    resize_bilinear,
    resize_nearest_neighbor,
    resizing,
    sums,
)
from firmware_sim.ops import mean as mean_
from firmware_sim.ops.kernel import Operands, Workspace
from firmware_sim.ops.reduction import reduction
from firmware_sim.requantization import Clamp, Requantization, clamp_of, limits
from graph.attrs import AddAttrs, MulAttrs, ResizeAttrs, SubAttrs
from graph.op_kind import OpKind
from graph.types import DType, Tensor

ROWS, COLS = (Layout.PLANES.axis(axis) for axis in (1, 2))


def layer(network: Network, operands: Operands) -> None:
    """CONV_2D, DEPTHWISE_CONV_2D: ConvInteger, bias, requantization."""
    made = shared.weighted(operands)
    ofm = made.layer.ofm
    picture = network.value(made.layer.ifm, Layout.PLANES)
    weights, less = network.constant(made.stored), network.constant(made.zero_point, made.stored.dtype)
    zero = network.constant(made.layer.zero_point, made.layer.ifm.dtype.numpy)
    acc = network.node("ConvInteger", picture, weights, zero, less, **made.attributes)
    network.give(ofm, _requantized(network, made, acc, (-1, 1, 1)), Layout.PLANES)


def dense(network: Network, operands: Operands) -> None:
    """FULLY_CONNECTED: MatMulInteger over rows, bias, requantization."""
    made = shared.weighted(operands)
    ifm, ofm = made.layer.ifm, made.layer.ofm
    matrix = made.stored.T
    rows = network.node("Reshape", network.value(ifm), network.constant((-1, len(matrix)), np.int64))
    zero = network.constant(made.layer.zero_point, ifm.dtype.numpy)
    less = network.constant(made.zero_point, made.stored.dtype)
    acc = network.node("MatMulInteger", rows, network.constant(matrix), zero, less)
    values = _requantized(network, made, acc, (-1,))
    network.give(ofm, network.node("Reshape", values, network.constant(ofm.shape, np.int64)))


def _requantized(network: Network, made: shared.Weighted, acc: str, along: tuple[int, ...]) -> str:
    """From int32 sums to the output; `along` shapes what is by channel."""
    exact, to, bias = Exact(network), made.layer.rescaling, made.layer.bias
    operands = made.layer.operands
    operands.need(isinstance(to, Requantization), "its runtime scales it in floating point")
    assert isinstance(to, Requantization)
    summed = made.most - int(np.abs(bias).max(initial=0))
    operands.need(summed <= INT32_MAX, "its sums can pass 32 bits")
    acc = exact.plus(exact.wide(acc), bias.reshape(along))
    multipliers, shifts = (values.reshape(along) for values in (to.multipliers, to.shifts))
    if made.most > INT32_MAX:
        acc = exact.wrapped(acc)
    scaled = exact.scaled(acc, multipliers, shifts, min(made.most, INT32_MAX))
    return exact.narrow(scaled, made.layer.ofm, to.clamp, to.zero_point)


def looked_up(network: Network, operands: Operands) -> None:
    """By a table of what the simulator's kernel makes of each byte."""
    shared.need_bytes(operands)
    ops.KERNELS[operands.op.kind](operands)
    ifm, ofm = shared.first(operands)
    values = _values(ifm)
    shaped = replace(
        operands,
        inputs=(replace(ifm, shape=values.shape), *operands.inputs[1:]),
        outputs=(replace(ofm, shape=values.shape),),
    )
    table = np.empty(values.shape, ofm.dtype.numpy)
    ops.KERNELS[operands.op.kind](shaped)([values], [table], Workspace())
    layout = network.layout_of([ifm])
    network.give(ofm, Exact(network).looked_up(table, _place(network, ifm, layout)), layout)


def _values(tensor: Tensor) -> np.ndarray:
    """All 256 values of a tensor of bytes, from the lowest on."""
    low, high = limits(tensor.dtype)
    return np.arange(low, high + 1).astype(tensor.dtype.numpy)


def _place(network: Network, tensor: Tensor, layout: Layout) -> str:
    """The place of each byte in a table of 256, from the lowest on."""
    exact = Exact(network)
    wide = exact.wide(network.value(tensor, layout))
    low, _ = limits(tensor.dtype)
    return exact.minus(wide, low) if low else wide


def added(network: Network, operands: Operands) -> None:
    """ADD and SUB: each term by a table of 256, since it follows from a byte."""
    shared.need_bytes(operands)
    ops.KERNELS[operands.op.kind](operands)
    attrs, ofm = operands.op.attrs, operands.outputs[0]
    assert isinstance(attrs, AddAttrs | SubAttrs)
    exact, left_shift = Exact(network), sums.LEFT_SHIFT[ofm.dtype]
    *terms, common = elementwise.terms_on_twice_the_larger_scale(operands, left_shift)
    tensors = [t for t in operands.inputs if t is not None]
    layout = network.layout_of(tensors)
    both = [
        exact.looked_up(term.values(_values(tensor)), _place(network, tensor, layout))
        for term, tensor in zip(terms, tensors, strict=True)
    ]
    total = network.node("Sub" if operands.op.kind is OpKind.SUB else "Add", *both)
    real = common / ((1 << left_shift) * operands.quant(ofm).scale)
    _finished(network, operands, total, real, clamp_of(attrs.activation, ofm), INT32_MAX, layout)


def multiplied(network: Network, operands: Operands) -> None:
    shared.need_bytes(operands)
    ops.KERNELS[operands.op.kind](operands)
    ofm, exact = operands.outputs[0], Exact(network)
    tensors = [t for t in operands.inputs if t is not None]
    layout = network.layout_of(tensors)
    a, b = (exact.minus(exact.wide(network.value(t, layout)), operands.quant(t).zero_point) for t in tensors)
    scales = [operands.quant(t).scale for t in tensors]
    real = scales[0] * scales[1] / operands.quant(ofm).scale
    clamp = clamp_of(operands.attrs(MulAttrs).activation, ofm)
    _finished(network, operands, exact.times(a, b), real, clamp, 255 * 255, layout)


def _finished(
    network: Network, operands: Operands, values: str, real: float, clamp: Clamp, most: int, layout: Layout
) -> None:
    exact, ofm = Exact(network), operands.outputs[0]
    multiplier, shift = (np.array(part) for part in quantize_multiplier(real))
    scaled = exact.scaled(values, multiplier, shift, most)
    network.give(ofm, exact.narrow(scaled, ofm, clamp, operands.quant(ofm).zero_point), layout)


def extreme(network: Network, operands: Operands) -> None:
    """MAXIMUM and MINIMUM."""
    shared.need_bytes(operands)
    ops.KERNELS[operands.op.kind](operands)
    exact, ofm = Exact(network), operands.outputs[0]
    tensors = [t for t in operands.inputs if t is not None]
    layout = network.layout_of(tensors)
    both = [exact.wide(network.value(t, layout)) for t in tensors]
    kind = "Max" if operands.op.kind is OpKind.MAXIMUM else "Min"
    network.give(ofm, exact.typed(network.node(kind, *both), ofm), layout)


def average(network: Network, operands: Operands) -> None:
    """AVERAGE_POOL_2D: sums by weights of 1, divided by how many pixels a window has."""
    shared.need_bytes(operands)
    made, exact = pooling.prepared(operands), Exact(network)
    ifm, ofm = shared.first(operands)
    channels, window = ifm.shape[3], made.window
    ones = np.ones((channels, 1, window.rows.size, window.cols.size), ifm.dtype.numpy)
    acc = network.node(
        "ConvInteger", network.value(ifm, Layout.PLANES), network.constant(ones),
        group=channels, dilations=[1, 1], **shared.windowed(window),
    )  # fmt: skip
    picture = np.ones((1, window.ifm_h, window.ifm_w, 1), np.int64)
    count = sum(tap.astype(np.int64) for tap in made.taps(picture, 0))
    divided = exact.divided(exact.wide(acc), Layout.PLANES.arranged(np.asarray(count)))
    network.give(ofm, exact.narrow(divided, ofm, made.clamp), Layout.PLANES)


def largest(network: Network, operands: Operands) -> None:
    """MAX_POOL_2D."""
    shared.need_bytes(operands)
    made, exact = pooling.prepared(operands), Exact(network)
    ifm, ofm = shared.first(operands)
    values = network.node("MaxPool", network.value(ifm, Layout.PLANES), **shared.windowed(made.window))
    if (made.clamp.low, made.clamp.high) != limits(ofm.dtype):
        values = exact.narrow(exact.wide(values), ofm, made.clamp)
    network.give(ofm, values, Layout.PLANES)


def mean(network: Network, operands: Operands) -> None:
    """MEAN: 1 / count is part of the multiplier."""
    shared.need_bytes(operands)
    over, exact = reduction(operands, shared.BYTES), Exact(network)
    operands.need(over.count > 0, "the mean of no elements")
    most = 255 * over.count
    operands.need(most <= INT32_MAX, "its sums can pass 32 bits")
    multiplier, shift = (np.array(part) for part in mean_.multiplier_of(operands, over))
    ifm, ofm = over.ifm, over.ofm
    layout = reduced_layout(network, ifm, ofm, over.axes)
    axes = [layout.axis(axis) if len(ifm.shape) == PICTURE else axis for axis in over.axes]
    wide = exact.wide(network.value(ifm, layout))
    keep = int(len(ofm.shape) == len(ifm.shape))
    total = network.node("ReduceSum", wide, network.constant(axes, np.int64), keepdims=keep)
    acc = exact.minus(total, operands.quant(ifm).zero_point * over.count)
    low, high = limits(ofm.dtype)
    scaled = exact.scaled(acc, multiplier, shift, most)
    made = exact.narrow(scaled, ofm, Clamp(low, high, True, True), operands.quant(ofm).zero_point)
    network.give(ofm, made, layout if keep else Layout.FILE)


def reduced_layout(network: Network, ifm: Tensor, ofm: Tensor, axes: tuple[int, ...]) -> Layout:
    """Planes where what is left of them comes in the file's order."""
    keeps = len(ofm.shape) == len(ifm.shape)
    return network.layout_of([ifm]) if keeps or axes == (1, 2) else Layout.FILE


def nearest(network: Network, operands: Operands) -> None:
    """RESIZE_NEAREST_NEIGHBOR by the rows and columns that it copies."""
    shared.need_bytes(operands)
    attrs = operands.attrs(ResizeAttrs)
    ifm, size = resizing.prepared(operands, shared.BYTES)
    values = network.value(ifm, Layout.PLANES)
    for axis, at in enumerate((ROWS, COLS)):
        table = resize_nearest_neighbor.nearest(ifm.shape[1 + axis], size[axis], attrs)
        values = network.node("Gather", values, network.constant(table), axis=at)
    network.give(operands.outputs[0], values, Layout.PLANES)


def bilinear(network: Network, operands: Operands) -> None:
    """RESIZE_BILINEAR of int8, with weights in 1024ths along rows, then along columns."""
    shared.need_bytes(operands)
    ifm, down, across = resize_bilinear.prepared(operands)
    operands.need(ifm.dtype is DType.INT8, "its runtime blends uint8 in floating point")
    exact, ofm = Exact(network), operands.outputs[0]
    values = exact.wide(network.value(ifm, Layout.PLANES))
    for between, at, shape in ((down, ROWS, (-1, 1)), (across, COLS, (-1,))):
        parts = [
            exact.times(
                network.node("Gather", values, network.constant(places), axis=at), weights.reshape(shape)
            )
            for places, weights in ((between.low, between.here), (between.high, between.there))
        ]
        values = exact.plus(*parts)
    rounded = exact.divided(values, resize_bilinear.ONE**2)
    network.give(ofm, exact.typed(rounded, ofm), Layout.PLANES)


TABLES = (
    *(OpKind.RELU, OpKind.RELU6, OpKind.RELU_N1_TO_1, OpKind.LOGISTIC, OpKind.TANH, OpKind.HARD_SWISH),
    *(OpKind.LEAKY_RELU, OpKind.QUANTIZE, OpKind.ABS, OpKind.NEG),
)
WRITERS: dict[OpKind, shared.Write] = {
    **shared.MOVES,
    **dict.fromkeys((OpKind.CONV_2D, OpKind.DEPTHWISE_CONV_2D), layer),
    **dict.fromkeys((OpKind.ADD, OpKind.SUB), added),
    **dict.fromkeys((OpKind.MAXIMUM, OpKind.MINIMUM), extreme),
    **dict.fromkeys((OpKind.PAD, OpKind.PADV2), shared.padded),
    **dict.fromkeys(TABLES, looked_up),
    OpKind.FULLY_CONNECTED: dense,
    OpKind.CONCATENATION: shared.joined,
    OpKind.MUL: multiplied,
    OpKind.AVERAGE_POOL_2D: average,
    OpKind.MAX_POOL_2D: largest,
    OpKind.MEAN: mean,
    OpKind.RESIZE_NEAREST_NEIGHBOR: nearest,
    OpKind.RESIZE_BILINEAR: bilinear,
    OpKind.SOFTMAX: softmax,
}
