"""Reference kernels as plain loops that tell which byte they read or write next; no code of the rules."""

from __future__ import annotations

from collections.abc import Iterator

from graph.attrs import Padding
from graph.op_kind import OpKind
from graph.types import Graph, Op, Tensor

Event = tuple[str, int, int]
"""`r` or `w`, the tensor, and which of its bytes; an element's bytes come one after the other."""


def walk(graph: Graph, op: Op) -> Iterator[Event]:
    """What the reference kernel of `op` does to activations, byte by byte."""
    ifm, ofm = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    if op.kind in (OpKind.CONV_2D, OpKind.DEPTHWISE_CONV_2D, OpKind.MAX_POOL_2D, OpKind.AVERAGE_POOL_2D):
        yield from _windows(graph, op, ifm, ofm)
    elif op.kind is OpKind.FULLY_CONNECTED:
        depth = ifm.shape[-1]
        for row in range(ofm.elements // ofm.shape[-1]):
            for channel in range(ofm.shape[-1]):
                for k in range(depth):
                    yield from _read(ifm, row * depth + k)
                yield from _write(ofm, row * ofm.shape[-1] + channel)
    elif op.kind is OpKind.SOFTMAX:
        depth = ifm.shape[-1]
        for row in range(ifm.elements // depth):
            for _ in range(2):
                for k in range(depth):
                    yield from _read(ifm, row * depth + k)
            for k in range(depth):
                yield from _read(ifm, row * depth + k)
                yield from _write(ofm, row * depth + k)
    elif op.kind is OpKind.PAD:
        yield from _padding(graph, op, ifm, ofm)
    else:
        for i in range(ofm.elements):
            for source in dict.fromkeys(op.inputs):
                if not graph.tensors[source].is_constant:
                    yield from _read(graph.tensors[source], i)
            yield from _write(ofm, i)


def _read(tensor: Tensor, element: int) -> Iterator[Event]:
    wide = tensor.dtype.bits // 8
    return (("r", tensor.index, element * wide + byte) for byte in range(wide))


def _write(tensor: Tensor, element: int) -> Iterator[Event]:
    wide = tensor.dtype.bits // 8
    return (("w", tensor.index, element * wide + byte) for byte in range(wide))


def _windows(graph: Graph, op: Op, ifm: Tensor, ofm: Tensor) -> Iterator[Event]:
    a = op.attrs
    _, high, wide, depth = ifm.shape
    _, out_high, out_wide, channels = ofm.shape
    if op.kind in (OpKind.MAX_POOL_2D, OpKind.AVERAGE_POOL_2D):
        kernel_h, kernel_w, dilation_h, dilation_w = a.filter_h, a.filter_w, 1, 1
    else:
        kernel_h, kernel_w = graph.tensors[op.inputs[1]].shape[1:3]
        dilation_h, dilation_w = a.dilation_h, a.dilation_w

    def before(inputs: int, outputs: int, stride: int, kernel: int, dilation: int) -> int:
        reach = (outputs - 1) * stride + (kernel - 1) * dilation + 1
        return max(0, reach - inputs) // 2 if a.padding is Padding.SAME else 0

    pad_h = before(high, out_high, a.stride_h, kernel_h, dilation_h)
    pad_w = before(wide, out_wide, a.stride_w, kernel_w, dilation_w)
    for out_y in range(out_high):
        for out_x in range(out_wide):
            for channel in range(channels):
                for ky in range(kernel_h):
                    for kx in range(kernel_w):
                        y = out_y * a.stride_h - pad_h + ky * dilation_h
                        x = out_x * a.stride_w - pad_w + kx * dilation_w
                        if not (0 <= y < high and 0 <= x < wide):
                            continue
                        read = range(depth)
                        if op.kind is not OpKind.CONV_2D:
                            read = range(channel * depth // channels, channel * depth // channels + 1)
                        for c in read:
                            yield from _read(ifm, (y * wide + x) * depth + c)
                yield from _write(ofm, (out_y * out_wide + out_x) * channels + channel)


def _padding(graph: Graph, op: Op, ifm: Tensor, ofm: Tensor) -> Iterator[Event]:
    amounts = graph.tensors[op.inputs[1]].data.tolist()
    taken = 0
    for i in range(ofm.elements):
        rest, inside = i, True
        for side, inner, (low, _) in reversed(list(zip(ofm.shape, ifm.shape, amounts, strict=True))):
            rest, at = divmod(rest, side)
            inside = inside and low <= at < low + inner
        if inside:
            yield from _read(ifm, taken)
            taken += 1
        yield from _write(ofm, i)
