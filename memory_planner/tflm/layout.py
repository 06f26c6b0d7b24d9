"""Sizes of C structs from their fields, for the machines that TensorFlow Lite Micro runs on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from memory_planner.types import aligned


@dataclass(frozen=True, slots=True)
class Abi:
    """What sizes depend on: the machine, and how the runtime was built.

    `recording`: the allocator records, as the Python wheel's does; that of firmware does not.
    `compression`: built with USE_TFLM_COMPRESSION. `sources`: the day of the tflite-micro sources that it was
    built from; the wheel's are newer than those that the rules were read from.
    """

    name: str
    pointer_bytes: int
    enum_bytes: int
    recording: bool
    compression: bool
    sources: str

    def scalar_bytes(self, name: str) -> int:
        """Bytes of a type of SCALARS, which is also its alignment."""
        size = SCALARS[name]
        return {"ptr": self.pointer_bytes, "enum": self.enum_bytes}.get(name, size)


SCALARS = {
    "bool": 1, "i8": 1, "u8": 1, "i16": 2, "u16": 2, "i32": 4, "int": 4, "f32": 4, "i64": 8, "f64": 8,
    "ptr": 0, "enum": 0,
}  # fmt: skip
"""`ptr` is also size_t and intptr_t; `enum` is one without a stated type."""

READ, WHEEL = "2026-08-20", "2026-10-23"
HOST = Abi("host", pointer_bytes=8, enum_bytes=4, recording=True, compression=True, sources=WHEEL)
CORTEX_M = Abi("cortex-m", pointer_bytes=4, enum_bytes=1, recording=False, compression=False, sources=READ)
ABIS = {abi.name: abi for abi in (HOST, CORTEX_M)}
"""Source: System V ABI x86-64; AAPCS32, whose enums on bare metal are as small as their values allow."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Bytes and alignment of a type."""

    size_bytes: int
    alignment_bytes: int


def extent_of(fields: str, abi: Abi, structs: Mapping[str, str]) -> Extent:
    """Size and alignment of a struct that has `fields`: types in order, `i32:4` for an array of four.

    A name of `structs` is that struct; fields in [brackets] are there only where compression is, those in
    {braces} only in sources as new as the wheel's.

    >>> extent_of("bool i32:2 ptr", HOST, {}), extent_of("bool i32:2 ptr", CORTEX_M, {})
    (Extent(size_bytes=24, alignment_bytes=8), Extent(size_bytes=16, alignment_bytes=4))
    """
    there = fields if abi.compression else re.sub(r"\[.*?\]", " ", fields)
    there = there if abi.sources == WHEEL else re.sub(r"\{.*?\}", " ", there)
    size, alignment = 0, 1
    for token in re.sub(r"[][{}]", " ", there).split():
        name, _, count = token.partition(":")
        one = _named(name, abi, structs)
        size = aligned(size, one.alignment_bytes) + one.size_bytes * int(count or 1)
        alignment = max(alignment, one.alignment_bytes)
    return Extent(aligned(size, alignment), alignment)


def _named(name: str, abi: Abi, structs: Mapping[str, str]) -> Extent:
    if name in structs:
        return extent_of(structs[name], abi, structs)
    size = abi.scalar_bytes(name)
    return Extent(size, size)
