"""Whole networks as ONNX: the integer form to the bit, the QDQ form measured, both the same each time."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

pytest.importorskip("onnx", reason="needs the onnx extra")
pytest.importorskip("onnxruntime", reason="needs the onnx extra")

import onnx

import sixmeg
from export import golden
from export.onnx import folder, forms
from export.onnx.forms import Form
from firmware_sim.program import prepare
from firmware_sim.run import run_batch
from graph import tflite
from graph.attrs import Padding
from graph.types import Graph
from memory_planner import plan
from tests.export.c.folders import NPU6M, firmware
from tests.networks import Builder, networks

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "onnx.md").read_text()
REAL = (
    *("mlperf_vww_mnv1_025_96_int8", "mlperf_ic_resnet8_large_int8", "mlperf_ad01_autoencoder_int8"),
    *("tinymaix_mbnet128_0.25_q", "tflm_person_detect_mnv1_025_96_int8", "tflm_micro_speech_int8"),
)
LARGE = (
    *("mobilenet_v1_1.0_224_imagenet1001_ptq_int8", "nxp_yolo_face_detect"),
    *("coral_mobilenet_v1_0.5_160_quant_uint8", "coral_mobilenet_v2_1.0_224_quant_uint8"),
)


def simulated(graph: Graph, inputs: np.ndarray) -> tuple[np.ndarray, ...]:
    return run_batch(prepare(graph, plan(graph, NPU6M)), inputs, progress=False)


def measured(graph: Graph, form: Form, count: int) -> list[forms.Difference]:
    vectors = golden.make(graph, lambda batch: simulated(graph, batch), count=count)
    blob = forms.to_onnx(graph, form, "")
    return forms.differences(graph, blob, vectors.inputs, vectors.outputs)


@settings(max_examples=40)
@given(networks())
def test_the_integer_form_has_the_simulators_bits(network) -> None:
    graph, picture = network
    made = forms.run(forms.to_onnx(graph, Form.INTEGER, ""), picture[None])
    for expected, actual in zip(simulated(graph, picture), made, strict=True):
        assert expected.tolist() == actual[0].reshape(expected.shape).tolist()


@settings(max_examples=10)
@given(networks(max_ops=5))
def test_equal_graphs_give_equal_bytes(network) -> None:
    for form in Form:
        assert forms.to_onnx(network[0], form, "ab") == forms.to_onnx(network[0], form, "ab")


@pytest.mark.parametrize("name", REAL)
def test_a_real_model_s_integer_form_differs_in_no_byte(name: str, shared: Path) -> None:
    graph = tflite.read_file(shared / "models" / f"{name}.tflite")
    assert [one.bytes_different for one in measured(graph, Form.INTEGER, 8)] == [0] * len(graph.outputs)


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_a_large_model_s_integer_form_differs_in_no_byte(name: str, shared: Path) -> None:
    graph = tflite.read_file(shared / "models" / f"{name}.tflite")
    assert [one.bytes_different for one in measured(graph, Form.INTEGER, 10)] == [0] * len(graph.outputs)


def small() -> Graph:
    made = Builder((1, 6, 5, 3), 2)
    at = made.layer(made.input, (3, 3), 4, Padding.SAME, (2, 1))
    return made.graph(made.mean(made.layer(at, (1, 1), 5, Padding.SAME, (1, 1))), at)


@pytest.mark.parametrize("form", list(Form))
def test_the_border_is_the_graph_s(form: Form) -> None:
    graph = small()
    model = onnx.load_from_string(forms.to_onnx(graph, form, "abc"))
    border = [
        (v.name, v.type.tensor_type.elem_type, [d.dim_value for d in v.type.tensor_type.shape.dim])
        for v in (*model.graph.input, *model.graph.output)
    ]
    tensors = [graph.tensors[i] for i in (*graph.inputs, *graph.outputs)]
    assert border == [(t.name, onnx.TensorProto.INT8, list(t.shape)) for t in tensors]
    props = {p.key: p.value for p in model.metadata_props}
    assert props == {"sixmeg.form": form.value, "sixmeg.model_sha256": "abc"}


def test_a_picture_becomes_planes_once_and_comes_back_where_it_leaves() -> None:
    model = onnx.load_from_string(forms.to_onnx(small(), Form.QDQ, ""))
    turned = [list(n.attribute[0].ints) for n in model.graph.node if n.op_type == "Transpose"]
    assert turned == [[0, 3, 1, 2], [0, 2, 3, 1]]


def test_weights_of_the_qdq_form_have_a_scale_for_each_channel_and_bias_is_int32() -> None:
    model = onnx.load_from_string(forms.to_onnx(small(), Form.QDQ, ""))
    types = {i.name: i.data_type for i in model.graph.initializer}
    biases = [n for n in model.graph.node if n.op_type == "DequantizeLinear" and n.input[0] in types]
    assert {types[n.input[0]] for n in biases} == {onnx.TensorProto.INT8, onnx.TensorProto.INT32}


def test_the_folder_says_how_often_it_differs() -> None:
    graph = small()
    made, said = folder.files(firmware(graph, plan(graph, NPU6M), count=6), "qdq")
    told = json.loads(made["manifest.json"])["onnx"]
    assert sorted(made) == ["golden.json", "manifest.json", "model.onnx", "model.tflite"]
    assert (told["form"], told["same_bits"], len(told["outputs"])) == ("qdq", False, 2)
    for one, line in zip(told["outputs"], said, strict=True):
        assert f"{one['bytes_different']:,} of {one['bytes_compared']:,} bytes" in line
        assert one["share_different"] == one["bytes_different"] / one["bytes_compared"]


def test_two_folders_are_the_same_bytes() -> None:
    graph = small()
    one, other = (folder.files(firmware(graph, plan(graph, NPU6M)), "integer") for _ in range(2))
    assert one == other


def test_an_integer_form_with_other_bits_is_not_handed_over(monkeypatch) -> None:
    graph = small()
    run = forms.run
    monkeypatch.setattr(forms, "run", lambda *a: [values ^ 1 for values in run(*a)])
    with pytest.raises(folder.NotExactError) as refused:
        folder.files(firmware(graph, plan(graph, NPU6M)), "integer")
    assert refused.value.exit_code == 4


def run(capsys, *arguments) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        sixmeg.main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


@pytest.fixture
def vww(shared: Path) -> Path:
    return shared / "models" / "mlperf_vww_mnv1_025_96_int8.tflite"


@pytest.mark.parametrize("form", list(Form))
def test_a_folder_verifies(vww: Path, tmp_path: Path, capsys, form: Form) -> None:
    asked = ["--target", "onnx", "--form", form, "--samples", 4, "-o", tmp_path / "net"]
    code, said, _ = run(capsys, "export", vww, *asked)
    assert (code, f"{form.value} by onnxruntime" in said) == (0, True)
    code, out, _ = run(capsys, "verify", tmp_path / "net")
    assert (code, ("no bits were promised" in out)) == (0, form is Form.QDQ)


def test_a_file_alone_is_the_folder_s_model(vww: Path, tmp_path: Path, capsys) -> None:
    for output in ("net", "net.onnx"):
        assert run(capsys, "export", vww, "--target", "onnx", "--samples", 2, "-o", tmp_path / output)[0] == 0
    assert (tmp_path / "net.onnx").read_bytes() == (tmp_path / "net" / "model.onnx").read_bytes()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--form", "qdq", "-o", "net"], "--target onnx"),
        (["-o", "net.onnx"], "--target onnx"),
        (["--target", "onnx", "--sign", "key.pem", "-o", "net.onnx"], "no manifest to sign"),
        (["--target", "onnx", "-o", "file"], "is a file"),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_2(vww, tmp_path, capsys, monkeypatch, options, said) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    code, _, err = run(capsys, "export", vww, *options)
    assert (code, err.count("\n"), said in err) == (2, 1, True)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_an_operator_without_a_form_is_refused(shared: Path, tmp_path: Path, capsys) -> None:
    model = shared / "models" / "tflm_mnist_lstm_int8.tflite"
    code, _, err = run(capsys, "export", model, "--target", "onnx", "-o", tmp_path / "net")
    assert (code, err.count("\n"), "UNIDIRECTIONAL_SEQUENCE_LSTM" in err) == (2, 1, True)
    assert not (tmp_path / "net").exists()


def test_each_operator_of_the_forms_is_listed() -> None:
    for kind in {kind for form in Form for kind in forms.WRITERS[form]}:
        assert re.search(rf"\b{kind.value}\b", PAGE), kind
