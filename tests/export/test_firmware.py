"""The firmware folder's files: they compile, they hold what went in, and they are the same each time."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from export import firmware as maker
from export import golden
from export.errors import ExportError
from export.firmware import Firmware
from export.tflm_arena import Unmeasured
from export.tflm_form import Unplanned
from graph.op_kind import OpKind

STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]

MAIN = """
#include <stdio.h>
#include "buffer_plan.h"
#include "golden.h"
#include "model_config.h"
#include "model_data.h"

#define CHECK(method) + 1
#define COUNTED (0 TINY_NET_0_5_160_OPERATORS(CHECK))

static unsigned long fnv1a(const void *start, unsigned long size) {
    const unsigned char *bytes = (const unsigned char *)start;
    unsigned long hash = 2166136261UL;
    unsigned long i;
    for (i = 0; i < size; i++) hash = ((hash ^ bytes[i]) * 16777619UL) & 0xffffffffUL;
    return hash;
}

int main(void) {
    static const int shape[TINY_NET_0_5_160_INPUT_RANK] = TINY_NET_0_5_160_INPUT_SHAPE;
    tiny_net_0_5_160_input_t lowest = TINY_NET_0_5_160_OUTPUT_ZERO_POINT;
    printf("%lu\\n", fnv1a(tiny_net_0_5_160_data, sizeof tiny_net_0_5_160_data));
    printf("%lu\\n", fnv1a(tiny_net_0_5_160_golden_input, sizeof tiny_net_0_5_160_golden_input));
    printf("%lu\\n", fnv1a(tiny_net_0_5_160_golden_output, sizeof tiny_net_0_5_160_golden_output));
    printf("%lu\\n", fnv1a(tiny_net_0_5_160_pixel_to_input, sizeof tiny_net_0_5_160_pixel_to_input));
    printf("%d %d %d %d\\n", (int)((uintptr_t)tiny_net_0_5_160_data % 16), shape[2], (int)lowest, COUNTED);
    printf("%d %d\\n", TINY_NET_0_5_160_TFLM_ARENA_BYTES, TINY_NET_0_5_160_ARENA_BYTES);
    printf("%d %d\\n", (int)tiny_net_0_5_160_buffer_plan.buffer_count,
           (int)tiny_net_0_5_160_buffer_plan.buffer_plan_entries[3].offset);
    printf("%d\\n", (int)(TINY_NET_0_5_160_INPUT_SCALE * 1000000.0f));
    return 0;
}
"""


def fnv1a(content: bytes) -> int:
    hashed = 2166136261
    for byte in content:
        hashed = ((hashed ^ byte) * 16777619) & 0xFFFFFFFF
    return hashed


def compiler(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"needs a compiler: no {name} on this machine")
    return found


def written(folder: Path, firmware: Firmware) -> dict[str, bytes]:
    made = maker.files(firmware)
    for name, content in made.items():
        (folder / name).write_bytes(content)
    return made


def test_sources_compile_as_strict_c99_and_hold_the_very_bytes(tmp_path: Path, firmware: Firmware) -> None:
    made = written(tmp_path, firmware)
    (tmp_path / "main.c").write_text(MAIN)
    sources = sorted(name for name in [*made, "main.c"] if name.endswith(".c"))
    command = [compiler("cc"), *STRICT, *sources, "-o", "main"]
    built = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (built.stderr, built.returncode) == ("", 0)
    printed = subprocess.run([str(tmp_path / "main")], capture_output=True, text=True, check=True).stdout
    table = firmware.pixels.table(golden.input_tensor(firmware.graph))
    assert [
        str(fnv1a(firmware.form.planned)),
        str(fnv1a(firmware.vectors.inputs.tobytes())),
        str(fnv1a(firmware.vectors.outputs[0].tobytes())),
        str(fnv1a(table.tobytes())),
        "0 7 -128 3",
        f"3072 {firmware.plan.arena_bytes}",
        "4 256",
        "7874",
    ] == printed.splitlines()


@pytest.mark.parametrize("header", ["buffer_plan.h", "golden.h", "infer.h", "model_config.h", "model_data.h"])
def test_each_header_stands_alone_twice_over_in_c_and_cplusplus(
    tmp_path: Path, firmware: Firmware, header: str
) -> None:
    written(tmp_path, firmware)
    twice = f'#include "{header}"\n#include "{header}"\n'
    for name, suffix, standard in (("cc", "c", "-std=c99"), ("c++", "cc", "-std=c++11")):
        (tmp_path / f"twice.{suffix}").write_text(twice + "int one(void);\nint one(void) { return 1; }\n")
        command = [compiler(name), standard, *STRICT[1:], "-fsyntax-only", f"twice.{suffix}"]
        checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (checked.stderr, checked.returncode) == ("", 0)


@pytest.mark.parametrize("header", ["buffer_plan.h", "golden.h", "infer.h", "model_config.h", "model_data.h"])
def test_a_header_declares_once_however_often_it_is_included(
    tmp_path: Path, firmware: Firmware, header: str
) -> None:
    written(tmp_path, firmware)
    declared = []
    for times in (1, 2):
        (tmp_path / "some.c").write_text(f'#include "{header}"\n' * times)
        command = [compiler("cc"), "-E", "-P", "some.c"]
        seen = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        declared.append(seen.count("tiny_net_0_5_160_"))
    assert declared[0] == declared[1] > 0


def test_the_model_is_declared_with_the_alignment_that_the_header_tells(
    tmp_path: Path, firmware: Firmware
) -> None:
    written(tmp_path, firmware)
    told = "TINY_NET_0_5_160_DATA_ALIGNMENT_BYTES"
    claim = f"int claim[__alignof__(tiny_net_0_5_160_data) == {told} ? 1 : -1];"
    (tmp_path / "claim.c").write_text(f'#include "model_data.c"\n{claim}\n')
    command = [compiler("cc"), "-std=c99", "-fsyntax-only", "claim.c"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == ("", 0)


def test_two_exports_are_the_same_bytes(firmware: Firmware, tiny, npu6m) -> None:
    again = replace(firmware, vectors=golden.make(tiny, lambda x: [x.reshape(len(x), -1)[:, 69::-1].copy()]))
    assert maker.files(firmware) == maker.files(again)


def test_no_line_of_c_is_longer_than_a_screen(firmware: Firmware) -> None:
    made = maker.files(firmware)
    lines = [line for name in made if name[-2:] in (".c", ".h") for line in made[name].decode().splitlines()]
    assert [line for line in lines if len(line) > 120] == []


def test_the_manifest_holds_the_hash_of_every_other_file(firmware: Firmware) -> None:
    made = maker.files(firmware)
    manifest = json.loads(made.pop("manifest.json"))
    expected = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
        for name, content in made.items()
    }
    assert expected == manifest["files"]
    assert hashlib.sha256(firmware.blob).hexdigest() == manifest["model"]["sha256"]
    assert firmware.blob == made["model.tflite"]


def test_the_manifest_names_chip_plan_oracle_calibration_and_pixels(firmware: Firmware) -> None:
    manifest = json.loads(maker.files(firmware)["manifest.json"])
    assert manifest["chip"] == {
        "name": "npu6m",
        "budget_bytes": 6 * 1024 * 1024,
        "required_bytes": 2 * 3 + 5 + firmware.plan.arena_bytes,
        "required_basis": "constants + quantization parameters + state + arena",
        "fits": True,
    }
    assert firmware.plan.arena_bytes == manifest["plan"]["arena_bytes"]
    assert list(firmware.plan.offsets) == [b["offset"] for b in manifest["plan"]["buffers"]]
    assert manifest["oracles"] == [{"oracle": "tflm", "bytes_compared": 10, "bytes_different": 0}]
    assert manifest["calibration"] == {"sha256": "ab" * 32}
    assert (manifest["pixels"]["scale"], manifest["pixels"]["offset"]) == ("2/255", "-1")
    assert manifest["tflm"] == {
        "version": "1.2.3",
        "arena_bytes": 4096,
        "head_bytes": 3072,
        "tail_bytes": 1024,
    }
    assert manifest["tflm_not_measured_because"] is None


def test_golden_json_holds_the_vectors_bytes(firmware: Firmware) -> None:
    read = json.loads(maker.files(firmware)["golden.json"])
    assert len(read["vectors"]) == 8
    for n, vector in enumerate(read["vectors"]):
        for expected, values in (
            (firmware.vectors.inputs[n], vector["input"]),
            (firmware.vectors.outputs[0][n], vector["outputs"][0]),
        ):
            content = base64.b64decode(values["base64"])
            assert expected.tobytes() == content
            assert hashlib.sha256(content).hexdigest() == values["sha256"]
    assert read["numerics"] == "tflm"


def test_without_the_runtime_the_arena_macros_are_left_out_and_the_manifest_says_why(
    firmware: Firmware,
) -> None:
    made = maker.files(replace(firmware, form=Unplanned("no"), tflm=Unmeasured("no wheel here")))
    header, manifest = made["model_config.h"].decode(), json.loads(made["manifest.json"])
    assert re.findall(r"#define \w*TFLM\w*", header) == []
    assert "no wheel here" in header
    assert (manifest["tflm"], manifest["tflm_not_measured_because"]) == (None, "no wheel here")


def test_without_a_plan_the_model_is_linked_as_it_came_in_the_arena_that_was_measured(
    firmware: Firmware,
) -> None:
    made = maker.files(replace(firmware, form=Unplanned("an operator of its own")))
    manifest = json.loads(made["manifest.json"])
    assert {"planned.tflite", "buffer_plan.c", "buffer_plan.h"}.isdisjoint(made)
    assert "#define TINY_NET_0_5_160_TFLM_HOST_ARENA_BYTES 4096" in made["model_config.h"].decode()
    assert f"#define TINY_NET_0_5_160_DATA_BYTES {len(firmware.blob)}" in made["model_data.h"].decode()
    assert "BufferPlan" not in made["infer.cc"].decode()
    assert manifest["tflm_plan"] is None
    assert manifest["tflm_plan_not_made_because"] == "an operator of its own"


def test_without_a_pixel_rule_there_is_no_table(firmware: Firmware) -> None:
    made = maker.files(replace(firmware, pixels=None))
    assert "model_config.c" not in made
    assert "#define TINY_NET_0_5_160_HAS_PIXEL_TABLE 0" in made["model_config.h"].decode()
    assert json.loads(made["manifest.json"])["pixels"] is None


def test_a_tensor_name_cannot_end_the_comment_that_it_stands_in(firmware: Firmware) -> None:
    header = maker.files(firmware)["model_config.h"].decode()
    assert 'Input "image * / ?"' in header
    assert header.count("/*") == header.count("*/")


def test_an_operator_that_the_runtime_lacks_is_refused_by_name(firmware: Firmware) -> None:
    graph = firmware.graph
    odd = replace(graph, ops=(*graph.ops[:2], replace(graph.ops[2], kind=OpKind.CONV_3D)))
    with pytest.raises(ExportError, match=r"operator 2 \(CONV_3D\)"):
        maker.files(replace(firmware, graph=odd))


def test_several_outputs_get_numbered_macros_and_arrays(firmware: Firmware) -> None:
    graph = replace(firmware.graph, outputs=(4, 2))
    vectors = golden.make(graph, lambda x: [x.reshape(len(x), -1)[:, :70]] * 2)
    made = maker.files(replace(firmware, graph=graph, vectors=vectors))
    assert "#define TINY_NET_0_5_160_OUTPUT_1_HEIGHT 5" in made["model_config.h"].decode()
    assert "tiny_net_0_5_160_golden_output_1" in made["golden.c"].decode()
    assert np.array_equal(vectors.outputs[0], vectors.outputs[1])
