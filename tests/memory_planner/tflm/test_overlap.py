"""Least distances are the least: no byte is overwritten before its last read; at one byte less, one is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import attrs as a
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, Tensor
from graph.windows import axis_of
from memory_planner.tflm.overlap import REFERENCE, RULES, Kernels, least_distance
from tests.memory_planner.tflm.walks import walk

WINDOWED = {
    OpKind.CONV_2D: a.Conv2DAttrs,
    OpKind.DEPTHWISE_CONV_2D: a.DepthwiseConv2DAttrs,
    OpKind.MAX_POOL_2D: a.Pool2DAttrs,
    OpKind.AVERAGE_POOL_2D: a.Pool2DAttrs,
}
SIDES = st.integers(1, 7)
ONE_TYPE = st.sampled_from([DType.INT8, DType.INT16, DType.FLOAT32])


def tensor(index: int, shape: tuple[int, ...], dtype: DType, data: np.ndarray | None = None) -> Tensor:
    return Tensor(index, f"t{index}", shape, dtype, data=data)


def alone(kind: OpKind, tensors: list[Tensor], inputs: tuple[int, ...], attrs: a.Attrs | None) -> Graph:
    """The last tensor is the output, the first the graph's input."""
    output = len(tensors) - 1
    op = Op(0, kind, inputs, (output,), attrs)
    return Graph(tuple(tensors), (op,), inputs=(0,), outputs=(output,))


@st.composite
def windowed(draw: st.DrawFn) -> Graph:
    kind = draw(st.sampled_from(sorted(WINDOWED)))
    dtype, padding = draw(ONE_TYPE), draw(st.sampled_from(list(a.Padding)))
    sides, kernels = [draw(SIDES) for _ in "hw"], [draw(st.integers(1, 3)) for _ in "hw"]
    strides = [draw(st.integers(1, 3)) for _ in "hw"]
    pools = WINDOWED[kind] is a.Pool2DAttrs
    dilations = [1 if pools else draw(st.integers(1, 2)) for _ in "hw"]
    if padding is a.Padding.VALID:
        sides = [s + (k - 1) * d for s, k, d in zip(sides, kernels, dilations, strict=True)]
    axes = [axis_of(padding, *each) for each in zip(sides, kernels, strides, dilations, strict=True)]
    depth = draw(st.integers(1, 4))
    channels = depth * (1 if pools else draw(st.integers(1, 3)))
    if kind is OpKind.CONV_2D:
        channels = draw(st.integers(1, 9))
    common = {
        "padding": padding,
        "stride_h": strides[0],
        "stride_w": strides[1],
        "activation": a.Activation.NONE,
    }
    if pools:
        attrs: a.Attrs = a.Pool2DAttrs(**common, filter_h=kernels[0], filter_w=kernels[1])
        weights = []
    else:
        common |= {"dilation_h": dilations[0], "dilation_w": dilations[1]}
        if kind is OpKind.CONV_2D:
            attrs, shape = a.Conv2DAttrs(**common), (channels, *kernels, depth)
        else:
            attrs = a.DepthwiseConv2DAttrs(**common, depth_multiplier=channels // depth)
            shape = (1, *kernels, channels)
        weights = [tensor(1, shape, DType.INT8, np.zeros(shape, np.int8))]
    tensors = [tensor(0, (1, *sides, depth), dtype), *weights]
    tensors.append(tensor(len(tensors), (1, axes[0].outputs, axes[1].outputs, channels), dtype))
    return alone(kind, tensors, tuple(range(len(tensors) - 1)), attrs)


@st.composite
def in_turn(draw: st.DrawFn) -> Graph:
    """Elementwise operators of one input or two, types that change, and rows."""
    kind = draw(
        st.sampled_from(["RELU", "QUANTIZE", "DEQUANTIZE", "ADD", "SOFTMAX", "FULLY_CONNECTED", "PAD"])
    )
    shape, dtype = (draw(SIDES), draw(SIDES)), draw(ONE_TYPE)
    after, ofm_shape, others = dtype, shape, []
    attrs: a.Attrs | None = None
    if kind == "QUANTIZE":
        after = DType.INT8
    elif kind == "DEQUANTIZE":
        dtype, after = DType.INT8, DType.FLOAT32
    elif kind == "ADD":
        others = [tensor(1, shape, dtype)]
    elif kind == "FULLY_CONNECTED":
        ofm_shape = (shape[0], draw(SIDES))
        others = [
            tensor(1, (ofm_shape[1], shape[1]), DType.INT8, np.zeros((ofm_shape[1], shape[1]), np.int8))
        ]
    elif kind == "PAD":
        around = np.array([[draw(st.integers(0, 2)) for _ in "la"] for _ in shape], np.int32)
        ofm_shape = tuple(int(side + extra.sum()) for side, extra in zip(shape, around, strict=True))
        others = [tensor(1, (2, 2), DType.INT32, around)]
    tensors = [tensor(0, shape, dtype), *others]
    tensors.append(tensor(len(tensors), ofm_shape, after))
    return alone(OpKind[kind], tensors, tuple(range(len(tensors) - 1)), attrs)


def unsafe_distances(graph: Graph, source: int) -> set[int]:
    """offset[input] - offset[output] at which a write of the kernel hits a byte that it reads later."""
    (op,) = graph.ops
    later: set[int] = set()
    unsafe: set[int] = set()
    for verb, which, byte in reversed(list(walk(graph, op))):
        if verb == "r" and which == source:
            later.add(byte)
        elif verb == "w":
            unsafe |= {byte - read for read in later}
    return unsafe


@settings(deadline=None, max_examples=150)
@given(st.one_of(windowed(), in_turn()))
def test_a_least_distance_is_safe_and_the_least_that_is(graph):
    (op,) = graph.ops
    for source in (i for i in op.inputs if not graph.tensors[i].is_constant):
        least = least_distance(graph, op, source, Kernels.REFERENCE)
        unsafe = unsafe_distances(graph, source)
        assert least is not None
        assert least == max(unsafe, default=-graph.tensors[source].size_bytes - 1) + 1


@settings(deadline=None, max_examples=60)
@given(windowed())
def test_a_library_that_rewrites_a_pixel_needs_no_less(graph):
    (op,) = graph.ops
    least = [least_distance(graph, op, 0, kernels) for kernels in (Kernels.REFERENCE, Kernels.CMSIS_NN)]
    if op.kind is OpKind.MAX_POOL_2D and graph.tensors[0].dtype is DType.INT8:
        assert least[1] >= least[0]
    else:
        assert least[1] is None


@pytest.mark.parametrize(
    ("before", "after"),
    [(DType.INT16, DType.FLOAT32), (DType.FLOAT32, DType.INT32), (DType.INT32, DType.INT16)],
)
def test_elements_of_two_types_that_are_not_bytes_lie_apart(before, after):
    graph = alone(OpKind.QUANTIZE, [tensor(0, (4, 4), before), tensor(1, (4, 4), after)], (0,), None)
    assert least_distance(graph, graph.ops[0], 0, Kernels.REFERENCE) is None


def test_a_broadcast_operand_lies_apart():
    tensors = [tensor(0, (4, 4), DType.INT8), tensor(1, (1, 4), DType.INT8), tensor(2, (4, 4), DType.INT8)]
    graph = alone(OpKind.ADD, tensors, (0, 1), None)
    assert [least_distance(graph, graph.ops[0], i, Kernels.REFERENCE) for i in (0, 1)] == [None, None]


def test_an_operator_without_a_rule_lies_apart():
    graph = alone(
        OpKind.TRANSPOSE, [tensor(0, (4, 4), DType.INT8), tensor(1, (4, 4), DType.INT8)], (0,), None
    )
    assert least_distance(graph, graph.ops[0], 0, Kernels.REFERENCE) is None


def test_several_pictures_lie_apart():
    pool = a.Pool2DAttrs(a.Padding.VALID, 2, 2, 2, 2, a.Activation.NONE)
    tensors = [tensor(0, (2, 4, 4, 1), DType.INT8), tensor(1, (2, 2, 2, 1), DType.INT8)]
    graph = alone(OpKind.MAX_POOL_2D, tensors, (0,), pool)
    assert least_distance(graph, graph.ops[0], 0, Kernels.REFERENCE) is None


@pytest.mark.parametrize("shape", [(1, 3, 3, 1), (2, 2), (1, 2, 2)])
def test_an_output_that_the_windows_do_not_fill_lies_apart(shape):
    pool = a.Pool2DAttrs(a.Padding.VALID, 2, 2, 2, 2, a.Activation.NONE)
    tensors = [tensor(0, (1, 4, 4, 1), DType.INT8), tensor(1, shape, DType.INT8)]
    graph = alone(OpKind.MAX_POOL_2D, tensors, (0,), pool)
    assert least_distance(graph, graph.ops[0], 0, Kernels.REFERENCE) is None


@pytest.mark.parametrize("kernels", list(Kernels))
def test_every_rule_says_where_it_was_read(kernels):
    assert all(rule.source for rule in RULES[kernels].values())
    assert set(RULES[Kernels.CMSIS_NN]) <= set(REFERENCE)


def test_one_type_of_element_is_needed_for_a_rule_of_bytes():
    graph = alone(OpKind.ADD, [tensor(i, (4, 4), DType.INT16) for i in range(3)], (0, 1), None)
    assert least_distance(graph, graph.ops[0], 0, Kernels.CMSIS_NN) is None
    small = replace(graph, tensors=tuple(replace(t, dtype=DType.INT8) for t in graph.tensors))
    assert least_distance(small, small.ops[0], 0, Kernels.CMSIS_NN) == 0
