"""SVDF over several inferences, which no oracle shows: each is reset before an inference."""

import numpy as np
import pytest

from firmware_sim.numerics import Numerics
from firmware_sim.ops import svdf
from firmware_sim.ops.kernel import Operands, Workspace
from graph.attrs import Activation, SvdfAttrs
from graph.errors import UnsupportedOperatorError
from graph.op_kind import OpKind
from graph.types import DType, Op, QuantParams, Tensor

ONE = QuantParams((1.0,), (0,))
FEATURES = np.array([[1, 0], [0, 1]], np.int8)
LITERT = {"numerics": Numerics.TFLITE_REF}
TIME = np.array([[1, 10, 100], [-1, 0, 0]], np.int16)


def operands(numerics=Numerics.TFLM, activation=Activation.NONE, state=DType.INT16, bias=True):
    tensors = (
        Tensor(0, "ifm", (1, 2), DType.INT8, ONE),
        Tensor(1, "features", (2, 2), DType.INT8, ONE, FEATURES),
        Tensor(2, "time", (2, 3), state, ONE, TIME.astype(state.numpy)),
        Tensor(3, "bias", (1,), DType.INT32, ONE, np.array([7], np.int32)) if bias else None,
        Tensor(4, "state", (1, 6), state, ONE, is_variable=True),
    )
    ofm = Tensor(5, "ofm", (1, 1), DType.INT8, QuantParams((10.0,), (0,)))
    op = Op(0, OpKind.SVDF, (0, 1, 2, 3, 4), (5,), SvdfAttrs(2, activation))
    return Operands(op, numerics, tensors, (ofm,))


def test_values_move_up_by_one_from_inference_to_inference():
    kernel = svdf.plain(operands())
    state, ofm = np.zeros((1, 6), np.int16), np.zeros((1, 1), np.int8)
    seen = []
    for pair in ([1, 50], [2, 60], [3, 70], [4, 80]):
        inputs = [np.array([pair], np.int8), FEATURES, TIME, np.array([7], np.int32), state]
        kernel(inputs, [ofm], Workspace())
        seen.append((state.tolist()[0], int(ofm[0, 0])))
    assert seen == [
        ([0, 0, 1, 0, 0, 50], 11),  # (7 + 100) / 10, half away from zero
        ([0, 1, 2, 0, 50, 60], 22),
        ([1, 2, 3, 50, 60, 70], 28),  # 7 + 1 + 20 + 300 - 50
        ([2, 3, 4, 60, 70, 80], 38),
    ]


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ({"bias": False}, "bias is missing"),
        (LITERT, "not RELU"),
        (
            {"numerics": Numerics.TFLITE_REF, "activation": Activation.RELU, "state": DType.INT8},
            "takes int16",
        ),
    ],
)
def test_what_its_runtime_refuses_is_refused(asked, what):
    with pytest.raises(UnsupportedOperatorError, match=what):
        svdf.plain(operands(**asked))
