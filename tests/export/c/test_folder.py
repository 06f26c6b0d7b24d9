"""The folder of the emitted C: it compiles without a warning, passes its own check, is the same each time."""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import sixmeg
from benchmarks import check_c
from export.c import folder as c_folder
from export.c.network import network
from export.c.operators import EMITTERS, SHAPES
from graph.attrs import Padding
from graph.op_kind import OpKind
from graph.types import Graph
from memory_planner import plan
from memory_planner.streamed import streamed_plan
from memory_planner.types import Plan
from tests.export.c.folders import NPU6M, firmware, written
from tests.networks import Builder

STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wcast-qual", "-Werror"]
X86 = ["-march=x86-64", "-march=x86-64-v3", "-march=icelake-server"] if platform.machine() == "x86_64" else []
COMPILERS = {
    "gcc": X86 or [""],
    "clang": X86 or [""],
    "arm-none-eabi-gcc": [
        "-mcpu=cortex-m55 -mthumb -mfloat-abi=hard",
        "-mcpu=cortex-m7 -mthumb",
        "-mcpu=cortex-m0plus -mthumb",
    ],
    "riscv64-unknown-elf-gcc": ["-march=rv64gc -mabi=lp64d --specs=picolibc.specs"],
}
FOUND = [
    (compiler, flags) for compiler in COMPILERS if shutil.which(compiler) for flags in COMPILERS[compiler]
]
INTRINSICS = ["arm_acle.h", "arm_mve.h", "immintrin.h"]
SOURCES = ["net.c", "net_weights.c", "kernels.c", "golden.c", "main_check.c"]
VWW = Path(__file__).resolve().parents[4] / "shared" / "models" / "mlperf_vww_mnv1_025_96_int8.tflite"


def network_of_all() -> Graph:
    """A little of every operator that pictures meet."""
    made = Builder((1, 11, 8, 3), 3)
    at = made.layer(made.input, (3, 3), 8, Padding.SAME, (2, 2))
    kept = at = made.layer(at, (3, 3), 0, Padding.SAME, (1, 1), 2)
    at = made.pool(at, OpKind.MAX_POOL_2D, 3, Padding.SAME, 1)
    at = made.add(at, kept)
    at = made.unary(at, OpKind.RELU)
    at = made.concatenate(at, kept)
    at = made.pad(at, (1, 0), (0, 2))
    at = made.resize(at, OpKind.RESIZE_BILINEAR, (9, 13))
    at = made.resize(at, OpKind.RESIZE_NEAREST_NEIGHBOR, (18, 26))
    at = made.pool(at, OpKind.AVERAGE_POOL_2D, 2, Padding.VALID, 2)
    return made.graph(made.mean(made.layer(at, (1, 1), 5, Padding.SAME, (1, 1))))


def plans() -> dict[str, Plan]:
    graph = network_of_all()
    return {
        "whole": plan(graph, NPU6M),
        "overlapped": streamed_plan(graph, graph.ops, 16, budget_bytes=10**6),
        "streamed": streamed_plan(graph, graph.ops, 1),
        "by rows": streamed_plan(graph, graph.ops, 16, frozenset(graph.inputs)),
    }


@pytest.fixture(scope="module", params=["whole", "overlapped", "streamed", "by rows"])
def folder(request, tmp_path_factory) -> Path:
    graph = network_of_all()
    return written(graph, plans()[request.param], tmp_path_factory.mktemp("c") / "net", count=6)


@pytest.mark.parametrize(("compiler", "flags"), FOUND)
def test_it_compiles_without_a_warning(folder, compiler, flags, tmp_path):
    for source in SOURCES:
        command = [compiler, *flags.split(), *STRICT, "-O2", "-c", source, "-o", str(tmp_path / "o.o")]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize("path", check_c.PATHS.values())
def test_its_golden_vectors_pass_under_sanitizers(folder, path, tmp_path):
    program = tmp_path / "check"
    sanitized = [*path.split(), "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    subprocess.run(["gcc", "-std=c99", *sanitized, *SOURCES, "-o", str(program)], cwd=folder, check=True)
    done = subprocess.run([str(program)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "PASS: 0 of 6 vectors differ"), done.stderr


def test_one_changed_weight_fails_the_check(folder, tmp_path):
    changed = tmp_path / "net"
    shutil.copytree(folder, changed)
    weights = (changed / "net_weights.c").read_text()
    bias = re.search(r"net_bias_0\[8\] = \{\n    (-?\d+),", weights)
    assert bias
    text = weights[: bias.start(1)] + str(int(bias[1]) + 10**6) + weights[bias.end(1) :]
    (changed / "net_weights.c").write_text(text)
    done = subprocess.run(["make", "-s", "check"], cwd=changed, capture_output=True, text=True, check=False)
    assert (done.returncode, "FAIL" in done.stdout) == (2, True)


def test_nothing_but_the_standard_headers_and_the_compilers_own_is_included(folder):
    text = "".join((folder / name).read_text() for name in SOURCES[:3])
    assert set(re.findall(r"#include <(.*)>", text)) <= {"stdint.h", "stddef.h", "string.h", *INTRINSICS}
    assert not re.search(r"\b(malloc|float|double)\b", re.sub(r"/\*.*?\*/", "", text, flags=re.S))


def test_only_kernels_that_are_used_are_there(tmp_path):
    made = Builder((1, 4, 4, 3), 1)
    graph = made.graph(made.layer(made.input, (1, 1), 2, Padding.SAME, (1, 1)))
    text = (written(graph, plan(graph, NPU6M), tmp_path / "net") / "kernels.h").read_text()
    assert re.findall(r"void (net_\w+)", text) == ["net_conv_2d"]


def test_constants_are_weights_biases_and_one_multiplier_and_shift_a_channel():
    made = Builder((1, 4, 4, 3), 1)
    graph = made.graph(made.layer(made.input, (3, 3), 7, Padding.SAME, (1, 1)))
    assert network(graph, plan(graph, NPU6M)).constant_bytes == 7 * 3 * 3 * 3 + 7 * (4 + 4 + 1)


def test_two_inferences_row_by_row_in_turn_do_not_meet(tmp_path):
    folder = written(network_of_all(), plans()["by rows"], tmp_path / "net", count=6)
    main = tmp_path / "main.c"
    main.write_text(
        """
        #include "net.h"
        #include "golden.h"
        #include <string.h>
        static int32_t arenas[2][NET_ARENA_BYTES / 4 + 16];
        int main(void) {
            net_stream s[2];
            net_output_t out[2][NET_OUTPUT_ELEMENTS];
            for (int n = 0; n < 2; n++) net_begin(&s[n], arenas[n]);
            for (int y = 0; y < NET_INPUT_ROWS; y++)
                for (int n = 0; n < 2; n++) net_row(&s[n], net_golden_input[4 + n] + y * NET_INPUT_ROW_BYTES);
            for (int n = 0; n < 2; n++) {
                if (net_end(&s[n], out[n]) != 1) return 1;
                if (memcmp(out[n], net_golden_output[4 + n], sizeof out[n])) return 1;
            }
            net_begin(&s[0], arenas[0]);
            return net_end(&s[0], out[0]);
        }"""
    )
    program = tmp_path / "two"
    sources = [str(main), *SOURCES[:4]]
    subprocess.run(["gcc", "-I.", *sources, "-o", str(program)], cwd=folder, check=True)
    assert subprocess.run([str(program)], check=False).returncode == 0


def test_two_exports_are_the_same_bytes():
    graph = network_of_all()
    one, other = (c_folder.files(firmware(graph, plans()["by rows"])) for _ in range(2))
    assert one == other


PAGE = (Path(__file__).resolve().parents[3] / "docs" / "firmware-c.md").read_text()


def test_the_page_lists_the_files_and_the_operators():
    files = written_files()
    listed = PAGE[PAGE.index("| file | holds |") : PAGE.index("## Calls")]
    names = [
        name for row in re.findall(r"^\| (`.*?) \|", listed, re.M) for name in re.findall(r"`(.*?)`", row)
    ]
    assert sorted(names) == sorted(files)
    for kind in {*EMITTERS, *SHAPES}:
        assert re.search(rf"\b{kind.value}\b", PAGE), kind


def test_each_name_of_the_page_is_in_the_header():
    header = written_files()["net.h"].decode()
    named = {
        *re.findall(r"\bnet_(?:begin|row|end|invoke|invoke_in)\(", PAGE),
        *re.findall(r"NET_(?:ARENA|CONSTANT|INPUT_ROW)\w*", PAGE),
    }
    assert len(named) > 8
    assert [name for name in sorted(named) if name not in header] == []


def written_files() -> dict[str, bytes]:
    return c_folder.files(firmware(network_of_all(), plans()["by rows"]))


def run(capsys, *arguments) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        sixmeg.main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


needs_vww = pytest.mark.skipif(not VWW.is_file(), reason="needs ../shared/models")


@needs_vww
@pytest.mark.parametrize("options", [(), ("--input", "streamed"), ("--minimize", "latency")])
def test_vww_has_tflite_micros_bits(options, tmp_path, capsys):
    pytest.importorskip("tflite_micro", reason="needs the oracle extra")
    net = tmp_path / "net"
    assert run(capsys, "export", VWW, "--target", "c", "--name", "net", *options, "-o", net)[0] == 0
    code, out, _ = run(
        capsys, "compare", VWW, "--between", f"c:{net}", "oracle:tflm", "--samples", 3, "--json"
    )
    answer = json.loads(out)
    assert (code, answer["bytes_different"], answer["not_compared"]) == (0, 0, [])


@needs_vww
def test_a_folder_of_another_model_is_refused(folder, capsys):
    code, _, err = run(capsys, "compare", VWW, "--between", f"c:{folder}", "tflm")
    assert (code, "made of another model" in err) == (2, True)


@needs_vww
def test_a_folder_that_is_none_is_refused(tmp_path, capsys):
    code, _, err = run(capsys, "compare", VWW, "--between", f"c:{tmp_path}", "tflm")
    assert (code, err.count("\n"), "sixmeg export --target c" in err) == (2, 1, True)


@needs_vww
def test_streamed_rows_are_for_c_alone(tmp_path, capsys):
    code, _, err = run(capsys, "export", VWW, "--input", "streamed", "-o", tmp_path / "net")
    assert (code, "--target c" in err) == (2, True)


@pytest.mark.skipif(not VWW.is_file(), reason="needs ../shared/models")
@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("coral_mobilenet_v1_0.25_128_quant_uint8", "uint8"),
        ("tflm_mnist_lstm_int8", "UNIDIRECTIONAL_SEQUENCE_LSTM"),
    ],
)
def test_what_the_c_lacks_is_refused_at_export(model, said, tmp_path, capsys):
    path = VWW.with_name(f"{model}.tflite")
    code, _, err = run(capsys, "export", path, "--target", "c", "-o", tmp_path / "net")
    assert (code, err.count("\n"), said in err, (tmp_path / "net").exists()) == (2, 1, True, False)
