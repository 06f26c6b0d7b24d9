"""What a file says beyond the graph is read as written."""

from __future__ import annotations

import numpy as np
import pytest

from graph import file_facts
from graph.errors import ModelError
from tests.oracle.single_op import Spec, fb, flatbuffers, model

VECTOR = Spec((3,), scales=(0.5,), zero_points=(1,))


def with_offline_plan(words: list[int]) -> bytes:
    whole = fb.ModelT.InitFromPackedBuf(model("RELU", [VECTOR], Spec((3,), scales=(0.5,))), 0)
    entry, buffer = fb.MetadataT(), fb.BufferT()
    entry.name, entry.buffer = "OfflineMemoryAllocation", len(whole.buffers)
    buffer.data = np.frombuffer(np.array(words, "<i4").tobytes(), np.uint8)
    whole.metadata = [entry]
    whole.buffers.append(buffer)
    builder = flatbuffers.Builder(0)
    builder.Finish(whole.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def test_a_tensor_without_zero_points_counts_as_not_quantized():
    facts = file_facts.read(model("RELU", [VECTOR], Spec((3,), scales=(0.5,))))
    assert facts.quantized_channels == (1, 0)
    assert facts.shapes == ((3,), (3,))
    assert facts.offline_offsets is None


def test_an_offline_plan_is_read():
    assert file_facts.read(with_offline_plan([1, 0, 2, 16, -1])).offline_offsets == (16, -1)


@pytest.mark.parametrize("words", [[1, 0, 3, 0, 0, 0], [1, 0, 2, 0], [1, 0], []])
def test_an_offline_plan_of_another_model_is_refused(words):
    with pytest.raises(ModelError, match="is not of this model's 2 tensors"):
        file_facts.read(with_offline_plan(words))
