"""The same network at another size: fewer pixels, or fewer channels; shapes alone, weights stay unset."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from graph.attrs import Conv2DAttrs, DepthwiseConv2DAttrs, Padding, Pool2DAttrs
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, QuantParams, Tensor

Shape = tuple[int, ...]
CHANNELS_STEP = 8

_SAME_SHAPE = frozenset(
    {
        *(OpKind.RELU, OpKind.RELU6, OpKind.LOGISTIC, OpKind.TANH, OpKind.HARD_SWISH, OpKind.SOFTMAX),
        *(OpKind.QUANTIZE, OpKind.DEQUANTIZE, OpKind.LEAKY_RELU, OpKind.ADD, OpKind.SUB, OpKind.MUL),
    }
)
_ABOUT_SHAPES = frozenset({OpKind.SHAPE, OpKind.STRIDED_SLICE, OpKind.PACK, OpKind.CONCATENATION})
_WEIGHTED = frozenset({OpKind.CONV_2D, OpKind.DEPTHWISE_CONV_2D, OpKind.FULLY_CONNECTED})


class _CannotTellError(Exception):
    """The network has an operator whose shape at another size is not known here."""


def res_px(graph: Graph) -> int | None:
    """Height and width of the one square picture that `graph` takes; None for any other input."""
    if len(graph.inputs) != 1:
        return None
    shape = graph.tensors[graph.inputs[0]].shape
    return shape[1] if len(shape) == 4 and shape[1] == shape[2] > 1 else None


def mobilenet_v1_alpha(graph: Graph) -> Fraction | None:
    """ALPHA, where `graph` has MobileNetV1's layers: a convolution, 13 pairs of two, a head."""
    weighted = [op for op in graph.ops if op.kind in _WEIGHTED]
    kinds = [op.kind for op in weighted]
    pair = [OpKind.DEPTHWISE_CONV_2D, OpKind.CONV_2D]
    if len(kinds) != 28 or kinds[:27] != [OpKind.CONV_2D, *pair * 13]:
        return None
    return Fraction(graph.tensors[weighted[0].outputs[0]].shape[-1], 32)


def with_res(graph: Graph, res: int) -> Graph | None:
    """`graph` for pictures of `res` x `res` pixels; None where that cannot be told."""
    old = graph.tensors[graph.inputs[0]].shape
    return _reshaped(graph, (old[0], res, res, old[3]), lambda channels: channels)


def with_width(graph: Graph, factor: Fraction) -> Graph | None:
    """`graph` with every inner layer's channels times `factor`, to multiples of 8 as MobileNets round them.

    The picture's channels and those of the last layers, which are the answer, stay.
    """

    def scaled(channels: int) -> int:
        nearest = int(channels * factor + Fraction(CHANNELS_STEP, 2)) // CHANNELS_STEP * CHANNELS_STEP
        return min(channels, max(CHANNELS_STEP, nearest))

    return _reshaped(graph, graph.tensors[graph.inputs[0]].shape, scaled)


def _reshaped(graph: Graph, picture: Shape, channels: Callable[[int], int]) -> Graph | None:
    shapes = {graph.inputs[0]: picture}
    heads = _heads(graph)
    try:
        for op in graph.ops:
            if len(op.outputs) != 1:
                raise _CannotTellError
            keep = op.index in heads
            _infer(graph, op, shapes, (lambda c: c) if keep else channels)
    except _CannotTellError:
        return None
    tensors = tuple(_with_shape(t, shapes.get(t.index, t.shape)) for t in graph.tensors)
    return replace(graph, tensors=tensors, ops=tuple(_still_global(graph, op, tensors) for op in graph.ops))


def _still_global(graph: Graph, op: Op, tensors: Sequence[Tensor]) -> Op:
    """A pool over everything takes as many rows and columns as there are now."""
    if not isinstance(op.attrs, Pool2DAttrs):
        return op
    old, new = graph.tensors[op.inputs[0]].shape, tensors[op.inputs[0]].shape
    filters = op.attrs.filter_h, op.attrs.filter_w
    height, width = (n if f == o else f for f, o, n in zip(filters, old[1:3], new[1:3], strict=True))
    return replace(op, attrs=replace(op.attrs, filter_h=height, filter_w=width))


def _heads(graph: Graph) -> set[int]:
    """Operators with weights that none with weights comes after."""
    leads = set()
    reaches: set[int] = set()
    for op in reversed(graph.ops):
        after = any(tensor in reaches for tensor in op.outputs)
        if op.kind in _WEIGHTED and not after:
            leads.add(op.index)
        if after or op.kind in _WEIGHTED:
            reaches |= {i for i in op.inputs if i >= 0}
    return leads


def _infer(graph: Graph, op: Op, shapes: dict[int, Shape], channels: Callable[[int], int]) -> None:
    """Shapes of the output and of the constants of `op`, from those of its inputs."""
    old = [graph.tensors[i].shape for i in op.inputs if i >= 0]
    new = [shapes.get(i, graph.tensors[i].shape) for i in op.inputs if i >= 0]
    out = graph.tensors[op.outputs[0]].shape
    if op.kind in _WEIGHTED:
        result, weights = _layer(op, old, new, out, channels)
        shapes[op.inputs[1]] = weights
        if len(op.inputs) > 2 and op.inputs[2] >= 0:
            shapes[op.inputs[2]] = (result[-1],)
    elif op.kind in _SAME_SHAPE:
        result = _broadcast(graph, op, shapes, old, new, out)
    elif op.kind in (OpKind.AVERAGE_POOL_2D, OpKind.MAX_POOL_2D):
        assert isinstance(op.attrs, Pool2DAttrs)
        rows = _window(op, op.attrs.filter_h, old[0][1], new[0][1], 1)
        columns = _window(op, op.attrs.filter_w, old[0][2], new[0][2], 2)
        result = (out[0], rows, columns, new[0][3])
    elif op.kind is OpKind.PAD:
        result = tuple(n + o - i for n, o, i in zip(new[0], out, old[0], strict=True))
    elif op.kind is OpKind.MEAN and len(out) == len(old[0]):
        result = tuple(n if i == o else o for n, i, o in zip(new[0], old[0], out, strict=True))
    elif op.kind in (OpKind.MEAN, OpKind.RESHAPE, OpKind.SQUEEZE):
        result = _flattened(old[0], new[0], out)
    elif op.kind in (OpKind.RESIZE_BILINEAR, OpKind.RESIZE_NEAREST_NEIGHBOR):
        result = (
            out[0],
            *(o * n // i for o, n, i in zip(out[1:3], new[0][1:3], old[0][1:3], strict=True)),
            new[0][3],
        )
    elif op.kind is OpKind.TRANSPOSE:
        result = tuple(new[0][axis] for axis in _constant(graph, op.inputs[1]))
    elif op.kind in _ABOUT_SHAPES and graph.tensors[op.outputs[0]].dtype is DType.INT32:
        result = out
    elif op.kind is OpKind.CONCATENATION:
        result = _joined(old, new, out)
    else:
        raise _CannotTellError
    shapes[op.outputs[0]] = result


def _layer(
    op: Op, old: list[Shape], new: list[Shape], out: Shape, channels: Callable[[int], int]
) -> tuple[Shape, Shape]:
    if op.kind is OpKind.FULLY_CONNECTED:
        if new[0][:-1] != old[0][:-1] or old[0][-1] != old[1][-1]:
            raise _CannotTellError
        return (*out[:-1], channels(out[-1])), (channels(old[1][0]), new[0][-1])
    rows, columns = (_window(op, old[1][axis], old[0][axis], new[0][axis], axis) for axis in (1, 2))
    if op.kind is OpKind.DEPTHWISE_CONV_2D:
        count = new[0][3] * (old[1][3] // old[0][3])
        return (out[0], rows, columns, count), (*old[1][:3], count)
    count = channels(out[3])
    return (out[0], rows, columns, count), (count, *old[1][1:3], new[0][3])


def _window(op: Op, kernel: int, old: int, new: int, axis: int) -> int:
    """Rows (axis 1) or columns (axis 2) of a window's output; a pool over everything still is one."""
    assert isinstance(op.attrs, Conv2DAttrs | DepthwiseConv2DAttrs | Pool2DAttrs)
    is_rows, dilation = axis == 1, 1
    stride = op.attrs.stride_h if is_rows else op.attrs.stride_w
    if not isinstance(op.attrs, Pool2DAttrs):
        dilation = op.attrs.dilation_h if is_rows else op.attrs.dilation_w
    elif kernel == old:
        return 1
    if op.attrs.padding is Padding.SAME:
        return -(-new // stride)
    if new < (reach := (kernel - 1) * dilation + 1):
        raise _CannotTellError
    return (new - reach) // stride + 1


def _broadcast(
    graph: Graph, op: Op, shapes: dict[int, Shape], old: list[Shape], new: list[Shape], out: Shape
) -> Shape:
    """The shape of the input that the output had; a constant beside it follows in its channels."""
    at = next((k for k, shape in enumerate(old) if shape == out), None)
    if at is None:
        raise _CannotTellError
    for i in op.inputs:
        constant = graph.tensors[i]
        if constant.is_constant and constant.shape and constant.shape[-1] == out[-1] > 1:
            shapes[i] = (*constant.shape[:-1], new[at][-1])
    return new[at]


def _constant(graph: Graph, index: int) -> list[int]:
    data = graph.tensors[index].data
    if data is None:
        raise _CannotTellError
    return [int(value) for value in data]


def _flattened(old: Shape, new: Shape, out: Shape) -> Shape:
    """What keeps the channels alone: a mean over the picture, or a change of shape after it."""
    is_flat = all(n == 1 for n in out[:-1]) and out[-1] == old[-1]
    if new == old:
        return out
    if not is_flat:
        raise _CannotTellError
    return (*out[:-1], new[-1])


def _joined(old: list[Shape], new: list[Shape], out: Shape) -> Shape:
    if any(len(shape) != len(out) for shape in old):
        raise _CannotTellError
    axes = [k for k in range(len(out)) if any(shape[k] != out[k] for shape in old)]
    if len(axes) > 1:
        raise _CannotTellError
    axis = axes[0] if axes else len(out) - 1
    return tuple(sum(s[k] for s in new) if k == axis else new[0][k] for k in range(len(out)))


def _with_shape(tensor: Tensor, shape: Shape) -> Tensor:
    if shape == tensor.shape:
        return tensor
    data = None if tensor.data is None else np.broadcast_to(np.zeros((), tensor.data.dtype), shape)
    return replace(tensor, shape=shape, data=data, quant=_quant(tensor.quant, tensor.shape, shape))


def _quant(quant: QuantParams | None, old: Shape, new: Shape) -> QuantParams | None:
    """As many scales as the axis has slices; their values are of no account here."""
    if quant is None or len(quant.scales) < 2:
        return quant
    axis = next((k for k, n in enumerate(old) if n == len(quant.scales)), None)
    count = len(quant.scales) if axis is None else new[axis]
    return replace(
        quant,
        scales=(quant.scales * count)[:count],
        zero_points=(quant.zero_points * count)[:count],
    )


def changed_bytes(before: Graph, after: Graph) -> int:
    """By how much the constants of `after` are larger; negative where they are smaller."""
    sizes: Mapping[int, int] = {t.index: t.size_bytes for t in after.tensors}
    stored = {t.buffer: sizes[t.index] - t.size_bytes for t in before.tensors if t.is_constant}
    return sum(stored.values())
