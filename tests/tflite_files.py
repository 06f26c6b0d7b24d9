"""Graphs made by hand as the bytes of a .tflite."""

from __future__ import annotations

import pytest

from graph.types import Graph

fb = pytest.importorskip("ai_edge_litert.schema_py_generated", reason="needs the oracle extra")
flatbuffers = pytest.importorskip("flatbuffers")


def file_of(graph: Graph, *, metadata: bool = False) -> bytes:
    """The bytes of a model whose operators are those of `graph`, all ADD, with or without metadata."""
    code = fb.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = fb.BuiltinOperator.ADD
    code.version = 1
    subgraph = fb.SubGraphT()
    subgraph.tensors, subgraph.operators = [], []
    for tensor in graph.tensors:
        table = fb.TensorT()
        table.name, table.shape, table.type = tensor.name, list(tensor.shape), fb.TensorType.INT8
        if tensor.quant is not None:
            table.quantization = fb.QuantizationParametersT()
            table.quantization.scale = list(tensor.quant.scales)
            table.quantization.zeroPoint = list(tensor.quant.zero_points)
        subgraph.tensors.append(table)
    for op in graph.ops:
        operator = fb.OperatorT()
        operator.inputs, operator.outputs = list(op.inputs), list(op.outputs)
        operator.builtinOptionsType, operator.builtinOptions = fb.BuiltinOptions.AddOptions, fb.AddOptionsT()
        subgraph.operators.append(operator)
    subgraph.inputs, subgraph.outputs = list(graph.inputs), list(graph.outputs)
    whole = fb.ModelT()
    whole.version, whole.description = 3, "made by hand"
    whole.operatorCodes, whole.subgraphs, whole.buffers = [code], [subgraph], [fb.BufferT()]
    if metadata:
        entry = fb.MetadataT()
        entry.name, entry.buffer = "min_runtime_version", 0
        whole.metadata = [entry]
    builder = flatbuffers.Builder(64)
    builder.Finish(whole.Pack(builder), b"TFL3")
    return bytes(builder.Output())
