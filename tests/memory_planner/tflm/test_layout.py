"""Structs are laid out as C compilers do, for both machines."""

from __future__ import annotations

import ctypes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_planner.tflm.layout import CORTEX_M, HOST, extent_of
from memory_planner.tflm.structs import STRUCTS, extent

C_TYPES = {
    "bool": ctypes.c_bool,
    "i8": ctypes.c_int8,
    "u16": ctypes.c_uint16,
    "i32": ctypes.c_int32,
    "int": ctypes.c_int,
    "f32": ctypes.c_float,
    "i64": ctypes.c_int64,
    "f64": ctypes.c_double,
    "ptr": ctypes.c_void_p,
}
FIELDS = st.lists(st.tuples(st.sampled_from(sorted(C_TYPES)), st.integers(1, 5)), min_size=1, max_size=9)


@given(FIELDS)
def test_a_struct_is_as_large_as_the_hosts_compiler_makes_it(fields):
    members = [(f"m{i}", C_TYPES[name] * count) for i, (name, count) in enumerate(fields)]
    theirs = type("Theirs", (ctypes.Structure,), {"_fields_": members})
    mine = extent_of(" ".join(f"{name}:{count}" for name, count in fields), HOST, {})
    assert (ctypes.sizeof(theirs), ctypes.alignment(theirs)) == (mine.size_bytes, mine.alignment_bytes)


@pytest.mark.parametrize("name", sorted(STRUCTS))
def test_pointers_of_four_bytes_make_no_struct_larger(name):
    assert 0 < extent(name, CORTEX_M).size_bytes <= extent(name, HOST).size_bytes


def test_fields_in_brackets_are_there_only_with_compression():
    assert (
        extent_of("int [int:2]", HOST, {}).size_bytes,
        extent_of("int [int:2]", CORTEX_M, {}).size_bytes,
    ) == (
        3 * 4,
        4,
    )


def test_fields_in_braces_are_there_only_in_the_wheels_sources():
    assert extent_of("int {ptr int}", HOST, {}).size_bytes == 8 + 8 + 8
    assert extent_of("int {ptr int}", CORTEX_M, {}).size_bytes == 4


def test_enums_are_small_where_the_machine_makes_them_so():
    assert extent_of("enum enum bool ptr", CORTEX_M, {}).size_bytes == 3 + 1 + 4
