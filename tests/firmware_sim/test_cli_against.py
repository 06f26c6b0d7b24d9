"""`sixmeg compare --against` and `sixmeg simulate --dump`, on MLPerf Tiny's VWW."""

import json

import numpy as np
import pytest

import sixmeg
from benchmarks.firmware import Firmware, dump, once
from firmware_sim import dumps
from graph import tflite

MODEL = "mlperf_vww_mnv1_025_96_int8.tflite"


def says(capsys, *arguments):
    with pytest.raises(SystemExit) as stopped:
        sixmeg.main([str(a) for a in arguments])
    said = capsys.readouterr()
    return stopped.value.code, said.out, said.err


@pytest.fixture(scope="module")
def model(shared):
    return shared / "models" / MODEL


@pytest.fixture(scope="module")
def graph(model):
    return tflite.read_file(model)


@pytest.fixture(scope="module")
def image(graph):
    return np.random.default_rng(3).integers(-128, 128, graph.tensors[graph.inputs[0]].shape).astype(np.int8)


@pytest.fixture
def x(tmp_path, image):
    np.save(tmp_path / "x.npy", image)
    return tmp_path / "x.npy"


@pytest.mark.parametrize("name", ["dump", "dump.log"])
def test_what_simulate_dumps_is_equal(model, graph, x, tmp_path, capsys, name):
    code, said, _ = says(capsys, "simulate", model, "--input", x, "--dump", tmp_path / name)
    assert (code, said.strip().endswith("32 tensors, numerics tflm")) == (0, True)
    code, said, _ = says(capsys, "compare", model, "--against", tmp_path / name, "--input", x)
    written = sum(
        graph.tensors[i].size_bytes for i in {*graph.inputs, *(i for op in graph.ops for i in op.outputs)}
    )
    assert (code, said) == (0, f"equal: 0 of {written:,} bytes of 32 dumped tensors differ\n")


def test_what_simulate_dumps_under_xnnpack_is_equal_under_xnnpack(model, x, tmp_path, capsys):
    asked = ("--input", x, "--numerics", "xnnpack")
    says(capsys, "simulate", model, *asked, "--dump", tmp_path / "d")
    code, said, _ = says(capsys, "compare", model, "--against", tmp_path / "d", *asked)
    assert (code, said.startswith("equal: 0 of 259,716 bytes")) == (0, True)


@pytest.mark.parametrize(
    ("causes", "op", "wrong", "words"),
    [
        (
            "single_rounding float_requantization",
            14,
            Firmware(scale=once),
            "single rounding instead of double (ties up)",
        ),
        ("padding_on_the_wrong_side", 23, Firmware(odd_row_first=True), "padding on the wrong side"),
        (
            "weights_transposed",
            24,
            Firmware(weights=lambda w: w.reshape(128, 1, 1, 256).transpose(3, 1, 2, 0)),
            "as",
        ),
        ("padding_with_zero", 21, Firmware(padding=0), "padding with 0, not with the zero point"),
        ("input_zero_point_left_out", 18, Firmware(ifm_zero_point=0), "input zero point left out"),
        ("saturation_missing", 29, Firmware(wraps=True), ""),
    ],
)
def test_a_cause_planted_in_a_real_model_is_named(
    model, graph, image, tmp_path, capsys, causes, op, wrong, words
):
    dumps.write(tmp_path / "d", graph, dump(graph, (image,), {op: wrong}))
    code, said, _ = says(capsys, "compare", model, "--against", tmp_path / "d", "-o", tmp_path / "a.json")
    answer = json.loads((tmp_path / "a.json").read_text())
    assert code == 4
    assert said.startswith("bits differ") and f"(operator {op})" in said and said.count("\n") == 1
    assert answer["blamed"] == [op]
    assert [c["cause"] for c in answer["localized"]["causes"] if c["exact"]] == causes.split()
    assert words in answer["localized"]["causes"][0]["says"]
    assert answer["first_difference"]["op"] == answer["localized"]["op"] == op
    assert sum(t["bytes_different"] for t in answer["tensors"]) == answer["localized"]["different"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--against", "nowhere"], "nowhere: No such file or directory; give a folder of tensors or a log"),
        (["--against", ".", "--oracle", "tflm"], "--against compares one dump; leave out --oracle"),
        (["--against", ".", "--samples", "3"], "leave out --samples"),
        (["--against", "."], "no .bin and no .npy in it"),
        (["--against", "alone"], "alone: nothing in it can be compared"),
        (
            ["--against", "alone", "--input", "two.npy"],
            "two.npy: 2 samples; give the one that the firmware ran",
        ),
    ],
)
def test_what_cannot_be_compared_is_one_line_and_2(
    model, graph, image, tmp_path, capsys, monkeypatch, arguments, said
):
    monkeypatch.chdir(tmp_path)
    np.save("two.npy", np.repeat(image, 2, axis=0))
    last = graph.ops[20].outputs[0]
    dumps.write("alone", graph, {last: np.zeros(graph.tensors[last].shape, np.int8)})
    (tmp_path / "two.npy").rename(tmp_path / "alone" / "two.npy.txt")
    (tmp_path / "alone" / "two.npy.txt").rename(tmp_path / "two.npy")
    if arguments == ["--against", "."]:
        (tmp_path / "two.npy").unlink()
    code, out, error = says(capsys, "compare", model, *arguments)
    assert (code, out, error.count("\n")) == (2, "", 1)
    assert said in error


def test_simulate_needs_something_to_write(model, x, capsys):
    code, _, error = says(capsys, "simulate", model, "--input", x)
    assert (code, "give --output, --dump or both" in error) == (2, True)


def test_a_dump_is_of_one_sample(model, image, tmp_path, capsys):
    np.save(tmp_path / "x.npy", np.repeat(image, 2, axis=0))
    code, _, error = says(capsys, "simulate", model, "--input", tmp_path / "x.npy", "--dump", tmp_path / "d")
    assert (code, "the model takes int8 [1, 96, 96, 3]" in error) == (2, True)
    assert not (tmp_path / "d").exists()


def test_simulate_names_operators_in_floating_point_on_stderr(tmp_path, capsys):
    single_op = pytest.importorskip("tests.oracle.single_op", reason="needs the oracle extra")
    weights = single_op.constant(np.eye(3), "float32")
    asked = single_op.options("FullyConnectedOptions")
    rows = single_op.Spec((1, 3), "float32")
    blob = single_op.model("FULLY_CONNECTED", [rows, weights], single_op.Spec((1, 3), "float32"), asked)
    model, x, y = (tmp_path / name for name in ("m.tflite", "x.npy", "y.npy"))
    model.write_bytes(blob)
    np.save(x, np.ones((1, 3), np.float32))
    code, _, error = says(capsys, "simulate", model, "--input", x, "--output", y)
    told = "1 operator computes in floating point, which no int8 chip runs: 0 (FULLY_CONNECTED)"
    assert (code, error) == (0, f"sixmeg: {told}\n")
