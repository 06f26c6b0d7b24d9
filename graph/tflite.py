"""Reads a .tflite into a Graph; whatever is wrong with the bytes ends as one ModelError."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np
import tflite as schema
from flatbuffers.number_types import Int32Flags

from graph import options, shapes
from graph.errors import ModelError, UnsupportedOperatorError
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, QuantParams, Tensor

IDENTIFIER = b"TFL3"
MAX_ENTRIES = 1 << 16  # tensors, operators or buffers; bounds the work that a hostile file can ask for

_NEW_CODE = 10  # where an OperatorCode's table says where builtin_code is

_DTYPES = tuple(DType)
_BUILTIN_NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items() if name.isupper()}
_CUSTOM_KINDS = {"TFLite_Detection_PostProcess": OpKind.DETECTION_POSTPROCESS}

# What the generated accessors raise on offsets that lead out of the file or to the wrong kind of table.
DAMAGE = (
    struct.error,
    IndexError,
    TypeError,
    ValueError,
    OverflowError,
    AttributeError,
    KeyError,
    RecursionError,
)


def read_file(path: str | Path) -> Graph:
    """The graph of the .tflite at `path`.

    Raises: ModelError where the file is missing, unreadable or damaged; the message begins with the path.
    """
    try:
        blob = Path(path).read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}; give the path of a .tflite") from error
    try:
        return read(blob)
    except ModelError as error:
        raise type(error)(f"{path}: {error}") from error


def read(blob: bytes) -> Graph:
    """The graph that the bytes of a .tflite describe, validated.

    Constants are read-only views into `blob`.

    Raises: ModelError where the bytes are no .tflite, are truncated or damaged, hold several subgraphs,
    a custom operator or sparse tensors, or break a law of `Graph.validate`.
    Source: the schema's generated accessors, from the PyPI package `tflite`.
    """
    if len(blob) < 8 or blob[4:8] != IDENTIFIER:
        raise ModelError("not a .tflite (no TFL3 mark at byte 4); convert the model first")
    try:
        graph = _read_model(blob)
    except DAMAGE as error:
        raise ModelError("the file is truncated or damaged; copy or convert it again") from error
    graph.validate()
    return graph


def _read_model(blob: bytes) -> Graph:
    model = schema.Model.GetRootAs(blob, 0)
    if model.SubgraphsLength() != 1:
        raise ModelError(
            f"{model.SubgraphsLength()} subgraphs; only models with one (no control flow) are read"
        )
    subgraph = model.Subgraphs(0)
    for what, count in (
        ("tensors", subgraph.TensorsLength()),
        ("operators", subgraph.OperatorsLength()),
        ("buffers", model.BuffersLength()),
    ):
        if count > MAX_ENTRIES:
            raise ModelError(f"{count} {what}, more than the {MAX_ENTRIES} that any real model has")
    ops = [_read_op(model, subgraph.Operators(i), i) for i in range(subgraph.OperatorsLength())]
    tensors = [_read_tensor(model, subgraph.Tensors(i), i) for i in range(subgraph.TensorsLength())]
    return Graph(
        ops=tuple(ops),
        tensors=shapes.completed(tensors, ops),
        inputs=options.ints(subgraph.InputsLength(), subgraph.InputsAsNumpy()),
        outputs=options.ints(subgraph.OutputsLength(), subgraph.OutputsAsNumpy()),
        name=_text(subgraph.Name()),
    )


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode("utf-8", errors="replace")


def _read_tensor(model: schema.Model, table: schema.Tensor, index: int) -> Tensor:
    name, dtype = _text(table.Name()), _DTYPES[table.Type()]
    shape = options.ints(table.ShapeLength(), table.ShapeAsNumpy())
    buffer = model.Buffers(table.Buffer())
    data = buffer.DataAsNumpy() if buffer.DataLength() else None
    if data is not None:
        if table.Sparsity() is not None:
            raise ModelError(f"tensor {index} ({name}) is sparse; convert the model without sparsity")
        data = _shaped(data, dtype, shape)
        data.flags.writeable = False
    return Tensor(
        index=index,
        name=name,
        shape=shape,
        dtype=dtype,
        quant=_read_quant(table.Quantization(), f"tensor {index} ({name})"),
        data=data,
        buffer=table.Buffer(),
        is_variable=bool(table.IsVariable()),
    )


def _shaped(raw: np.ndarray, dtype: DType, shape: tuple[int, ...]) -> np.ndarray:
    """Bytes as elements; left as bytes where no numpy type fits or the size is wrong, as validate tells."""
    if dtype in (DType.STRING, DType.RESOURCE, DType.VARIANT, DType.INT4, DType.BFLOAT16):
        return raw
    if raw.nbytes != math.prod(shape) * dtype.numpy.itemsize:
        return raw
    return raw.view(dtype.numpy.newbyteorder("<")).reshape(shape)


def _read_quant(table: schema.QuantizationParameters | None, where: str) -> QuantParams | None:
    if table is None or table.ScaleLength() == 0:
        return None
    scales = tuple(float(s) for s in table.ScaleAsNumpy())
    zero_points = options.ints(table.ZeroPointLength(), table.ZeroPointAsNumpy()) or (0,) * len(scales)
    if not all(math.isfinite(s) and s >= 0 for s in scales):
        raise ModelError(f"{where} has a scale that is negative or not a number; convert the model again")
    if len(zero_points) != len(scales):
        raise ModelError(f"{where} has {len(scales)} scales and {len(zero_points)} zero points")
    return QuantParams(scales, zero_points, table.QuantizedDimension())


def _read_op(model: schema.Model, table: schema.Operator, index: int) -> Op:
    code = model.OperatorCodes(table.OpcodeIndex())
    name = _BUILTIN_NAMES[_builtin_code(code)]
    if name == "CUSTOM":
        name = _text(code.CustomCode())
        if name not in _CUSTOM_KINDS:
            raise UnsupportedOperatorError(
                f"operator {index} is the custom operator {name}, which only its vendor's runtime knows;"
                " give the model as it was before that vendor's compiler"
            )
        kind = _CUSTOM_KINDS[name]
    else:
        kind = OpKind[name]
    return Op(
        index=index,
        kind=kind,
        inputs=options.ints(table.InputsLength(), table.InputsAsNumpy()),
        outputs=options.ints(table.OutputsLength(), table.OutputsAsNumpy()),
        attrs=options.read(kind, table),
        intermediates=options.ints(table.IntermediatesLength(), table.IntermediatesAsNumpy()),
    )


def _builtin_code(code: schema.OperatorCode) -> int:
    """The larger of the old field and the new: files may leave the old one 0.

    Read by hand, because the package's own accessor believes the old field wherever that could hold the code.

    Source: TFLite schema_utils.cc GetBuiltinCode.
    """
    place = code._tab.Offset(_NEW_CODE)
    new = code._tab.Get(Int32Flags, place + code._tab.Pos) if place else 0
    return max(new, code.DeprecatedBuiltinCode())
