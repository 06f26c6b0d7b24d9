"""Changes to a .tflite that leave all else as it was, byte for byte."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import tflite as schema

_OUTPUTS = 8  # where SubGraph's table of fields says how far `outputs` lies


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
