"""RESIZE_BILINEAR by the compiled loop has the definition's bits, on ties and before the first centre too."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.numerics import Numerics
from firmware_sim.ops import resize_bilinear
from firmware_sim.ops.kernel import Operands, Workspace
from graph.attrs import ResizeAttrs
from graph.op_kind import OpKind
from graph.types import DType, Op, QuantParams, Tensor

SIDES = st.sampled_from([1, 2, 3, 5, 7, 11, 16, 29, 64])
WAYS = st.sampled_from([(False, False), (True, False), (False, True)])


@st.composite
def cases(draw: st.DrawFn, dtype: DType) -> tuple[Operands, np.ndarray]:
    batch, depth = draw(st.sampled_from([1, 2])), draw(st.sampled_from([1, 3, 17]))
    (h, w), size = draw(st.tuples(SIDES, SIDES)), draw(st.tuples(SIDES, SIDES))
    corners, centers = draw(WAYS)
    quant = QuantParams((0.5,), (0,))
    ifm = Tensor(0, "ifm", (batch, h, w, depth), dtype, quant)
    sides = Tensor(1, "size", (2,), DType.INT32, None, np.array(size, np.int32))
    ofm = Tensor(2, "ofm", (batch, *size, depth), dtype, quant)
    op = Op(0, OpKind.RESIZE_BILINEAR, (0, 1), (2,), ResizeAttrs(corners, centers))
    rng, info = np.random.default_rng(draw(st.integers(0, 2**31))), np.iinfo(dtype.numpy)
    values = rng.integers(info.min, info.max, ifm.shape, dtype.numpy, endpoint=True)
    few = rng.choice([info.min, info.max, 0, 1], ifm.shape).astype(dtype.numpy)
    chosen = few if draw(st.booleans()) else values
    return Operands(op, Numerics.TFLM, (ifm, sides), (ofm,)), chosen


@pytest.mark.parametrize("dtype", [DType.INT8, DType.UINT8, DType.INT16])
def test_a_stretched_picture_has_the_definitions_bits(dtype):
    @settings(max_examples=120, deadline=None, derandomize=True)
    @given(cases(dtype))
    def check(case):
        operands, values = case
        expected, got = (np.empty(operands.outputs[0].shape, dtype.numpy) for _ in range(2))
        resize_bilinear.plain(operands)([values, None], [expected], Workspace())
        resize_bilinear.fast(operands)([values, None], [got], Workspace())
        np.testing.assert_array_equal(expected, got)

    check()
