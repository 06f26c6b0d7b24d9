"""What full-integer means, held on the finished .tflite: int8 in and out, no float anywhere, no islands."""

from __future__ import annotations

from graph import tflite
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, Tensor
from quantize.errors import NotFullIntegerError

FLOATS = frozenset({DType.FLOAT16, DType.BFLOAT16, DType.FLOAT32, DType.FLOAT64})
FLOATS |= {DType.COMPLEX64, DType.COMPLEX128}
CONVERSIONS = frozenset({OpKind.QUANTIZE, OpKind.DEQUANTIZE})


def inspect(blob: bytes) -> Graph:
    """Read a .tflite and hold that it is full-integer.

    Raises: ModelError where it cannot be read; NotFullIntegerError naming the tensor and the operator.
    """
    graph = tflite.read(blob)
    check_full_integer(graph)
    return graph


def check_full_integer(graph: Graph) -> None:
    """Hold that a graph takes and gives int8, holds no float tensor, and no island of another type.

    An island begins or ends at a QUANTIZE or DEQUANTIZE that changes the type; a QUANTIZE from int8 to int8
    only changes the scale, in integers, and may stay.

    Raises: NotFullIntegerError naming the first that breaks it: border, then operators in their order, then
    tensors that no operator touches.
    """
    for word, indices in (("input", graph.inputs), ("output", graph.outputs)):
        for index in indices:
            _check_border(word, graph.tensors[index])
    for op in graph.ops:
        _check_op(graph, op)
    for tensor in graph.tensors:
        if tensor.dtype in FLOATS:
            raise NotFullIntegerError(
                f"{_named(tensor)}, read by no operator, is float; convert the model again"
            )


def _check_border(word: str, tensor: Tensor) -> None:
    if tensor.dtype != DType.INT8:
        raise NotFullIntegerError(f"{word} {_named(tensor)} is not int8; quantize with int8 in and out")
    if tensor.quant is None or len(tensor.quant.scales) != 1:
        raise NotFullIntegerError(
            f"{word} {_named(tensor)} has no scale of its own; quantize the model again"
        )


def _check_op(graph: Graph, op: Op) -> None:
    touched = [graph.tensors[index] for index in (*op.inputs, *op.outputs) if index >= 0]
    if op.kind in CONVERSIONS and touched[0].dtype != touched[-1].dtype:
        raise NotFullIntegerError(
            f"{op} is the edge of an island: {_named(touched[0])} becomes {_named(touched[-1])};"
            " replace the layer beside it by one that has an int8 kernel"
        )
    for tensor in touched:
        if tensor.dtype in FLOATS:
            raise NotFullIntegerError(
                f"{_named(tensor)} at {op} is float; quantize it, or use a layer that has an int8 kernel"
            )


def _named(tensor: Tensor) -> str:
    return f"tensor {tensor.index} ({tensor.name}, {tensor.dtype.value})"
