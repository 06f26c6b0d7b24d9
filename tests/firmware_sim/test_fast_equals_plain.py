"""The fast path gives the definitions' bits: any shape, any edge, 0 different."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware_sim.ops import FAST, KERNELS
from firmware_sim.ops.products import Product, Scaling
from firmware_sim.program import Engine, prepare
from firmware_sim.requantization import Clamp, Requantization
from firmware_sim.run import Machine
from graph.types import DType, Graph
from memory_planner import chip
from memory_planner.plan import plan
from tests.firmware_sim.layers import convolutions, dense

CHIP = chip.load("npu6m")
FEW = settings(max_examples=60, deadline=None, derandomize=True)
MANY = settings(FEW, max_examples=3000)


def both(graph: Graph, ifm: np.ndarray) -> None:
    made = plan(graph, CHIP)
    plain, fast = (Machine(prepare(graph, made, engine=engine)).infer([ifm]) for engine in Engine)
    np.testing.assert_array_equal(plain.outputs[0], fast.outputs[0])
    assert plain.saturations == fast.saturations


@FEW
@given(convolutions(depthwise=False))
def test_a_convolution_by_matrix_products_has_the_same_bits(case):
    both(*case)


@FEW
@given(convolutions(depthwise=True))
def test_a_depthwise_convolution_by_the_compiled_loop_has_the_same_bits(case):
    both(*case)


@FEW
@given(dense())
def test_a_fully_connected_layer_by_a_matrix_product_has_the_same_bits(case):
    both(*case)


@pytest.mark.slow
@MANY
@given(convolutions(depthwise=False))
def test_thousands_of_convolutions_have_the_same_bits(case):
    both(*case)


@pytest.mark.slow
@MANY
@given(convolutions(depthwise=True))
def test_thousands_of_depthwise_convolutions_have_the_same_bits(case):
    both(*case)


def requantization(channels: int) -> Requantization:
    clamp = Clamp(-128, 127, saturates_low=True, saturates_high=True)
    multipliers = np.full(channels, 1 << 30, np.int64)
    return Requantization(multipliers, np.full(channels, -15, np.int64), 0, clamp, DType.INT8)


@pytest.mark.parametrize(("depth", "dtype"), [(1024, np.float32), (1025, np.float64)])
def test_float32_serves_up_to_its_bound_and_not_beyond(depth, dtype):
    """128 * 128 * 1024 is 2**24, the last integer that float32 counts to."""
    weights = np.full((1, depth), -128, np.int8)
    product = Product(weights, np.zeros(1, np.int64), 0, requantization(1))
    assert product.dtype == dtype
    rows = np.full((1, depth), -128).astype(product.dtype)
    assert 128 * 128 * depth == int((rows @ product.weights)[0, 0])


def test_a_product_beyond_float32_would_lose_its_last_bit_there():
    """What the switch to float64 is for: 2**24 + 1 is no float32."""
    weights = np.full((1, 1025), -128, np.int8)
    weights[0, -1] = -1
    rows = np.full((1, 1025), -128, np.int8)
    rows[0, -1] = -1
    exact = 128 * 128 * 1024 + 1
    assert exact == int(rows.astype(np.int64)[0] @ weights.astype(np.int64)[0])
    assert exact != int(np.float32(exact))


def test_every_fast_kernel_has_a_definition():
    assert set(FAST) == set(KERNELS)


@FEW
@given(
    st.lists(st.integers(-(1 << 20), 1 << 20), min_size=8, max_size=64),
    st.sampled_from([1 << 30, (1 << 31) - 1, 1518500250]),
    st.integers(-12, 2),
    st.sampled_from([np.float32, np.float64, np.int32]),
)
@example([-6, 6, -2, 2, 0, 1, -1, 3], 1 << 30, -1, np.float32)
def test_the_compiled_scaling_is_the_definition_on_ties_and_off_them(values, multiplier, shift, dtype):
    from firmware_sim import compiled

    one = np.ones(1, np.int64)
    clamp = Clamp(-100, 90, saturates_low=True, saturates_high=False)
    plain = Requantization(one * multiplier, one * shift, 3, clamp, DType.INT8)
    scaling = Scaling.of(plain)
    acc, ofm = np.array(values)[:, None], np.empty((len(values), 1), np.int8)
    folded = np.array([-7], np.int32)
    saturated = compiled.requantize(acc.astype(dtype), folded, scaling.channels, scaling.ends, ofm)
    expected, count = plain.apply(acc - 7)
    assert expected.tolist() == ofm.tolist()
    assert count == saturated
