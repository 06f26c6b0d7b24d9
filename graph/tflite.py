"""Reads a .tflite into a Graph; whatever is wrong with the bytes ends as one ModelError."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tflite as schema

from graph import attrs as a
from graph.errors import ModelError, UnsupportedOperatorError
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, QuantParams, Tensor

IDENTIFIER = b"TFL3"
MAX_ENTRIES = 1 << 16  # tensors, operators or buffers; bounds the work that a hostile file can ask for

_DTYPES = tuple(DType)
_ACTIVATIONS = tuple(a.Activation)
_PADDINGS = tuple(a.Padding)
_BUILTIN_NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items() if name.isupper()}
_CUSTOM_KINDS = {"TFLite_Detection_PostProcess": OpKind.DETECTION_POSTPROCESS}

# What the generated accessors raise on offsets that lead out of the file or to the wrong kind of table.
_DAMAGE = (struct.error, IndexError, TypeError, ValueError, OverflowError, AttributeError, KeyError)


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
    except _DAMAGE as error:
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
    return Graph(
        ops=tuple(_read_op(model, subgraph.Operators(i), i) for i in range(subgraph.OperatorsLength())),
        tensors=tuple(_read_tensor(model, subgraph.Tensors(i), i) for i in range(subgraph.TensorsLength())),
        inputs=_ints(subgraph.InputsLength(), subgraph.InputsAsNumpy()),
        outputs=_ints(subgraph.OutputsLength(), subgraph.OutputsAsNumpy()),
        name=_text(subgraph.Name()),
    )


def _ints(length: int, vector: Any) -> tuple[int, ...]:
    """The accessors give a scalar 0 for a vector that is left out."""
    return tuple(int(v) for v in vector) if length else ()


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode("utf-8", errors="replace")


def _read_tensor(model: schema.Model, table: schema.Tensor, index: int) -> Tensor:
    name, dtype = _text(table.Name()), _DTYPES[table.Type()]
    shape = _ints(table.ShapeLength(), table.ShapeAsNumpy())
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
    zero_points = _ints(table.ZeroPointLength(), table.ZeroPointAsNumpy()) or (0,) * len(scales)
    if not all(math.isfinite(s) and s >= 0 for s in scales):
        raise ModelError(f"{where} has a scale that is negative or not a number; convert the model again")
    if len(zero_points) != len(scales):
        raise ModelError(f"{where} has {len(scales)} scales and {len(zero_points)} zero points")
    return QuantParams(scales, zero_points, table.QuantizedDimension())


def _read_op(model: schema.Model, table: schema.Operator, index: int) -> Op:
    code = model.OperatorCodes(table.OpcodeIndex())
    builtin = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    name = _BUILTIN_NAMES[builtin]
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
        inputs=_ints(table.InputsLength(), table.InputsAsNumpy()),
        outputs=_ints(table.OutputsLength(), table.OutputsAsNumpy()),
        attrs=_read_attrs(kind, table),
    )


def _read_attrs(kind: OpKind, table: schema.Operator) -> a.Attrs | None:
    options = table.BuiltinOptions()
    if kind not in _ATTRS or options is None:
        return None
    options_class, build = _ATTRS[kind]
    typed = options_class()
    typed.Init(options.Bytes, options.Pos)
    return build(typed)


def _conv_2d(o: schema.Conv2DOptions) -> a.Conv2DAttrs:
    return a.Conv2DAttrs(
        padding=_PADDINGS[o.Padding()],
        stride_h=o.StrideH(),
        stride_w=o.StrideW(),
        dilation_h=o.DilationHFactor(),
        dilation_w=o.DilationWFactor(),
        activation=_ACTIVATIONS[o.FusedActivationFunction()],
    )


def _depthwise_conv_2d(o: schema.DepthwiseConv2DOptions) -> a.DepthwiseConv2DAttrs:
    return a.DepthwiseConv2DAttrs(
        padding=_PADDINGS[o.Padding()],
        stride_h=o.StrideH(),
        stride_w=o.StrideW(),
        dilation_h=o.DilationHFactor(),
        dilation_w=o.DilationWFactor(),
        depth_multiplier=o.DepthMultiplier(),
        activation=_ACTIVATIONS[o.FusedActivationFunction()],
    )


def _pool_2d(o: schema.Pool2DOptions) -> a.Pool2DAttrs:
    return a.Pool2DAttrs(
        padding=_PADDINGS[o.Padding()],
        stride_h=o.StrideH(),
        stride_w=o.StrideW(),
        filter_h=o.FilterHeight(),
        filter_w=o.FilterWidth(),
        activation=_ACTIVATIONS[o.FusedActivationFunction()],
    )


def _fully_connected(o: schema.FullyConnectedOptions) -> a.FullyConnectedAttrs:
    return a.FullyConnectedAttrs(
        activation=_ACTIVATIONS[o.FusedActivationFunction()],
        keep_num_dims=bool(o.KeepNumDims()),
        shuffled_weights=o.WeightsFormat() != 0,
    )


def _strided_slice(o: schema.StridedSliceOptions) -> a.StridedSliceAttrs:
    return a.StridedSliceAttrs(
        begin_mask=o.BeginMask(),
        end_mask=o.EndMask(),
        ellipsis_mask=o.EllipsisMask(),
        new_axis_mask=o.NewAxisMask(),
        shrink_axis_mask=o.ShrinkAxisMask(),
        offset=bool(o.Offset()),
    )


_ATTRS: dict[OpKind, tuple[type, Callable[[Any], a.Attrs]]] = {
    OpKind.CONV_2D: (schema.Conv2DOptions, _conv_2d),
    OpKind.DEPTHWISE_CONV_2D: (schema.DepthwiseConv2DOptions, _depthwise_conv_2d),
    OpKind.AVERAGE_POOL_2D: (schema.Pool2DOptions, _pool_2d),
    OpKind.MAX_POOL_2D: (schema.Pool2DOptions, _pool_2d),
    OpKind.FULLY_CONNECTED: (schema.FullyConnectedOptions, _fully_connected),
    OpKind.ADD: (
        schema.AddOptions,
        lambda o: a.AddAttrs(_ACTIVATIONS[o.FusedActivationFunction()], bool(o.PotScaleInt16())),
    ),
    OpKind.MEAN: (schema.ReducerOptions, lambda o: a.ReducerAttrs(bool(o.KeepDims()))),
    OpKind.RESHAPE: (
        schema.ReshapeOptions,
        lambda o: a.ReshapeAttrs(_ints(o.NewShapeLength(), o.NewShapeAsNumpy())),
    ),
    OpKind.SOFTMAX: (schema.SoftmaxOptions, lambda o: a.SoftmaxAttrs(float(o.Beta()))),
    OpKind.STRIDED_SLICE: (schema.StridedSliceOptions, _strided_slice),
    OpKind.PACK: (schema.PackOptions, lambda o: a.PackAttrs(o.ValuesCount(), o.Axis())),
}
