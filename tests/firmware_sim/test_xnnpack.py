"""The rules of numerics `xnnpack` that are subtle, by values that tell them from their neighbours."""

import numpy as np
import pytest

from firmware_sim.numerics import Numerics
from firmware_sim.program import Engine, prepare
from firmware_sim.run import Machine
from graph import tflite
from graph.errors import UnsupportedOperatorError
from memory_planner import chip
from memory_planner.plan import plan
from tests.oracle.single_op import Spec, constant, model, options, quantized

CHIP = chip.load("npu6m")


def simulate(blob, *inputs, numerics=Numerics.XNNPACK, engine=Engine.PLAIN):
    graph = tflite.read(blob)
    program = prepare(graph, plan(graph, CHIP), numerics=numerics, engine=engine)
    return Machine(program).infer(inputs).outputs[0].reshape(-1).tolist()


def both(blob, *inputs):
    """By tflm and by xnnpack."""
    return tuple(simulate(blob, *inputs, numerics=n) for n in (Numerics.TFLM, Numerics.XNNPACK))


def product(ifm_scale, activation=0, *, bias=0, bias_scale=(0.5,), weights=1, dtype="int8"):
    """A FULLY_CONNECTED of one weight; its accumulator is input * weights + bias."""
    ifm, ofm = quantized((1, 1), ifm_scale, 0, dtype), quantized((1, 1), 1.0, 0, dtype)
    taps = Spec((1, 1), dtype, (1.0,), (0,), 0, np.full((1, 1), weights, dtype))
    sums = Spec((1,), "int32", bias_scale, (0,) * len(bias_scale), 0, np.array([bias], np.int32))
    table = options("FullyConnectedOptions", fusedActivationFunction=activation)
    return model("FULLY_CONNECTED", [ifm, taps, sums], ofm, table)


@pytest.mark.parametrize("engine", list(Engine))
@pytest.mark.parametrize("value, expected", [(1, 0), (3, 2), (5, 2), (7, 4), (-1, 0), (-3, -2)])
def test_half_a_step_goes_to_the_even_neighbour(engine, value, expected):
    blob = product(0.5)
    assert [expected] == simulate(blob, np.array([[value]], np.int8), engine=engine)


@pytest.mark.parametrize("engine", list(Engine))
def test_an_accumulator_beyond_24_bits_is_rounded_to_float32_first(engine):
    scale = 100 / 2**25
    blob = product(scale, bias=2**25 + 1, bias_scale=(scale,))
    assert simulate(blob, np.array([[0]], np.int8), engine=engine) == [100]


def test_the_limit_of_an_activation_is_rounded_after_its_zero_point():
    ifm, ofm = quantized((1, 1, 1, 1), 12.0, -128), quantized((1, 1, 1, 1), 12.0, -128)
    sizes = {"filterHeight": 1, "filterWidth": 1, "strideH": 1, "strideW": 1}
    table = options("Pool2DOptions", padding=1, fusedActivationFunction=3, **sizes)
    blob = model("MAX_POOL_2D", [ifm], ofm, table)
    assert both(blob, np.full((1, 1, 1, 1), 5, np.int8)) == ([-127], [-128])


def test_add_sends_ties_up_and_rounds_once():
    a, b, ofm = quantized((1, 4), 0.5, 0), quantized((1, 4), 0.25, 0), quantized((1, 4), 0.5, 0)
    blob = model("ADD", [a, b], ofm, options("AddOptions"))
    zeros, steps = np.zeros((1, 4), np.int8), np.array([[-1, 1, -3, 3]], np.int8)
    assert both(blob, zeros, steps) == ([-1, 1, -2, 2], [0, 1, -1, 2])


def test_the_mean_of_one_and_zero_goes_to_the_even_neighbour():
    ifm, ofm = quantized((1, 2, 1, 1), 0.5, 0), quantized((1, 1), 0.5, 0)
    blob = model("MEAN", [ifm, constant([1, 2])], ofm, options("ReducerOptions"))
    assert both(blob, np.array([1, 0], np.int8).reshape(1, 2, 1, 1)) == ([1], [0])


def test_numbers_are_multiplied_by_the_inverse_of_the_scale():
    blob = model("QUANTIZE", [Spec((1, 3), "float32")], quantized((1, 3), 0.5, 0), options("QuantizeOptions"))
    numbers = np.array([[1.25, -1.25, np.nan]], np.float32)
    assert simulate(blob, numbers) == [2, -2, 127]


def test_between_scales_the_multiplier_has_eight_bits():
    ifm, ofm = quantized((1, 1), 0.71, 0), quantized((1, 1), 1.0, 0)
    blob = model("QUANTIZE", [ifm], ofm, options("QuantizeOptions"))
    assert both(blob, np.array([[119]], np.int8)) == ([84], [85])


def test_softmax_is_a_table_of_float32():
    ifm, ofm = quantized((1, 3), 0.11, 0), quantized((1, 3), 1 / 256, -128)
    blob = model("SOFTMAX", [ifm], ofm, options("SoftmaxOptions", beta=1.0))
    row = np.array([[-8, 39, -38]], np.int8)
    assert both(blob, row) == ([-127, 127, -128], [-127, 126, -128])


@pytest.mark.parametrize(
    "blob, why",
    [
        (product(1.0, bias=2**30, bias_scale=(), weights=100), "its bias has no scale, or a zero point"),
        (product(3.0, bias=2**30, bias_scale=(3.0,)), "its accumulators may pass int32"),
        (product(300.0, bias_scale=(300.0,)), "which XNNPACK refuses"),
    ],
)
def test_what_the_delegate_leaves_is_refused(blob, why):
    with pytest.raises(UnsupportedOperatorError, match=why):
        simulate(blob, np.zeros((1, 1), np.int8))
