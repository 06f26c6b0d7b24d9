"""A graph as an ONNX model, in one of two forms, and how onnxruntime's bytes differ from expected ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from export.c.operators import with_known
from export.errors import ExportError
from export.onnx import integer, qdq, shared
from export.onnx.network import Network
from firmware_sim.ops.kernel import Operands
from graph.errors import UnsupportedOperatorError
from graph.op_kind import OpKind
from graph.types import Graph


class Form(StrEnum):
    """`qdq`: float between Q and DQ, near the firmware's bits. `integer`: the firmware's bits."""

    QDQ = "qdq"
    INTEGER = "integer"


WRITERS: Mapping[Form, Mapping[OpKind, shared.Write]] = {
    Form.QDQ: qdq.WRITERS,
    Form.INTEGER: integer.WRITERS,
}


def to_onnx(graph: Graph, form: Form, model_sha256: str) -> bytes:
    """The model's bytes, held by onnx's checker; equal graphs give equal bytes.

    Inputs and outputs have the names, shapes and types of the graph's.

    Raises: UnsupportedOperatorError naming the first operator that the form lacks; ExportError where the
        checker finds a fault.
    """
    import onnx

    known, writers = with_known(graph), WRITERS[form]
    network = Network(known)
    for op in known.ops:
        if all(known.tensors[i].is_constant for i in op.outputs):
            continue
        operands = Operands.of(known, op)
        if op.kind not in writers:
            lacking = ", ".join(sorted({o.kind.value for o in known.ops if o.kind not in writers}))
            raise UnsupportedOperatorError(
                f"{op}: the {form.value} form of ONNX lacks it (missing here: {lacking})"
            )
        network.at(operands)
        writers[op.kind](network, operands)
    metadata = {"sixmeg.form": form.value, "sixmeg.model_sha256": model_sha256}
    try:
        return bytes(network.model(metadata).SerializeToString(deterministic=True))
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ExportError(
            f"onnx's checker refuses the model: {' '.join(str(error).split())[:200]}"
        ) from error


@dataclass(frozen=True, slots=True)
class Difference:
    """One output of all vectors; `argmax_agreement` is the share of vectors with the same largest element."""

    output: str
    bytes_compared: int
    bytes_different: int
    share_different: float
    max_abs_difference: float
    argmax_agreement: float


def run(blob: bytes, inputs: np.ndarray) -> list[np.ndarray]:
    """What onnxruntime gives on the CPU, as it comes, for inputs stacked along a new first axis."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(blob, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    outputs = [session.run(None, {name: sample}) for sample in inputs]
    return [np.stack(column) for column in zip(*outputs, strict=True)]


def difference(name: str, expected: np.ndarray, got: np.ndarray) -> Difference:
    """How two arrays (N, ...) of one type differ.

    >>> found = difference("y", np.array([[1, 2], [3, 9]], np.int8), np.array([[1, 3], [3, 9]], np.int8))
    >>> found.bytes_different, found.share_different, found.max_abs_difference, found.argmax_agreement
    (1, 0.25, 1.0, 1.0)
    """
    mine, theirs = (np.ascontiguousarray(a).reshape(len(expected), -1) for a in (expected, got))
    other = int(np.count_nonzero(mine.view(np.uint8) != theirs.view(np.uint8)))
    return Difference(
        output=name,
        bytes_compared=mine.nbytes,
        bytes_different=other,
        share_different=other / mine.nbytes,
        max_abs_difference=float(np.abs(mine.astype(np.float64) - theirs.astype(np.float64)).max(initial=0)),
        argmax_agreement=float(np.mean(mine.argmax(1) == theirs.argmax(1))),
    )


def differences(
    graph: Graph, blob: bytes, inputs: np.ndarray, outputs: Sequence[np.ndarray]
) -> list[Difference]:
    """Each output by onnxruntime against what it should be, for inputs without their batch of 1."""
    shape = graph.tensors[graph.inputs[0]].shape
    made = run(blob, inputs.reshape(-1, *shape))
    return [
        difference(graph.tensors[i].name, expected, got)
        for i, expected, got in zip(graph.outputs, outputs, made, strict=True)
    ]
