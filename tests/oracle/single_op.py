"""Models of one operator, written with the flatbuffer object API, for the oracles and the simulator alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from firmware_sim.oracles import Oracle

fb = pytest.importorskip("ai_edge_litert.schema_py_generated", reason="needs the oracle extra")
flatbuffers = pytest.importorskip("flatbuffers")

VERSIONS = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 3} | dict.fromkeys(
    (
        "CEIL",
        "COS",
        "DEPTH_TO_SPACE",
        "ELU",
        "EXPAND_DIMS",
        "FLOOR",
        "HARD_SWISH",
        "LOGICAL_AND",
        "LOGICAL_NOT",
        "LOGICAL_OR",
        "NEG",
        "PRELU",
        "RELU_N1_TO_1",
        "RESHAPE",
        "ROUND",
        "SHAPE",
        "SIN",
        "SQUARE",
        "SQUEEZE",
        "TFLite_Detection_PostProcess",
        "ZEROS_LIKE",
    ),
    1,
)
"""Where not 2; LiteRT refuses versions that it does not know."""
TYPES = {
    name.lower(): code for name, code in vars(fb.TensorType).items() if name.isupper()
}  # "int8", "uint8", "int16", "int32", "int64", "float32", "bool", ...


@dataclass(frozen=True)
class Spec:
    """A tensor; constant where it has data, quantized where it has scales."""

    shape: tuple[int, ...]
    dtype: str = "int8"
    scales: tuple[float, ...] = ()
    zero_points: tuple[int, ...] = ()
    axis: int = 0
    data: np.ndarray | None = None
    is_variable: bool = False


@dataclass(frozen=True, repr=False)
class Case:
    """A model of one operator with the inputs to give it; `about` says what was chosen.

    `undefined`: oracles that crash on it, or whose outcome depends on what memory held before.
    """

    blob: bytes
    inputs: tuple[np.ndarray, ...]
    about: str = field(default="")
    undefined: tuple[Oracle, ...] = ()

    def __repr__(self) -> str:
        return f"Case({self.about[:200]})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What hypothesis prints; of a dataclass it would print every byte."""
        printer.text(repr(self))


def constant(values: Any, dtype: str = "int32") -> Spec:
    """A constant without quantization."""
    data = np.array(values, dtype)
    return Spec(data.shape, dtype, data=data)


def quantized(shape: tuple[int, ...], scale: float, zero_point: int, dtype: str = "int8") -> Spec:
    """An activation."""
    return Spec(shape, dtype, (scale,), (zero_point,))


def model(
    kind: str,
    inputs: list[Spec | None],
    output: Spec | list[Spec],
    options: Any = None,
    *,
    intermediates: list[Spec | None] | None = None,
    custom: bytes | None = None,
) -> bytes:
    """The bytes of a .tflite whose one operator reads `inputs` (None: left out) and writes `output`.

    A Spec that stands twice is one tensor. `custom`: the options of the custom operator named `kind`.
    """
    outputs = output if isinstance(output, list) else [output]
    specs: list[Spec] = []
    for spec in [*inputs, *outputs, *(intermediates or [])]:
        if spec is not None and not any(spec is other for other in specs):
            specs.append(spec)

    def indices(chosen: list[Spec | None]) -> list[int]:
        return [-1 if c is None else next(i for i, s in enumerate(specs) if s is c) for c in chosen]

    tensors, buffers = [], [fb.BufferT()]
    for number, spec in enumerate(specs):
        tensors.append(_tensor(f"t{number}", spec, len(buffers)))
        buffer = fb.BufferT()
        if spec.data is not None:
            buffer.data = np.frombuffer(np.ascontiguousarray(spec.data).tobytes(), np.uint8)
        buffers.append(buffer)
    operator = fb.OperatorT()
    operator.inputs, operator.outputs = indices(inputs), indices(list(outputs))
    if intermediates is not None:
        operator.intermediates = indices(intermediates)
    if custom is not None:
        operator.customOptions = np.frombuffer(custom, np.uint8)
    if options is not None:
        operator.builtinOptionsType = getattr(fb.BuiltinOptions, type(options).__name__.removesuffix("T"))
        operator.builtinOptions = options
    subgraph = fb.SubGraphT()
    subgraph.tensors, subgraph.operators = tensors, [operator]
    given = [spec for spec in inputs if spec is not None and spec.data is None and not spec.is_variable]
    subgraph.inputs = list(dict.fromkeys(indices(given)))
    subgraph.outputs = operator.outputs
    return _packed(kind, subgraph, buffers, is_custom=custom is not None)


def _tensor(name: str, spec: Spec, buffer: int) -> Any:
    tensor = fb.TensorT()
    tensor.name, tensor.shape, tensor.type = name, list(spec.shape), TYPES[spec.dtype]
    tensor.buffer, tensor.isVariable = buffer, spec.is_variable
    if spec.scales:
        quantization = fb.QuantizationParametersT()
        quantization.scale = list(spec.scales)
        quantization.zeroPoint = list(spec.zero_points)
        quantization.quantizedDimension = spec.axis
        tensor.quantization = quantization
    return tensor


def _packed(kind: str, subgraph: Any, buffers: list[Any], *, is_custom: bool) -> bytes:
    code = fb.OperatorCodeT()
    code.builtinCode = fb.BuiltinOperator.CUSTOM if is_custom else getattr(fb.BuiltinOperator, kind)
    if is_custom:
        code.customCode = kind
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
