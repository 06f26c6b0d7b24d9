"""Writes an order of operators and offsets of tensors into a .tflite; all else stays, byte for byte."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tflite as schema

from graph.errors import ModelError
from graph.file_facts import OFFLINE_PLAN
from graph.tflite import IDENTIFIER

VERSION, SUBGRAPH = 1, 0
FRONT_ALIGNMENT_BYTES = 64
"""What is put in front of a file is a multiple of this long, so nothing behind it changes its alignment."""
DATA_ALIGNMENT_BYTES = 16
LARGEST_OFFSET = (1 << 31) - 1

# Where tables of fields say where a field is: Model, SubGraph.
_VERSION, _BUFFERS, _METADATA, _END = 4, 12, 16, 20
_OPERATORS = 10
_ROOT, _LISTS = 28, 64


def with_offline_plan(blob: bytes, order: Sequence[int], offsets: Sequence[int]) -> bytes:
    """The model with its operators in `order` and `offsets` (by tensor, -1: none) as OfflineMemoryAllocation.

    Operators change places in the list that names them. A plan that the file has already is overwritten
    where it stands; else a new root table, longer lists of buffers and of metadata and the plan itself are
    put in front of the old file, inside which every distance stays true.

    Raises: ModelError where the file's plan has another length, or its root has fields of a newer schema, or
    an offset does not fit 32 bits.
    Source: FlatBuffers, "Internals"; TFLite Micro docs/memory_management.md, "Offline memory planning".
    """
    if max(offsets, default=0) > LARGEST_OFFSET:
        raise ModelError(f"an offset of {max(offsets):,} bytes, more than the file can say")
    words = struct.pack(f"<{3 + len(offsets)}i", VERSION, SUBGRAPH, len(offsets), *offsets)
    model = schema.Model.GetRootAs(blob, 0)
    patched = bytearray(blob)
    if order:
        _reorder(patched, model.Subgraphs(0)._tab, order)
    present = _present(model)
    for place, size in present:
        if size != len(words):
            raise ModelError(
                f"its {OFFLINE_PLAN.decode()} has {size} bytes, not {len(words)}; convert it again"
            )
        patched[place : place + size] = words
    return bytes(patched) if present else _front(model._tab, words) + bytes(patched)


def _targets(table: Any, field: int) -> list[int]:
    """Where the tables lie that a vector leads to; none where the vector is left out."""
    if not table.Offset(field):
        return []
    first, count = table.Vector(table.Offset(field)), table.VectorLen(table.Offset(field))
    return [p + struct.unpack_from("<I", table.Bytes, p)[0] for p in range(first, first + 4 * count, 4)]


def _reorder(patched: bytearray, subgraph: Any, order: Sequence[int]) -> None:
    first, targets = subgraph.Vector(subgraph.Offset(_OPERATORS)), _targets(subgraph, _OPERATORS)
    for place, op in enumerate(order):
        struct.pack_into("<I", patched, first + 4 * place, targets[op] - (first + 4 * place))


def _present(model: schema.Model) -> list[tuple[int, int]]:
    """Place and size of the plans that the file has."""
    entries = [model.Metadata(i) for i in range(model.MetadataLength())]
    buffers = [model.Buffers(entry.Buffer()) for entry in entries if entry.Name() == OFFLINE_PLAN]
    fields = [(buffer._tab, buffer._tab.Offset(4)) for buffer in buffers]
    return [(tab.Vector(field), tab.VectorLen(field)) if field else (0, 0) for tab, field in fields]


def _front(old: Any, words: bytes) -> bytes:
    """Header, root table and lists that lead to the new plan and, beyond themselves, to the old file.

    8: where the root's fields are, 28: the root, 64: buffers, then metadata, its new entry, the new buffer,
    the entry's name, the plan.
    """
    vtable = old.Pos - struct.unpack_from("<i", old.Bytes, old.Pos)[0]
    if any(old.Offset(f) for f in range(_END, struct.unpack_from("<H", old.Bytes, vtable)[0], 2)):
        raise ModelError("its root table has fields of a newer schema, which cannot be carried over")
    buffers, entries = _targets(old, _BUFFERS), _targets(old, _METADATA)
    metadata = _LISTS + 4 * (2 + len(buffers))
    entry = metadata + 4 * (2 + len(entries)) + 8
    buffer = entry + 12 + 8
    name = buffer + 8
    plan = _rounded(name + 4 + len(OFFLINE_PLAN) + 1 + 4, DATA_ALIGNMENT_BYTES)
    length = _rounded(plan + len(words), FRONT_ALIGNMENT_BYTES)
    front = _Front(bytearray(length))
    front.root(old, {_BUFFERS: _LISTS, _METADATA: metadata})
    front.vector(_LISTS, [*(length + b for b in buffers), buffer])
    front.vector(metadata, [*(length + e for e in entries), entry])
    front.put("4HiII", entry - 8, 8, 12, 4, 8, 8, name - (entry + 4), len(buffers))
    front.put("4HiI", buffer - 8, 6, 8, 4, 0, 8, plan - 4 - (buffer + 4))
    front.put(f"I{len(OFFLINE_PLAN)}s", name, len(OFFLINE_PLAN), OFFLINE_PLAN)
    front.put(f"I{len(words)}s", plan - 4, len(words), words)
    return bytes(front.data)


def _rounded(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple


@dataclass(frozen=True, slots=True)
class _Front:
    """Bytes that will stand before a file, and move it by their length."""

    data: bytearray

    def put(self, form: str, at: int, *values: int | bytes) -> None:
        struct.pack_into("<" + form, self.data, at, *values)

    def vector(self, at: int, targets: Sequence[int]) -> None:
        """A list of tables, by how far each lies from its place in the list."""
        distances = (target - (at + 4 * i) for i, target in enumerate(targets, 1))
        self.put(f"I{len(targets)}I", at, len(targets), *distances)

    def root(self, old: Any, own: dict[int, int]) -> None:
        """The header, and a root table with the fields of the old one; those of `own` lead to places here."""
        self.put("I4s", 0, _ROOT, IDENTIFIER)
        self.put("HH", 8, 4 + _END - _VERSION, 4 + 2 * (_END - _VERSION))
        self.put("i", _ROOT, _ROOT - 8)
        for at, field in enumerate(range(_VERSION, _END, 2), 1):
            here, there = _ROOT + 4 * at, old.Pos + old.Offset(field)
            value = struct.unpack_from("<I", old.Bytes, there)[0]
            if field not in own and not old.Offset(field):
                continue
            self.put("H", 8 + field, 4 * at)
            target = own.get(field, len(self.data) + there + value)
            self.put("I", here, value if field == _VERSION else target - here)
