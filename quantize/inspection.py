"""What full-integer means, held on the finished .tflite: int8 in and out, no float anywhere, no islands."""

from __future__ import annotations

from graph import tflite
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, Tensor
from quantize.errors import NotFullIntegerError

FLOATS = frozenset({DType.FLOAT16, DType.BFLOAT16, DType.FLOAT32, DType.FLOAT64})
COMPLEX = frozenset({DType.COMPLEX64, DType.COMPLEX128})
ISLANDS = frozenset({OpKind.QUANTIZE, OpKind.DEQUANTIZE})


def inspect(blob: bytes) -> Graph:
    """Read a .tflite and hold that it is full-integer.

    Raises: ModelError where it cannot be read; NotFullIntegerError naming the tensor and the operator.
    """
    graph = tflite.read(blob)
    check_full_integer(graph)
    return graph


def check_full_integer(graph: Graph) -> None:
    """Hold that a graph takes and gives int8, holds no float tensor, and has no QUANTIZE or DEQUANTIZE.

    Those two mark an island: a stretch of float, or of other scales than its surroundings, that the converter
    could not quantize. A float tensor is named with the operator that writes it or, for a constant, reads it.

    Raises: NotFullIntegerError naming the first that breaks it, in the order of execution.
    """
    for word, indices in (("input", graph.inputs), ("output", graph.outputs)):
        for index in indices:
            _check_border(word, graph.tensors[index])
    for op in graph.ops:
        for index in (*op.inputs, *op.outputs):
            if index >= 0 and graph.tensors[index].dtype in FLOATS | COMPLEX:
                raise NotFullIntegerError(
                    f"{_tensor(graph.tensors[index])} at {op} is not integer; {_advice(op)}"
                )
        if op.kind in ISLANDS:
            taken, given = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
            raise NotFullIntegerError(
                f"{op} from {_tensor(taken)} to {_tensor(given)} is an island; {_advice(op)}"
            )


def _check_border(word: str, tensor: Tensor) -> None:
    if tensor.dtype != DType.INT8:
        raise NotFullIntegerError(f"{word} {_tensor(tensor)} is not int8; quantize with int8 in and out")
    if tensor.quant is None or len(tensor.quant.scales) != 1:
        raise NotFullIntegerError(
            f"{word} {_tensor(tensor)} has no scale of its own; quantize the model again"
        )


def _tensor(tensor: Tensor) -> str:
    return f"tensor {tensor.index} ({tensor.name}, {tensor.dtype.value})"


def _advice(op: Op) -> str:
    if op.kind in ISLANDS:
        return "replace the float layer beside it by one that has an int8 kernel"
    return "quantize the model, or replace this layer by one that has an int8 kernel"
