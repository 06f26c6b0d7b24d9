"""The ONNX file: checked, of any batch, the same bytes twice, and as good as Keras in float."""

import json

import numpy as np
import onnx
import pytest
from click.testing import CliRunner

from quantize import cli, onnx_export
from quantize.errors import QuantizeError


@pytest.fixture(scope="module")
def exported(float_model, colours):
    return onnx_export.export(float_model, colours, samples=6)


def test_it_differs_from_keras_by_float_rounding_only(exported):
    assert exported.record["samples"] == 6
    assert 0 <= exported.record["max_abs_difference"] < 1e-5
    assert exported.record["agreement"] == 1.0


def test_it_is_of_any_batch_with_names_that_say_what_they_are(exported):
    graph = onnx.load_from_string(exported.blob).graph
    assert [value.name for value in (*graph.input, *graph.output)] == ["picture", "probabilities"]
    for count in (1, 3):
        out = onnx_export.run(exported.blob, np.zeros((count, 32, 32, 3), np.float32))
        assert out.shape == (count, 3)


def test_the_command_gives_the_same_bytes_again_and_its_record(exported, float_model, folder, tmp_path):
    words = [str(float_model), "--data", str(folder), "--samples", "6", "-o", str(tmp_path / "float.onnx")]
    ran = CliRunner().invoke(cli.onnx, words, catch_exceptions=False)
    assert ran.exit_code == 0
    assert (tmp_path / "float.onnx").read_bytes() == exported.blob
    assert json.loads((tmp_path / "onnx.json").read_text()) == exported.record


def test_a_difference_would_be_seen(monkeypatch, float_model, colours):
    """The comparison can fail: an ONNX model that answers otherwise shows in the record."""
    monkeypatch.setattr(
        onnx_export, "run", lambda blob, inputs: np.eye(3, dtype=np.float32)[[2] * len(inputs)]
    )
    record = onnx_export.export(float_model, colours, samples=6).record
    assert record["max_abs_difference"] > 0.1


def test_what_the_checker_refuses_is_an_error_of_one_line(monkeypatch, float_model, colours):
    def refuse(proto, full_check):
        raise onnx.checker.ValidationError("no such\noperator")

    monkeypatch.setattr(onnx.checker, "check_model", refuse)
    with pytest.raises(QuantizeError, match=r"cannot be written as ONNX .no such operator.") as caught:
        onnx_export.export(float_model, colours)
    assert "\n" not in str(caught.value)
