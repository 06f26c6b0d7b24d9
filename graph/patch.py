"""Changes to a .tflite that leave all else as it was, byte for byte."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import numpy as np
import tflite as schema
from flatbuffers.table import Table

from graph.errors import ModelError
from graph.types import Graph

# Where a table's list of fields says how far each lies.
_OUTPUTS = 8  # of SubGraph
_DATA = 4  # of Buffer
_SCALE, _ZERO_POINT = 8, 10  # of QuantizationParameters


def with_outputs(blob: bytes, tensors: Iterable[int]) -> bytes:
    """The model with those of `tensors` that are no outputs yet as further outputs, after its own.

    The longer list is appended, and the one offset that leads to the list is led there; nothing moves.

    Source: FlatBuffers, "Internals": a vector is a uint32 count and its elements, found by a uint32 distance
        from the field that names it.
    """
    subgraph = schema.Model.GetRootAs(blob, 0).Subgraphs(0)
    present = [subgraph.Outputs(i) for i in range(subgraph.OutputsLength())]
    outputs = [*present, *(i for i in dict.fromkeys(tensors) if i not in present)]
    if outputs == present:
        return blob
    table = subgraph._tab
    field = table.Pos + table.Offset(_OUTPUTS)
    patched = bytearray(blob)
    patched += bytes(-len(patched) % 4)
    struct.pack_into("<I", patched, field, len(patched) - field)
    return bytes(patched + struct.pack(f"<I{len(outputs)}i", len(outputs), *outputs))


def with_values(blob: bytes, graph: Graph) -> bytes:
    """The model with the constants, scales and zero points of `graph`, which was read from it and edited.

    They are written over the old ones, in their places; a file with the same values comes out unchanged.

    Raises: ModelError where two tensors that share their bytes in the file are to differ.
    """
    model = schema.Model.GetRootAs(blob, 0)
    subgraph = model.Subgraphs(0)
    patched = bytearray(blob)
    written: dict[int, bytes] = {}
    for tensor in graph.tensors:
        table = subgraph.Tensors(tensor.index)
        if tensor.data is not None:
            content = tensor.data.tobytes()
            if written.setdefault(table.Buffer(), content) != content:
                raise ModelError(f"tensor {tensor.index} ({tensor.name}) shares its bytes with another")
            _overwrite(patched, model.Buffers(table.Buffer())._tab, _DATA, content)
        quant = table.Quantization()
        if tensor.quant is not None and quant is not None:
            scales = np.array(tensor.quant.scales, "<f4")
            _overwrite(patched, quant._tab, _SCALE, scales.tobytes())
            if quant.ZeroPointLength():
                zero_points = np.array(tensor.quant.zero_points, "<i8")
                _overwrite(patched, quant._tab, _ZERO_POINT, zero_points.tobytes())
    return bytes(patched)


def _overwrite(patched: bytearray, table: Table, field: int, content: bytes) -> None:
    """Put `content` where the vector that `field` names has its elements."""
    start = table.Vector(table.Offset(field))
    patched[start : start + len(content)] = content
