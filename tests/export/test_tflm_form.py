"""The forms in which TensorFlow Lite Micro gets a plan: in the file, and as a BufferPlan."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings

from export import firmware as maker
from export import tflm_arena
from export.firmware import Firmware
from export.tflm_form import TflmForm, Unplanned, tflm_form
from graph import file_facts, tflite
from graph.op_kind import OpKind
from memory_planner.tflm.arena import arena_of, prepared, requirements
from memory_planner.tflm.layout import ABIS, HOST
from memory_planner.tflm.planning import reordered, tflm_plan
from tests.graphs import chain, graphs
from tests.tflite_files import file_of

# The few declarations of TensorFlow Lite Micro that infer.cc uses, in the headers that it includes.
MICRO = "tensorflow/lite/micro"
RUNTIME = {
    "tensorflow/lite/schema/schema_generated.h": """
enum TfLiteStatus { kTfLiteOk, kTfLiteError };
namespace tflite {
struct Model {};
inline const Model *GetModel(const void *) { return nullptr; }
}
""",
    f"{MICRO}/micro_mutable_op_resolver.h": """
#include "tensorflow/lite/schema/schema_generated.h"
namespace tflite {
template <unsigned int N> struct MicroMutableOpResolver {
    TfLiteStatus AddConv2D() { return kTfLiteOk; }
    TfLiteStatus AddReshape() { return kTfLiteOk; }
    TfLiteStatus AddSoftmax() { return kTfLiteOk; }
};
}
""",
    f"{MICRO}/micro_interpreter.h": """
#include <cstddef>
#include <cstdint>
#include "tensorflow/lite/schema/schema_generated.h"
struct TfLiteTensor { struct { void *data; } data; };
namespace tflite {
struct MicroMemoryPlanner {};
struct MicroAllocator {
    static MicroAllocator *Create(uint8_t *, size_t, MicroMemoryPlanner *) { return nullptr; }
};
struct MicroInterpreter {
    template <class R> MicroInterpreter(const Model *, R &, uint8_t *, size_t) {}
    template <class R> MicroInterpreter(const Model *, R &, MicroAllocator *) {}
    TfLiteStatus AllocateTensors() { return kTfLiteOk; }
    TfLiteStatus Invoke() { return kTfLiteOk; }
    TfLiteTensor *input(size_t) { return nullptr; }
    TfLiteTensor *output(size_t) { return nullptr; }
    size_t arena_used_bytes() const { return 0; }
};
}
""",
    f"{MICRO}/memory_planner/non_persistent_buffer_planner_shim.h": """
#include "tensorflow/lite/micro/micro_interpreter.h"
namespace tflite {
struct BufferDescriptor { int32_t offset; };
struct BufferPlan { int32_t buffer_count; BufferDescriptor buffer_plan_entries[1]; };
constexpr size_t SizeOfBufferPlan(int32_t count) {
    return sizeof(BufferPlan) + sizeof(BufferDescriptor) * static_cast<size_t>(count - 1);
}
struct NonPersistentMemoryPlannerShim : MicroMemoryPlanner {
    explicit NonPersistentMemoryPlannerShim(const BufferPlan *) {}
};
}
""",
}


def made(blob: bytes) -> TflmForm:
    form = tflm_form(tflite.read(blob), blob)
    assert isinstance(form, TflmForm)
    return form


@settings(max_examples=60)
@given(graphs())
def test_no_two_entries_of_a_buffer_plan_share_a_byte_while_both_are_used(graph) -> None:
    form = made(file_of(graph))
    read, facts = tflite.read(form.planned), file_facts.read(form.planned)
    _, wanted = requirements(read, facts, [p.scratch for p in prepared(read, facts, HOST)])
    placed = list(zip(form.buffer_plan.offsets, wanted, strict=True))
    for (a, one), (b, other) in combinations(placed, 2):
        in_time = one.first <= other.last and other.first <= one.last
        in_space = a < b + other.size_bytes and b < a + one.size_bytes
        assert not (in_time and in_space)
    assert max(at + r.size_bytes for at, r in placed) == form.head_bytes


@settings(max_examples=60)
@given(graphs())
def test_behind_the_plan_lies_the_same_model_without_one(graph) -> None:
    form = made(file_of(graph))
    bare = form.planned[form.buffer_plan.model_offset :]
    assert file_facts.read(bare).offline_offsets is None
    schedule = tflm_plan(tflite.read(file_of(graph)), file_facts.read(file_of(graph))).plan.schedule
    assert tflite.read(bare).ops == reordered(tflite.read(file_of(graph)), schedule).ops
    assert form.buffer_plan.model_offset % 16 == 0


@given(graphs())
@settings(max_examples=20)
def test_a_model_that_came_with_a_plan_has_no_buffer_plan_and_the_same_head(graph) -> None:
    first = made(file_of(graph))
    second = made(first.planned)
    assert second.buffer_plan is None
    assert second.head_bytes == first.head_bytes


@pytest.mark.parametrize("defined", [[], ["-DNET_USE_BUFFER_PLAN"]])
def test_the_snippet_compiles(firmware: Firmware, tmp_path: Path, defined: list[str]) -> None:
    compiler = shutil.which("c++")
    if compiler is None:
        pytest.skip("needs a C++ compiler: no c++ on this machine")
    headers = {name: "#pragma once\n" + text for name, text in RUNTIME.items()}
    for name, content in {**headers, **maker.files(replace(firmware, name="net"))}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    command = [compiler, "-std=c++17", "-Wall", "-Wextra", "-Werror", "-I.", *defined, "-fsyntax-only"]
    done = subprocess.run([*command, "infer.cc"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == ("", 0)


def test_an_operator_whose_needs_are_not_known_leaves_the_model_unplanned() -> None:
    graph = chain(3, 5, 7)
    odd = replace(graph, ops=(graph.ops[0], replace(graph.ops[1], kind=OpKind.CONV_3D)))
    answer = tflm_form(odd, file_of(graph))
    assert isinstance(answer, Unplanned)
    assert "operator 1 (CONV_3D)" in answer.why


def test_the_runtime_s_head_is_the_plan_s_and_its_arena_the_header_s(shared: Path) -> None:
    pytest.importorskip("tflite_micro", reason="needs the tflite-micro wheel (the oracle extra)")
    for name in (
        "mlperf_vww_mnv1_025_96_int8",
        "mlperf_ic_resnet8_large_int8",
        "mlperf_ad01_autoencoder_int8",
    ):
        form = made((shared / "models" / f"{name}.tflite").read_bytes())
        measured = tflm_arena.measure(form.planned)
        host = form.arenas["host"]
        assert isinstance(measured, tflm_arena.TflmArena)
        assert (measured.head_bytes, measured.tail_bytes) == (form.head_bytes, host.tail_bytes)
        assert {n: arena_of(form.planned, abi).arena_bytes for n, abi in ABIS.items()} == {
            n: arena.arena_bytes for n, arena in form.arenas.items()
        }
