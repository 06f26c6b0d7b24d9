"""Small random networks of operators whose outputs may lie over their inputs."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from graph import attrs as a
from graph.file_facts import FileFacts
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, Tensor
from graph.windows import axis_of

KINDS = ["CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "RELU", "ADD", "PAD", "RESHAPE"]


class _Network:
    def __init__(self, picture: tuple[int, int, int]) -> None:
        self.tensors = [Tensor(0, "input", (1, *picture), DType.INT8)]
        self.ops: list[Op] = []
        self.activations = [0]

    def constant(self, data: np.ndarray) -> int:
        dtype = DType(str(data.dtype))
        self.tensors.append(Tensor(len(self.tensors), f"c{len(self.tensors)}", data.shape, dtype, data=data))
        return len(self.tensors) - 1

    def add(self, kind: str, inputs: tuple[int, ...], shape: tuple[int, ...], attrs: a.Attrs | None) -> None:
        output = len(self.tensors)
        self.tensors.append(Tensor(output, f"t{output}", shape, DType.INT8))
        self.ops.append(Op(len(self.ops), OpKind[kind], inputs, (output,), attrs))
        self.activations.append(output)


def _window(draw: st.DrawFn, net: _Network, kind: str, source: Tensor) -> None:
    _, high, wide, depth = source.shape
    stride, size = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    out = tuple(axis_of(a.Padding.SAME, side, size, stride).outputs for side in (high, wide))
    common = {
        "padding": a.Padding.SAME,
        "stride_h": stride,
        "stride_w": stride,
        "activation": a.Activation.NONE,
    }
    if kind == "MAX_POOL_2D":
        net.add(
            kind, (source.index,), (1, *out, depth), a.Pool2DAttrs(**common, filter_h=size, filter_w=size)
        )
        return
    common |= {"dilation_h": 1, "dilation_w": 1}
    if kind == "CONV_2D":
        channels = draw(st.integers(1, 6))
        weights = net.constant(np.zeros((channels, size, size, depth), np.int8))
        net.add(kind, (source.index, weights), (1, *out, channels), a.Conv2DAttrs(**common))
    else:
        channels = depth * draw(st.integers(1, 2))
        weights = net.constant(np.zeros((1, size, size, channels), np.int8))
        attrs = a.DepthwiseConv2DAttrs(**common, depth_multiplier=channels // depth)
        net.add(kind, (source.index, weights), (1, *out, channels), attrs)


@st.composite
def networks(draw: st.DrawFn, max_ops: int = 6) -> tuple[Graph, FileFacts]:
    """A chain with side branches: operators read a late picture, ADD also an earlier one of its shape."""
    side = st.integers(1, 6)
    net = _Network((draw(side), draw(side), draw(st.integers(1, 3))))
    for _ in range(draw(st.integers(1, max_ops))):
        kind = draw(st.sampled_from(KINDS))
        source = net.tensors[draw(st.sampled_from(net.activations[-2:]))]
        if kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D"):
            _window(draw, net, kind, source)
        elif kind == "PAD":
            around = np.array([[0, 0], [1, 0], [0, 1], [0, 0]], np.int32)
            shape = tuple(int(s) for s in np.array(source.shape) + around.sum(1))
            net.add(kind, (source.index, net.constant(around)), shape, None)
        elif kind == "ADD":
            same = [i for i in net.activations if net.tensors[i].shape == source.shape]
            other = draw(st.sampled_from(same))
            net.add(kind, (source.index, other), source.shape, a.AddAttrs(a.Activation.NONE, False))
        else:
            net.add(kind, (source.index,), source.shape, None)
    outputs = {net.activations[-1], draw(st.sampled_from(net.activations[1:]))}
    graph = Graph(tuple(net.tensors), tuple(net.ops), (0,), tuple(sorted(outputs)))
    return graph, FileFacts(tuple(t.shape for t in graph.tensors), (0,) * len(graph.tensors), None)
