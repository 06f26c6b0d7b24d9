"""Rules of operators of two operands, by hand: what runs without an oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from firmware_sim.numerics import Numerics
from firmware_sim.ops import KERNELS
from firmware_sim.ops.kernel import Operands, RuntimeAbortError, Workspace
from graph.attrs import Activation, AddAttrs, DivAttrs, MulAttrs
from graph.errors import UnsupportedOperatorError
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, QuantParams, Tensor


def run(
    kind: OpKind,
    pair: tuple[np.ndarray, np.ndarray],
    attrs: Any = None,
    *,
    numerics: Numerics = Numerics.TFLM,
    scales: tuple[float, float, float] | None = None,
    out: type = np.int32,
) -> np.ndarray:
    shape = np.broadcast_shapes(*(array.shape for array in pair))
    arrays = (*pair, np.zeros(shape, out))
    quants = [QuantParams((scale,), (0,)) for scale in scales] if scales else [None] * 3
    tensors = tuple(
        Tensor(i, f"t{i}", array.shape, DType(array.dtype.name), quant)
        for i, (array, quant) in enumerate(zip(arrays, quants, strict=True))
    )
    op = Op(0, kind, (0, 1), (2,), attrs)
    kernel = KERNELS[kind](Operands.of(Graph(tensors, (op,), (0, 1), (2,)), op, numerics))
    kernel(pair, (arrays[2],), Workspace())
    return arrays[2]


def ints(*values: int, dtype: type = np.int32) -> np.ndarray:
    return np.array(values, dtype)


def test_tflite_micro_leaves_the_activation_of_an_int32_addition_out():
    pair, attrs = (ints(-5, 3), ints(1, 9)), AddAttrs(Activation.RELU6, False)
    assert run(OpKind.ADD, pair, attrs).tolist() == [-4, 12]
    assert run(OpKind.ADD, pair, attrs, numerics=Numerics.TFLITE_REF).tolist() == [0, 6]


def test_a_product_of_int8_is_rounded_ties_up_on_the_outputs_scale():
    pair = (ints(3, -3, 127, dtype=np.int8), ints(5, dtype=np.int8))
    product = run(OpKind.MUL, pair, MulAttrs(Activation.NONE), scales=(0.5, 0.5, 0.5), out=np.int8)
    assert product.tolist() == [8, -7, 127]


def test_integers_are_divided_toward_zero_by_div_and_down_by_floor_div():
    pair = (ints(-7, 7), ints(2))
    assert run(OpKind.DIV, pair, DivAttrs(Activation.NONE)).tolist() == [-3, 3]
    assert run(OpKind.FLOOR_DIV, pair).tolist() == [-4, 3]


@pytest.mark.parametrize("kind", [OpKind.DIV, OpKind.FLOOR_DIV])
def test_an_integer_divided_by_zero_ends_the_run(kind):
    with pytest.raises(RuntimeAbortError):
        run(kind, (ints(1), ints(0)), DivAttrs(Activation.NONE))


def test_a_nan_on_either_side_gives_the_second_input():
    a, b = np.array([np.nan, 1], np.float32), np.array([2, np.nan], np.float32)
    assert np.array_equal(run(OpKind.MAXIMUM, (a, b), out=np.float32), b, equal_nan=True)
    assert np.array_equal(run(OpKind.MINIMUM, (a, b), out=np.float32), b, equal_nan=True)


def test_int8_is_compared_as_what_its_scale_makes_of_it():
    pair = (ints(2, 2, dtype=np.int8), ints(4, 5, dtype=np.int8))
    equal = run(OpKind.EQUAL, pair, scales=(0.5, 0.25, 1.0), out=np.bool_)
    assert equal.tolist() == [True, False]


def test_what_tflite_micro_scales_by_numbers_that_it_never_sets_is_refused():
    pair, scales = (ints(1, dtype=np.int16), ints(2, dtype=np.int16)), (0.5, 0.5, 1.0)
    with pytest.raises(UnsupportedOperatorError, match="never sets"):
        run(OpKind.GREATER, pair, scales=scales, out=np.bool_)
    numerics = Numerics.TFLITE_REF
    assert run(OpKind.LESS, pair, scales=scales, out=np.bool_, numerics=numerics).tolist() == [True]
