"""The fixed-point arithmetic of the integer form, node by node, against the simulator's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("onnx", reason="needs the onnx extra")
pytest.importorskip("onnxruntime", reason="needs the onnx extra")

from export.onnx import softmax
from export.onnx.exact import Exact
from export.onnx.network import Network
from firmware_sim import fixed_functions as ff
from firmware_sim import fixed_point as fp
from graph.types import DType, Graph, Tensor

INT32 = st.one_of(
    st.integers(fp.INT32_MIN, fp.INT32_MAX),
    st.sampled_from([fp.INT32_MIN, fp.INT32_MIN + 1, -(1 << 30), -1, 0, 1, 1 << 30, fp.INT32_MAX]),
)
NUMBERS = st.lists(INT32, min_size=1, max_size=20)


def computed(values, write):
    """What onnxruntime makes of int64 numbers by the nodes that `write` adds."""
    import onnxruntime

    tensors = [Tensor(i, name, (len(values),), DType.INT64) for i, name in enumerate(("x", "y"))]
    network = Network(Graph(tuple(tensors), (), (0,), (1,)))
    network.give(tensors[1], write(Exact(network), network.value(tensors[0])))
    session = onnxruntime.InferenceSession(
        network.model({}).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": np.array(values, np.int64)})[0].tolist()


@settings(max_examples=60)
@given(NUMBERS, st.integers(1 << 30, fp.INT32_MAX), st.integers(-31, 31))
def test_a_multiplier_scales_as_the_runtimes_do(values, multiplier, shift):
    expected = fp.multiply_by_quantized_multiplier(values, multiplier, shift).tolist()
    most = max(abs(v) for v in values)
    scaled = computed(values, lambda e, x: e.scaled(x, np.array(multiplier), np.array(shift), most))
    assert expected == scaled


@settings(max_examples=30)
@given(NUMBERS, INT32)
def test_a_high_product_is_floored(values, factor):
    values = [v for v in values if (v, factor) != (fp.INT32_MIN, fp.INT32_MIN)] or [1]
    expected = fp.saturating_rounding_doubling_high_mul(values, factor).tolist()
    assert expected == computed(values, lambda e, x: e.high_mul(x, factor))


@settings(max_examples=30)
@given(st.lists(st.integers(-(1 << 62), 1 << 62), min_size=1, max_size=20))
def test_what_passes_32_bits_wraps(values):
    assert fp.wrap_int32(values).tolist() == computed(values, lambda e, x: e.wrapped(x))


@settings(max_examples=30)
@given(st.lists(st.integers(1, fp.INT32_MAX), min_size=1, max_size=20))
def test_a_reciprocal_is_newton_s(values):
    inverse, above_one = ff.reciprocal(np.array(values), 12)

    def of_rows(exact, x, part):
        rows = exact.network.node("Reshape", x, exact.number(np.array([-1, 1])))
        return exact.network.node(
            "Reshape", softmax._reciprocal(exact, rows)[part], exact.number(np.array([-1]))
        )

    assert inverse.tolist() == computed(values, lambda e, x: of_rows(e, x, 0))
    assert (12 - above_one).tolist() == computed(values, lambda e, x: of_rows(e, x, 1))
