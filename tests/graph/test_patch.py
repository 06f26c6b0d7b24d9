"""Patches of a .tflite: what is asked for changes, and nothing else."""

import struct
from dataclasses import replace

import numpy as np
import pytest

from graph import tflite
from graph.errors import ModelError
from graph.patch import with_outputs, with_values
from graph.types import QuantParams
from tests.oracle.single_op import Spec, model, options, quantized


@pytest.fixture
def blob():
    ifm, ofm = quantized((1, 7), 0.5, 3), quantized((1, 5), 0.25, -5)
    weights = Spec((5, 7), "int8", (0.5,), (0,), 0, np.arange(35, dtype=np.int8).reshape(5, 7))
    return model("FULLY_CONNECTED", [ifm, weights, None], ofm, options("FullyConnectedOptions"))


def test_further_outputs_follow_the_models_own(blob):
    assert tflite.read(blob).outputs == (2,)
    assert tflite.read(with_outputs(blob, [0, 2, 0])).outputs == (2, 0)


def test_outputs_that_are_there_already_change_no_byte(blob):
    assert with_outputs(blob, [2]) == blob
    assert with_outputs(blob, []) == blob


def test_one_offset_changes_and_the_rest_stays_where_it_was(blob):
    patched = with_outputs(blob, [0])
    changed = [i for i, (a, b) in enumerate(zip(blob, patched, strict=False)) if a != b]
    assert max(changed) - min(changed) < 4
    assert patched[len(blob) :].lstrip(b"\0") == struct.pack("<I2i", 2, 2, 0).lstrip(b"\0")
    before, after = tflite.read(blob), tflite.read(patched)
    assert before.ops == after.ops
    assert [t.name for t in before.tensors] == [t.name for t in after.tensors]


def test_values_are_written_in_their_places(blob):
    graph = tflite.read(blob)
    assert with_values(blob, graph) == blob
    weights = replace(
        graph.tensors[1],
        quant=QuantParams((0.125,), (0,), 0),
        data=-np.arange(35, dtype=np.int8).reshape(5, 7),
    )
    ofm = replace(graph.tensors[2], quant=QuantParams((2.0,), (7,), 0))
    edited = replace(graph, tensors=(graph.tensors[0], weights, ofm))
    patched = with_values(blob, edited)
    assert len(patched) == len(blob)
    assert tflite.read(patched) == edited


def test_constants_that_share_bytes_cannot_part(blob):
    graph = tflite.read(blob)
    twin = replace(graph.tensors[1], data=graph.tensors[1].data + 1)
    with pytest.raises(ModelError, match="shares its bytes"):
        with_values(blob, replace(graph, tensors=(*graph.tensors, twin)))
