"""The LSTM cell by hand: with weights of zero its gates are its biases."""

import numpy as np
import pytest

from firmware_sim.numerics import Numerics
from firmware_sim.ops import unidirectional_sequence_lstm as lstm
from firmware_sim.ops.kernel import Operands, Workspace
from graph.attrs import Activation, UnidirectionalSequenceLstmAttrs
from graph.errors import UnsupportedOperatorError
from graph.op_kind import OpKind
from graph.types import DType, Op, QuantParams, Tensor

WEIGHTS = QuantParams((2.0**-8,), (0,))  # with an input in steps of 1/16, biases are Q3.12
HIDDEN = QuantParams((2.0**-7,), (0,))


def operands(numerics=Numerics.TFLM, *, clip=0.0, activation=Activation.TANH, peephole=False):
    zeros = [Tensor(i, "w", (1, 1), DType.INT8, WEIGHTS, np.zeros((1, 1), np.int8)) for i in range(1, 9)]
    one = np.array([4096], np.int32)  # the cell gate's alone
    biases = [Tensor(i, "b", (1,), DType.INT32, WEIGHTS, one * (i == 14)) for i in range(12, 16)]
    inputs = (
        Tensor(0, "x", (1, 3, 1), DType.INT8, QuantParams((0.0625,), (0,))),
        *zeros,
        *((zeros[0] if peephole else None, None, None)),
        *biases,
        *(None, None),
        Tensor(18, "hidden", (1, 1), DType.INT8, HIDDEN, is_variable=True),
        Tensor(19, "cell", (1, 1), DType.INT16, QuantParams((2.0**-12,), (0,)), is_variable=True),
        *[None] * 4,
    )
    attrs = UnidirectionalSequenceLstmAttrs(activation, clip, 0.0, time_major=False)
    ofm = Tensor(24, "ofm", (1, 3, 1), DType.INT8, HIDDEN)
    op = Op(0, OpKind.UNIDIRECTIONAL_SEQUENCE_LSTM, tuple(range(24)), (24,), attrs)
    return Operands(op, numerics, inputs, (ofm,))


def run(made):
    hidden, cell, ofm = np.zeros((1, 1), np.int8), np.zeros((1, 1), np.int16), np.zeros((1, 3, 1), np.int8)
    arrays = [None if tensor is None else tensor.data for tensor in made.inputs]
    arrays[0], arrays[18], arrays[19] = np.full((1, 3, 1), 9, np.int8), hidden, cell
    lstm.plain(made)(arrays, [ofm], Workspace())
    return ofm.ravel().tolist(), int(hidden[0, 0]), int(cell[0, 0])


def test_each_step_keeps_half_of_the_cell_and_adds_half_of_tanh_of_one():
    """cell: 0.381, 0.571, 0.666; shown is half of its tanh: 0.182, 0.258, 0.291 in steps of 1/128."""
    ofm, hidden, cell = run(operands())
    assert ofm == [23, 33, 37]
    assert hidden == 37
    assert cell == 2730


def test_the_cell_is_clipped_to_what_the_options_say():
    assert run(operands(clip=0.5))[2] == 2048


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ({"numerics": Numerics.TFLITE_REF}, "use --numerics tflm"),
        ({"activation": Activation.RELU}, "RELU is not TANH"),
        ({"peephole": True}, "peepholes"),
    ],
)
def test_what_is_not_known_is_refused(asked, what):
    with pytest.raises(UnsupportedOperatorError, match=what):
        lstm.plain(operands(**asked))
