"""docs/quantization.md and docs/data.md say what the records hold and what is read."""

import re
from pathlib import Path

import pytest

from pictures.folders import SUFFIXES
from quantize import onnx_export

DOCS = Path(onnx_export.__file__).parent.parent / "docs"


def keys(file: str) -> list[str]:
    page = (DOCS / "quantization.md").read_text()
    table = re.search(rf"^\| key of {re.escape(file)} .*?\n\n", page, re.M | re.S)
    assert table is not None
    return re.findall(r"^\| `(\w+)` \|", table[0], re.M)


@pytest.mark.parametrize("file", ["quantize.json", "calibration.json"])
def test_each_key_of_a_record_has_its_row_in_order(quantized, file):
    record = quantized.record if file == "quantize.json" else quantized.calibration
    assert keys(file) == list(record)


def test_each_key_of_onnx_json_has_its_row(float_model, colours):
    assert keys("onnx.json") == list(onnx_export.export(float_model, colours, samples=1).record)


def test_each_suffix_of_a_picture_is_named():
    page = (DOCS / "data.md").read_text()
    assert set(re.findall(r"\.[a-z]+", re.search(r"that end in (.*?),? at any", page, re.S)[1])) == SUFFIXES
