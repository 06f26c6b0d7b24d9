"""The Python examples of the simulator's pages run as they stand."""

import doctest
from pathlib import Path

import pytest

from tests.oracle.single_op import model, options, quantized

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["simulator.md", "numerics.md"])
def test_the_examples_of_a_page_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ifm, ofm = quantized((1, 7), 0.5, 0), quantized((1, 7), 1 / 256, -128)
    Path("model.tflite").write_bytes(model("SOFTMAX", [ifm], ofm, options("SoftmaxOptions", beta=1.0)))
    failed, tried = doctest.testfile(str(DOCS / page), module_relative=False)
    assert tried > 0
    assert failed == 0
