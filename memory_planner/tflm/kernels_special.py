"""Kernels of TensorFlow Lite Micro that ask for more than structs; each function is a kernel's Prepare.

Source: tflite-micro lite/micro/kernels/, in the file that kernels.KERNELS names for each.
"""

from __future__ import annotations

from graph import attrs as a
from graph.types import DType
from memory_planner.tflm.preparation import INT_BYTES, Preparation
from memory_planner.tflm.structs import extent

INTEGERS = (DType.INT8, DType.INT16)
FLOAT_BYTES = 4
LUT_OF_INT16_BYTES = 2 * 513
LSTM_INPUTS = 24


def _layer(p: Preparation, channels: int, after: str) -> None:
    p.temps("o0 i0 i1")
    p.keep(INT_BYTES * channels)
    p.keep(INT_BYTES * channels)
    p.temps(after)


def _unpacked_weights(p: Preparation) -> None:
    if p.dtype("i1") is DType.INT4:
        p.ask(p.elements("i1"))


def conv_2d(p: Preparation) -> None:
    _layer(p, p.shape("i1")[0], "i0 i1 i2 o0")
    _unpacked_weights(p)


def depthwise_conv_2d(p: Preparation) -> None:
    _layer(p, p.shape("i1")[3], "i0 i1 i2 o0")
    _unpacked_weights(p)


def transpose_conv(p: Preparation) -> None:
    accumulator_bytes = {DType.INT8: 4, DType.INT16: 8}.get(p.dtype("i2"))
    p.temps("o0 i2 i1")
    for _ in range(2):
        p.keep(INT_BYTES * p.shape("i1")[0])
    if accumulator_bytes:
        p.ask(accumulator_bytes * p.elements("o0"))
    if p.dtype("i2") is not DType.FLOAT32:
        p.temps("i2 i1 i3 o0")
        if p.dtype("i2") is DType.INT16 and p.tensor("i3") >= 0 and p.dtype("i3") is DType.INT16:
            p.ask(8 * p.elements("i3"))


def fully_connected(p: Preparation) -> None:
    p.temps("i0 i1 i2 o0")
    _unpacked_weights(p)
    channels = p.quantized_channels("i1")
    if p.dtype("i0") is not DType.FLOAT32 and channels > 1:
        p.keep(INT_BYTES * channels)
        p.keep(INT_BYTES * channels)


def batch_matmul(p: Preparation) -> None:
    p.temps("i0 i1 o0")
    p.hold(p.dtype("i0") is p.dtype("i1") is p.dtype("o0"), "operands of several types")
    if p.dtype("i0") in INTEGERS:
        p.keep_struct("QuantizationOpDataBatchMatmul")
    attrs = p.op.attrs if isinstance(p.op.attrs, a.BatchMatMulAttrs) else a.BatchMatMulAttrs(False, False)
    for name, transposed in (("i0", attrs.adj_x), ("i1", not attrs.adj_y)):
        if transposed:
            p.keep_struct("TfLiteEvalTensor")
            p.keep_dims(name)
            p.keep(p.elements(name) * p.dtype(name).bits // 8)
    p.keep_dims("o0")


def softmax(p: Preparation) -> None:
    p.temps("i0 o0")
    if p.dtype("i0") is DType.INT16:
        p.keep(LUT_OF_INT16_BYTES)
        p.keep(LUT_OF_INT16_BYTES)


def log_softmax(p: Preparation) -> None:
    p.temps("i0 o0")
    if p.dtype("i0") is DType.INT8:
        p.keep_struct("OpDataLogSoftmax")


def _simple_reduction(p: Preparation) -> None:
    p.temps("i0 i1")
    if p.dtype("i0") is DType.INT8:
        p.temps("o0")


def mean_or_sum(p: Preparation) -> None:
    p.temps("i0 o0 i1")
    if p.dtype("i0") in INTEGERS:
        p.ask(4 * p.elements("o0"))
    p.ask(INT_BYTES * len(p.shape("i0")))
    p.ask(INT_BYTES * p.elements("i1"))
    _simple_reduction(p)


def reduce(p: Preparation) -> None:
    _simple_reduction(p)
    p.temps("i0 o0 i1")
    p.ask(INT_BYTES * len(p.shape("i0")))
    p.ask(INT_BYTES * p.elements("i1"))


def svdf(p: Preparation) -> None:
    p.temps("i0 i1 i2 i3 i4 o0")
    batch, filters = p.shape("i0")[0], p.shape("i1")[0]
    attrs = p.op.attrs
    p.hold(isinstance(attrs, a.SvdfAttrs), "no options")
    p.ask(4 * batch * filters)
    if p.dtype("i0") is DType.INT8 and isinstance(attrs, a.SvdfAttrs):
        p.ask(4 * batch * (filters // attrs.rank))


def unidirectional_sequence_lstm(p: Preparation) -> None:
    p.temps(" ".join(f"i{n}" for n in range(LSTM_INPUTS)) + " o0")
    time_major = isinstance(p.op.attrs, a.UnidirectionalSequenceLstmAttrs) and p.op.attrs.time_major
    batch, state = p.shape("i0")[1 if time_major else 0], p.shape("i18")[1]
    for _ in range(4):
        p.ask(batch * state * p.dtype("i19").bits // 8)


def detection_postprocess(p: Preparation) -> None:
    p.temps("i0 i1 i2")
    attrs = p.op.attrs
    p.hold(isinstance(attrs, a.DetectionPostprocessAttrs), "no options")
    if isinstance(attrs, a.DetectionPostprocessAttrs):
        boxes, most = p.shape("i0")[1], attrs.max_detections
        scores = p.shape("i1")[1] * p.shape("i1")[2]
        p.ask(boxes)
        for count in (4 * boxes, scores, boxes, boxes, most * boxes, most * boxes):
            p.ask(FLOAT_BYTES * count)
        for count in (boxes, most * boxes, max(attrs.num_classes, most) * boxes, min(boxes, most) * boxes):
            p.ask(INT_BYTES * count)


def mirror_pad(p: Preparation) -> None:
    p.temps("i0 i1 o0")
    for _ in range(2):
        p.ask(INT_BYTES * len(p.shape("i0")))


def concatenation(p: Preparation) -> None:
    p.temps("i0 o0 " + " ".join(f"i{n}" for n in range(len(p.op.inputs))))


def reshape(p: Preparation) -> None:
    p.temps("i0 o0")
    if -1 in p.shape("o0"):
        p.keep_dims("o0")


def add_n(p: Preparation) -> None:
    count = len(p.op.inputs)
    p.temps("i0 o0 " + " ".join(f"i{n}" for n in range(1, count)))
    if p.dtype("o0") is DType.INT8:
        p.keep_struct("OpDataAddN")
    p.ask(count * extent("ScratchBufferHandle", p.abi).size_bytes)


def cumsum(p: Preparation) -> None:
    p.temps("i0 i1 o0")
    if p.dtype("o0") is DType.INT8:
        p.keep_struct("OpDataCumsum")
