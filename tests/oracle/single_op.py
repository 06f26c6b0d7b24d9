"""Models of one operator, written with the flatbuffer object API, for the oracles and the simulator alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

fb = pytest.importorskip("ai_edge_litert.schema_py_generated", reason="needs the oracle extra")
flatbuffers = pytest.importorskip("flatbuffers")

VERSIONS = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 3, "RESHAPE": 1, "SHAPE": 1}
TYPES = {
    "int8": fb.TensorType.INT8,
    "uint8": fb.TensorType.UINT8,
    "int16": fb.TensorType.INT16,
    "int32": fb.TensorType.INT32,
    "float32": fb.TensorType.FLOAT32,
}


@dataclass(frozen=True)
class Spec:
    """A tensor; constant where it has data, quantized where it has scales."""

    shape: tuple[int, ...]
    dtype: str = "int8"
    scales: tuple[float, ...] = ()
    zero_points: tuple[int, ...] = ()
    axis: int = 0
    data: np.ndarray | None = None


@dataclass(frozen=True, repr=False)
class Case:
    """A model of one operator with the inputs to give it; `about` says what was chosen."""

    blob: bytes
    inputs: tuple[np.ndarray, ...]
    about: str = field(default="")

    def __repr__(self) -> str:
        return f"Case({self.about})"


def constant(values: Any, dtype: str = "int32") -> Spec:
    """A constant without quantization."""
    data = np.array(values, dtype)
    return Spec(data.shape, dtype, data=data)


def quantized(shape: tuple[int, ...], scale: float, zero_point: int, dtype: str = "int8") -> Spec:
    """An activation."""
    return Spec(shape, dtype, (scale,), (zero_point,))


def model(kind: str, inputs: list[Spec | None], output: Spec, options: Any = None) -> bytes:
    """The bytes of a .tflite whose one operator reads `inputs` (None: left out) and writes `output`."""
    tensors, buffers = [], [fb.BufferT()]
    specs = [spec for spec in inputs if spec is not None]
    for number, spec in enumerate([*specs, output]):
        tensor = fb.TensorT()
        tensor.name, tensor.shape, tensor.type = f"t{number}", list(spec.shape), TYPES[spec.dtype]
        tensor.buffer = len(buffers)
        buffer = fb.BufferT()
        if spec.data is not None:
            buffer.data = np.frombuffer(np.ascontiguousarray(spec.data).tobytes(), np.uint8)
        buffers.append(buffer)
        if spec.scales:
            quantization = fb.QuantizationParametersT()
            quantization.scale = list(spec.scales)
            quantization.zeroPoint = list(spec.zero_points)
            quantization.quantizedDimension = spec.axis
            tensor.quantization = quantization
        tensors.append(tensor)
    positions = iter(range(len(specs)))
    operator = fb.OperatorT()
    operator.inputs = [-1 if spec is None else next(positions) for spec in inputs]
    operator.outputs = [len(specs)]
    if options is not None:
        operator.builtinOptionsType = getattr(fb.BuiltinOptions, type(options).__name__.removesuffix("T"))
        operator.builtinOptions = options
    subgraph = fb.SubGraphT()
    subgraph.tensors, subgraph.operators = tensors, [operator]
    subgraph.inputs = [i for i, spec in enumerate(specs) if spec.data is None]
    subgraph.outputs = [len(specs)]
    return _packed(kind, subgraph, buffers)


def _packed(kind: str, subgraph: Any, buffers: list[Any]) -> bytes:
    code = fb.OperatorCodeT()
    code.builtinCode = getattr(fb.BuiltinOperator, kind)
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    code.version = VERSIONS.get(kind, 2)
    whole = fb.ModelT()
    whole.version, whole.description = 3, "one operator"
    whole.operatorCodes, whole.subgraphs, whole.buffers = [code], [subgraph], buffers
    builder = flatbuffers.Builder(1024)
    builder.Finish(whole.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def options(name: str, **values: Any) -> Any:
    """An options table by its schema name, with its fields by their Python names."""
    table = getattr(fb, name + "T")()
    for key, value in values.items():
        if not hasattr(table, key):
            raise AttributeError(f"{name} has no {key}")
        setattr(table, key, value)
    return table
