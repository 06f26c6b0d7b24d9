"""Where numerics `tflm` and `tflite-ref` part: docs/numerics.md's examples, as models of one operator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from flatbuffers import flexbuffers

from firmware_sim.oracles import Oracle
from tests.oracle.single_op import Case, Spec, constant, model, options, quantized

INT32_BIAS = 2  # TensorType.INT32, as quantizedBiasType has it
RELU, RELU6, TANH = 1, 3, 4


def _array(values: Any, dtype: str = "int8") -> np.ndarray:
    return np.array(values, dtype)


def _one(kind: str, given: Any, before: Spec, after: Spec, table: Any = None) -> Case:
    """One operand."""
    return Case(model(kind, [before], after, table), (_array(given, before.dtype).reshape(before.shape),))


def _row(count: int, scale: float, dtype: str = "int16", zero_point: int = 0) -> Spec:
    return quantized((count,), scale, zero_point, dtype)


def _two(
    kind: str, a: int, b: int, scales: tuple[float, float, float], table: Any, dtype: str = "int16"
) -> Case:
    """Two operands of one element each."""
    specs = [_row(1, scale, dtype) for scale in scales]
    blob = model(kind, specs[:2], specs[2], table)
    return Case(blob, (_array([a], dtype), _array([b], dtype)))


def _unscaled(kind: str, dtype: str, given: list[int], table: Any, out: str | None = None) -> Case:
    spec = Spec((1,), dtype)
    blob = model(kind, [spec, Spec((1,), dtype)], Spec((1,), out or dtype), table)
    return Case(blob, tuple(_array([value], dtype) for value in given))


def _fully_connected(given: list[int], weights: list[int], scale: float, dtype: str, zero_point: int) -> Case:
    ifm = quantized((1, len(given)), scale, 0, dtype)
    kernel = Spec((1, len(weights)), "int8", (1.0,), (0,), 0, _array([weights]))
    blob = model(
        "FULLY_CONNECTED",
        [ifm, kernel, None],
        quantized((1, 1), 1.0, zero_point, dtype),
        options("FullyConnectedOptions", quantizedBiasType=INT32_BIAS if dtype == "int8" else 4),
    )
    return Case(blob, (_array([given], dtype),))


def _pad() -> Case:
    ifm, pads = quantized((1, 1, 1, 1), 0.5, 3, "int16"), constant([[0, 0], [0, 0], [0, 1], [0, 0]])
    blob = model("PAD", [ifm, pads], quantized((1, 1, 2, 1), 0.5, 3, "int16"), options("PadOptions"))
    return Case(blob, (_array([[[[5]]]], "int16"),))


def _space_to_batch() -> Case:
    inputs = [quantized((1, 1, 1, 1), 0.5, 3), constant([1, 2]), constant([[0, 0], [0, 1]])]
    ofm = quantized((2, 1, 1, 1), 0.5, 3)
    blob = model("SPACE_TO_BATCH_ND", inputs, ofm, options("SpaceToBatchNDOptions"))
    return Case(blob, (_array([[[[5]]]]),), undefined=(Oracle.TFLM,))


def _strided_slice() -> Case:
    inputs = [quantized((4,), 0.5, 0), constant([1]), constant([2]), constant([1])]
    blob = model(
        "STRIDED_SLICE", inputs, quantized((2,), 0.5, 0), options("StridedSliceOptions", offset=True)
    )
    return Case(blob, (_array([10, 20, 30, 40]),), undefined=(Oracle.TFLM,))


def _detection() -> Case:
    chosen = {
        "max_detections": 1,
        "max_classes_per_detection": 1,
        "detections_per_class": 1,
        "use_regular_nms": False,
        "nms_score_threshold": 0.5,
        "nms_iou_threshold": 0.5,
        "num_classes": 1,
        **dict(zip(("y_scale", "x_scale", "h_scale", "w_scale"), (10.0, 10.0, 5.0, 5.0), strict=True)),
    }
    anchor = _array([[0.5, 0.5, 0.0, 0.0]], "float32")
    inputs = [Spec((1, 1, 4), "float32"), Spec((1, 1, 1), "float32"), Spec((1, 4), "float32", data=anchor)]
    outs = [Spec(s, "float32") for s in ((1, 1, 4), (1, 1), (1, 1), (1,))]
    blob = model("TFLite_Detection_PostProcess", list(inputs), outs, custom=bytes(flexbuffers.Dumps(chosen)))
    return Case(blob, (np.zeros((1, 1, 4), np.float32), np.full((1, 1, 1), 0.75, np.float32)))


def _batch_matmul() -> Case:
    x, y = quantized((1, 23), 0.05, 0), quantized((23, 1), 0.0387, 0)
    blob = model("BATCH_MATMUL", [x, y], quantized((1, 1), 9.24117, 0), options("BatchMatMulOptions"))
    given = _array([-128] * 22 + [70])
    return Case(blob, (given.reshape(1, 23), given.reshape(23, 1)))


def _transpose_conv() -> Case:
    ifm, one = (
        quantized((1, 1, 1, 1), 1.0, 0, "int16"),
        Spec((1, 1, 1, 1), "int8", (1.0,), (0,), 0, _array([[[[1]]]])),
    )
    bias = Spec((1,), "int32", (1.0,), (0,), 0, _array([5], "int32"))
    table = options("TransposeConvOptions", strideH=1, strideW=1, quantizedBiasType=INT32_BIAS)
    inputs = [constant([1, 1, 1, 1]), one, ifm, bias]
    blob = model("TRANSPOSE_CONV", list(inputs), quantized((1, 1, 1, 1), 1.0, 0, "int16"), table)
    return Case(blob, (_array([[[[100]]]], "int16"),), undefined=(Oracle.TFLM,))


def _svdf() -> Case:
    weights = Spec((1, 1), "int8", (1.0,), (0,), 0, _array([[1]]))
    time = Spec((1, 1), "int16", (1.0,), (0,), 0, _array([[1]], "int16"))
    bias = Spec((1,), "int32", (1.0,), (0,), 0, _array([0], "int32"))
    state = Spec((1, 1), "int16", (1.0,), (0,), is_variable=True)
    table = options("SVDFOptions", rank=1, fusedActivationFunction=0)
    blob = model(
        "SVDF", [quantized((1, 1), 1.0, 0), weights, time, bias, state], quantized((1, 1), 1.0, 0), table
    )
    return Case(blob, (_array([[-7]]),))


def _reduced(kind: str, given: list[float], dtype: str) -> Case:
    made = quantized if dtype == "int8" else lambda shape, *_: Spec(shape, dtype)
    inputs: list[Spec | None] = [made((len(given),), 1.0, 0), constant([0])]
    return Case(model(kind, inputs, made((), 1.0, 0), options("ReducerOptions")), (_array(given, dtype),))


def _arg_max() -> Case:
    blob = model(
        "ARG_MAX",
        [Spec((4,), "float32"), constant([0])],
        Spec((), "int32"),
        options("ArgMaxOptions", outputType=2),
    )
    return Case(blob, (_array([-np.inf, np.nan, np.nan, np.inf], "float32"),))


def _greater() -> Case:
    """By scales that TFLM never sets."""
    made = _unscaled("GREATER", "int16", [2, 1], options("GreaterOptions"), "bool")
    return replace(made, undefined=(Oracle.TFLM,))


def _pool() -> Case:
    table = options("Pool2DOptions", strideH=1, strideW=1, filterHeight=1, filterWidth=1)
    before, after = quantized((1, 1, 1, 1), 0.5, 0), quantized((1, 1, 1, 1), 1.0, 0)
    return _one("AVERAGE_POOL_2D", [4], before, after, table)


def _softmax(given: list[int], scale: float) -> Case:
    before = quantized((1, len(given)), scale, 0, "int16")
    after = quantized((1, len(given)), 2.0**-15, 0, "int16")
    return _one("SOFTMAX", [given], before, after, options("SoftmaxOptions", beta=1.0))


def _dequantize() -> Case:
    before = Spec((2,), "int8", (0.5, 0.25), (0, 0), 0)
    return _one("DEQUANTIZE", [1, 1], before, Spec((2,), "float32"), options("DequantizeOptions"))


def _cast() -> Case:
    return _one("CAST", [np.nan], Spec((1,), "float32"), Spec((1,), "int32"), options("CastOptions"))


def _lstm() -> Case:
    """Weights of 64 / 128 everywhere, no bias."""

    def weights() -> Spec:
        return Spec((1, 1), "int8", (2.0**-7,), (0,), 0, _array([[64]]))

    def bias() -> Spec:
        return Spec((1,), "int32", (2.0**-11,), (0,), 0, _array([0], "int32"))

    x, hidden = quantized((1, 1, 1), 2.0**-4, 0), Spec((1, 1), "int8", (2.0**-7,), (0,), is_variable=True)
    cell = Spec((1, 1), "int16", (2.0**-12,), (0,), is_variable=True)
    inputs = [
        x,
        *(weights() for _ in range(8)),
        *[None] * 3,
        *(bias() for _ in range(4)),
        None,
        None,
        hidden,
        cell,
    ]
    table = options("UnidirectionalSequenceLSTMOptions", fusedActivationFunction=TANH, cellClip=10.0)
    ofm = quantized((1, 1, 1), 2.0**-7, 0)
    blob = model("UNIDIRECTIONAL_SEQUENCE_LSTM", [*inputs, *[None] * 4], ofm, table)
    return Case(blob, (_array([[[100]]]),))


ELU = Case(
    model("ELU", [_row(1, 0.05, "int8")], _row(1, 1e-10, "int8")),
    (_array([127]),),
    undefined=(Oracle.TFLITE_REF,),
)
UNSCALED_ADD = _unscaled("ADD", "int16", [30000, 30000], options("AddOptions"))
PRELU = Case(
    model("PRELU", [_row(1, 0.0725, "int8"), _row(1, 0.0212, "int8")], _row(1, 0.0116, "int8")),
    (_array([2]), _array([-1])),
)

PARTINGS: dict[str, tuple[str, Case]] = {
    "FULLY_CONNECTED": (
        "sum 18,627, scale 0.0029795, zero point -128",
        _fully_connected([127, 19, 1], [127, 127, 85], 0.0029795, "int8", -128),
    ),
    "PAD of int16": ("5 and a column of padding, zero point 3", _pad()),
    "SPACE_TO_BATCH_ND": ("5 and a column of padding, zero point 3", _space_to_batch()),
    "STRIDED_SLICE": ("[10, 20, 30, 40] from 1 on, length 2", _strided_slice()),
    "DETECTION_POSTPROCESS": ("score 0.75, an anchor without height", _detection()),
    "BATCH_MATMUL": ("sum 365,348, scales 0.05, 0.0387, 9.24117", _batch_matmul()),
    "FULLY_CONNECTED on int16": (
        "sum 360,000, scale 0.0875",
        _fully_connected([30000], [12], 0.0875, "int16", 0),
    ),
    "TRANSPOSE_CONV on int16": ("100 * 1 and a bias of 32 bits, 5", _transpose_conv()),
    "SVDF": ("-7 * 1 * 1, no activation", _svdf()),
    "ARG_MAX, ARG_MIN on float32": ("[-inf, NaN, NaN, inf]", _arg_max()),
    "SUM": ("[-1, -1] of int8, scales 1", _reduced("SUM", [-1, -1], "int8")),
    "SUM, REDUCE_MAX, REDUCE_MIN of all axes, float32": ("SUM of [-0.0]", _reduced("SUM", [-0.0], "float32")),
    "AVERAGE_POOL_2D, MAX_POOL_2D": ("4 from scale 0.5 to 1", _pool()),
    "ADD of int32": (
        "5 + 4 with RELU6",
        _unscaled("ADD", "int32", [5, 4], options("AddOptions", fusedActivationFunction=RELU6)),
    ),
    "MUL": (
        "-16,846 * 12,026, scales 0.0517, 0.0951, 98.3334",
        _two("MUL", -16846, 12026, (0.0517, 0.0951, 98.3334), options("MulOptions")),
    ),
    "PRELU": ("2, slope -1, zero points 0, scales 0.0725, 0.0212, 0.0116", PRELU),
    "ADD and SUB of int16 whose options ask for powers of two": (
        "1 + -1, scales 1/32, 1/64, 1/32",
        _two("ADD", 1, -1, (2.0**-5, 2.0**-6, 2.0**-5), options("AddOptions", potScaleInt16=True)),
    ),
    "GREATER of int16": ("2 > 1", _greater()),
    "ADD, SUB, MUL of int16 without a scale": ("30,000 + 30,000", UNSCALED_ADD),
    "RELU": ("18,443 from scale 0.0235 to 0.0193", _one("RELU", [18443], _row(1, 0.0235), _row(1, 0.0193))),
    "LEAKY_RELU": (
        "-32,305 from scale 0.0123 to 0.0071, alpha 0.3",
        _one(
            "LEAKY_RELU", [-32305], _row(1, 0.0123), _row(1, 0.0071), options("LeakyReluOptions", alpha=0.3)
        ),
    ),
    "ABS": (
        "-16,702 from scale 0.0488 to 0.0423",
        _one("ABS", [-16702], _row(1, 0.0488), _row(1, 0.0423), options("AbsOptions")),
    ),
    "RSQRT on int8": (
        "81 from scale 0.052 to 0.0096486128",
        _one("RSQRT", [81], _row(1, 0.052, "int8"), _row(1, 0.0096486128, "int8")),
    ),
    "RSQRT on int16": ("0 from scale 0.0561 to 0.0423", _one("RSQRT", [0], _row(1, 0.0561), _row(1, 0.0423))),
    "RELU6 on integers": (
        "20 from scale 0.05 to 6/255, zero point -128",
        _one("RELU6", [20], _row(1, 0.05, "int8"), _row(1, 6 / 255, "int8", -128)),
    ),
    "LOGISTIC on int8": (
        "20 from scale 0.05 to 1/128",
        _one("LOGISTIC", [20], _row(1, 0.05, "int8"), _row(1, 1 / 128, "int8", -128)),
    ),
    "TANH on int8": (
        "127 from scale 0.05 to 1/64, zero point 3",
        _one("TANH", [127], _row(1, 0.05, "int8"), _row(1, 1 / 64, "int8", 3)),
    ),
    "ELU on int8": ("127 from scale 0.05 to 1e-10", ELU),
    "SOFTMAX on int16": ("[9, -61, -295], scale 0.0094", _softmax([9, -61, -295], 0.0094)),
    "DEQUANTIZE of several scales": ("[1, 1], scales 0.5 and 0.25", _dequantize()),
    "CAST of NaN to integers": ("NaN to int32", _cast()),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": ("100 at 1/16, weights 0.5", _lstm()),
}
"""By a row's first cell: what its example says, and the model with its input; the row says what it gives."""
