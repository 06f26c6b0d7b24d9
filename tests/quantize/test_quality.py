"""Quality: what it measures is there, and a layer left in float is the layer that was spoilt."""

import json
from dataclasses import replace

import numpy as np
import pytest

import sixmeg
from graph import tflite
from graph.patch import with_values
from pictures import USUAL
from quantize import post_training, report_quality
from quantize.recipe import NONE


@pytest.fixture(scope="module")
def spoilt(float_model, colours, tmp_path_factory):
    """The converter's model, with few values left to the weights of its pointwise layer."""
    quantized = post_training.quantize(float_model, colours, samples=12, recipe=NONE)
    graph = tflite.read(quantized.blob)
    weights = graph.tensors[graph.ops[2].inputs[1]]
    coarse = (np.round(weights.data / 48.0) * 48).clip(-127, 127).astype(np.int8)
    tensors = tuple(replace(t, data=coarse) if t.index == weights.index else t for t in graph.tensors)
    path = tmp_path_factory.mktemp("spoilt") / "model.tflite"
    path.write_bytes(with_values(quantized.blob, replace(graph, tensors=tensors)))
    path.with_name("calibration.json").write_text(json.dumps(quantized.calibration))
    return path


def test_the_spoilt_layer_is_the_first_of_the_ranking(spoilt, float_model, colours):
    found = report_quality.report(spoilt, float_model, colours, USUAL, 100, 9, 9)
    best = max(found["ranking"], key=lambda row: row["divergence_gain"])
    assert best["op"] == 2
    assert {row["op"] for row in found["ranking"]} == {0, 1, 2, 4}
    noisiest = min((row for row in found["layers"] if row["weights"]), key=lambda r: r["weights"]["sqnr_db"])
    assert noisiest["op"] == 2
    assert (found["samples"], found["part"]) == (9, "test")


def test_the_command_prints_json(spoilt, float_model, folder, capsys):
    words = ["quality", str(spoilt), "--float", str(float_model), "--data", str(folder), "--json"]
    with pytest.raises(SystemExit) as ended:
        sixmeg.main(words)
    assert ended.value.code == 0
    found = json.loads(capsys.readouterr().out)
    assert {"float_top1", "int8_top1", "agreement", "samples", "layers"} <= set(found)
    assert len(found["layers"]) == 6
