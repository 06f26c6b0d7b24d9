"""Operators of two operands of 8 bits, by a table, have the definitions' bits at every pair of bytes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim import ops
from firmware_sim.numerics import Numerics
from firmware_sim.ops import pairs, xnnpack
from firmware_sim.ops.elementwise import Pairwise
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from graph.attrs import Activation, AddAttrs, MulAttrs, SubAttrs
from graph.op_kind import OpKind
from graph.types import DType, Op, QuantParams, Tensor

KINDS = sorted(ops.PAIRED)
RELATIONS = ("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL")
EVERY_PAIR = ((256, 1), (1, 256))
LARGE = [
    EVERY_PAIR,
    ((256, 256), (256,)),
    ((3, 7, 13, 17), (3, 7, 13, 17)),
    ((2, 47, 47, 1), (2, 1, 1, 7)),
    ((4099,), ()),
]
SCALES = st.sampled_from([0.5, 0.25, 0.0625, 0.00392156885936856, 0.0235294122248888, 0.1103])


def operands_of(
    kind: OpKind,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    dtype: DType,
    quants: list[QuantParams],
    activation: Activation = Activation.NONE,
    numerics: Numerics = Numerics.TFLM,
) -> Operands:
    attrs: Any = {
        OpKind.ADD: AddAttrs(activation, False),
        OpKind.SUB: SubAttrs(activation, False),
        OpKind.MUL: MulAttrs(activation),
    }.get(kind)
    out = DType.BOOL if kind in RELATIONS else dtype
    first, second = (Tensor(i, "ab"[i], shapes[i], dtype, quants[i]) for i in range(2))
    ofm = Tensor(2, "ofm", np.broadcast_shapes(*shapes), out, quants[2])
    return Operands(Op(0, kind, (0, 1), (2,), attrs), numerics, (first, second), (ofm,))


def given_to(operands: Operands, seed: int) -> list[np.ndarray]:
    """Random bytes; along an axis of 256, each byte once."""
    rng = np.random.default_rng(seed)
    arrays = []
    for tensor in operands.inputs:
        assert tensor is not None
        info = np.iinfo(tensor.dtype.numpy)
        values = rng.integers(info.min, info.max, tensor.shape, tensor.dtype.numpy, endpoint=True)
        if values.size == 256:
            values = np.arange(info.min, info.max + 1).astype(tensor.dtype.numpy).reshape(tensor.shape)
        arrays.append(np.asarray(values))
    return arrays


def ran(kernel: Kernel, operands: Operands, arrays: list[np.ndarray]) -> tuple[np.ndarray, int]:
    ofm = np.empty(operands.outputs[0].shape, operands.outputs[0].dtype.numpy)
    return ofm, kernel(arrays, [ofm], Workspace())


@st.composite
def cases(draw: st.DrawFn, kind: OpKind) -> tuple[Operands, list[np.ndarray]]:
    shapes = draw(st.sampled_from(LARGE if kind != "PRELU" else LARGE[1:3]))
    dtype = draw(st.sampled_from([DType.INT8, *([DType.UINT8] if kind != "SQUARED_DIFFERENCE" else [])]))
    offset = 128 if dtype is DType.UINT8 else 0
    scales = [draw(SCALES), draw(SCALES)]
    larger = scales[0] * scales[1] * 100 if kind in ("MUL", "PRELU") else max(scales)
    wanted = larger**2 * 200 if kind == "SQUARED_DIFFERENCE" else larger
    scales.append(float(np.float32(wanted * draw(st.sampled_from([1.0, 2.0, 0.77, 0.05])))))
    quants = [
        QuantParams((scale,), (draw(st.sampled_from([-128, -3, 0, 5, 127])) + offset,)) for scale in scales
    ]
    activation = draw(st.sampled_from(list(Activation)[:4]))
    numerics = draw(st.sampled_from([Numerics.TFLM, Numerics.TFLITE_REF]))
    operands = operands_of(kind, shapes, dtype, quants, activation, numerics)
    return operands, given_to(operands, draw(st.integers(0, 2**31)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_of_pairs_has_the_definitions_bits_and_counts_what_saturates(kind):
    looked_up = []

    @settings(max_examples=40, deadline=None, derandomize=True)
    @given(cases(kind))
    def check(case):
        operands, arrays = case
        fast = ops.FAST[kind](operands)
        expected, count = ran(ops.KERNELS[kind](operands), operands, arrays)
        got, counted = ran(fast, operands, arrays)
        np.testing.assert_array_equal(expected, got)
        assert count == counted
        looked_up.append(not isinstance(fast, Pairwise))

    check()
    assert all(looked_up)


@pytest.mark.parametrize("out", [0.25, 0.7, 0.02])
def test_an_add_of_xnnpack_by_a_table_has_the_definitions_bits(out):
    quants = [QuantParams((scale,), (zero,)) for scale, zero in ((0.5, -3), (0.11, 5), (out, 1))]
    operands = operands_of(OpKind.ADD, EVERY_PAIR, DType.INT8, quants, numerics=Numerics.XNNPACK)
    arrays = given_to(operands, 1)
    expected, count = ran(xnnpack.KERNELS[OpKind.ADD](operands), operands, arrays)
    fast = xnnpack.FAST[OpKind.ADD](operands)
    got, counted = ran(fast, operands, arrays)
    np.testing.assert_array_equal(expected, got)
    assert (count, isinstance(fast, Pairwise)) == (counted, False)


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((pairs.LEAST_ELEMENTS - 1,), DType.INT8), ((4099,), DType.INT16), ((4099,), DType.INT32)],
)
def test_small_maps_and_wider_types_keep_the_definition(shape, dtype):
    operands = operands_of(OpKind.ADD, (shape, shape), dtype, [QuantParams((0.5,), (0,))] * 3)
    assert isinstance(ops.FAST[OpKind.ADD](operands), Pairwise)


def test_what_saturates_is_counted_once_for_each_element():
    """127 + 127 in steps of the inputs: 10 elements beyond int8, of 4,099."""
    operands = operands_of(OpKind.ADD, ((4099,), (4099,)), DType.INT8, [QuantParams((0.5,), (0,))] * 3)
    a, b = (np.zeros(4099, np.int8) for _ in range(2))
    a[:10] = b[:10] = 127
    ofm, count = ran(ops.FAST[OpKind.ADD](operands), operands, [a, b])
    assert (count, ofm[:10].tolist(), int(ofm[10:].max())) == (10, [127] * 10, 0)
