"""What run and run_batch take, refuse and give."""

import subprocess
import sys

import numpy as np
import pytest

from firmware_sim import prepare, run, run_batch
from firmware_sim.run import InputError
from graph.attrs import Activation, AddAttrs, Conv2DAttrs, Padding
from graph.errors import UnsupportedOperatorError
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, QuantParams, Tensor
from memory_planner import chip
from memory_planner.plan import plan
from tests.firmware_sim.layers import int8, layer

CHIP = chip.load("npu6m")
RNG = np.random.default_rng(3)


def convolution() -> Graph:
    attrs = Conv2DAttrs(Padding.SAME, 2, 2, 1, 1, Activation.RELU6)
    weights, bias = int8(RNG, (5, 3, 3, 2)), np.arange(5, dtype=np.int32)
    scales = np.array([0.01], np.float32)
    return layer(OpKind.CONV_2D, attrs, (1, 7, 11, 2), weights, bias, (1, 4, 6, 5), (-1, 0), scales)


def addition() -> Graph:
    quant = QuantParams((0.5,), (0,))
    tensors = tuple(Tensor(i, name, (1, 3), DType.INT8, quant) for i, name in enumerate(("a", "b", "sum")))
    return Graph(
        tensors,
        (Op(0, OpKind.ADD, (0, 1), (2,), AddAttrs(Activation.NONE, False)),),
        inputs=(0, 1),
        outputs=(2,),
    )


CONVOLUTION, ADDITION = convolution(), addition()
PICTURES = int8(RNG, (13, 7, 11, 2))


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_a_batch_is_its_pictures_one_by_one_whatever_the_workers(workers):
    made = plan(CONVOLUTION, CHIP)
    singles = [run(CONVOLUTION, made, picture[None]).outputs[0] for picture in PICTURES]
    (batch,) = run_batch(prepare(CONVOLUTION, made), PICTURES, workers=workers, progress=False)
    assert batch.shape == (13, 4, 6, 5)
    assert np.concatenate(singles).tobytes() == batch.tobytes()


@pytest.mark.parametrize(
    ("ifm", "said"),
    [
        (np.zeros((1, 7, 11, 2), np.float32), r"float32 \[1, 7, 11, 2\]; the model takes int8 .*: quantize"),
        (np.zeros((1, 7, 11, 2), np.uint8), "uint8"),
        (np.zeros((1, 11, 7, 2), np.int8), r"int8 \[1, 11, 7, 2\]; the model takes int8 \[1, 7, 11, 2\]$"),
        (np.zeros((7, 11, 2), np.int8), r"\[7, 11, 2\]"),
        (np.zeros((2, 7, 11, 2), np.int8), r"\[2, 7, 11, 2\]"),
        ((), "0 inputs; the model takes 1"),
    ],
)
def test_another_type_or_shape_is_refused_in_one_line(ifm, said):
    with pytest.raises(InputError, match=said) as caught:
        run(CONVOLUTION, plan(CONVOLUTION, CHIP), ifm)
    assert "\n" not in str(caught.value)


def test_no_pictures_at_all_are_refused():
    with pytest.raises(InputError, match="stacked along the first axis"):
        run_batch(prepare(CONVOLUTION, plan(CONVOLUTION, CHIP)), np.zeros((0, 7, 11, 2), np.int8))


def test_several_inputs_come_by_order_or_by_name():
    a, b = np.array([[1, 2, 3]], np.int8), np.array([[10, 20, 30]], np.int8)
    made = plan(ADDITION, CHIP)
    for given in ((a, b), {"b": b, "a": a}):
        assert run(ADDITION, made, given).outputs[0].tolist() == [[11, 22, 33]]
    with pytest.raises(InputError, match="the inputs are named a, c; the model takes a, b"):
        run(ADDITION, made, {"a": a, "c": b})
    with pytest.raises(InputError, match="different numbers"):
        run_batch(prepare(ADDITION, made), (np.concatenate([a, a]), b))


def test_the_padding_of_an_odd_row_lies_at_the_bottom_and_right():
    """A 2x2 box over a 3x3 picture, SAME: the last row and column see one pixel row less."""
    attrs = Conv2DAttrs(Padding.SAME, 1, 1, 1, 1, Activation.NONE)
    ones, none = np.ones((1, 2, 2, 1), np.int8), np.zeros(1, np.int32)
    box = layer(
        OpKind.CONV_2D, attrs, (1, 3, 3, 1), ones, none, (1, 3, 3, 1), (0, 0), np.array([16.0], np.float32)
    )
    ofm = run(box, plan(box, CHIP), np.ones((1, 3, 3, 1), np.int8)).outputs[0]
    assert ofm[0, :, :, 0].tolist() == [[4, 4, 2], [4, 4, 2], [2, 2, 1]]


def test_a_type_without_a_kernel_is_refused_before_anything_runs():
    quant = QuantParams((0.5,), (0,))
    tensors = tuple(Tensor(i, f"t{i}", (1, 3), DType.BOOL, quant) for i in range(2))
    attrs = AddAttrs(Activation.NONE, False)
    graph = Graph(tensors, (Op(0, OpKind.ADD, (0, 0), (1,), attrs),), inputs=(0,), outputs=(1,))
    with pytest.raises(UnsupportedOperatorError, match=r"operator 0 \(ADD\): input tensor 0 is bool"):
        prepare(graph, plan(graph, CHIP))


def test_the_compiler_is_loaded_only_when_something_is_simulated():
    code = "import sys, firmware_sim, firmware_sim.cli, firmware_sim.cycles; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
