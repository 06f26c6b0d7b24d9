"""A planned file says what the old one said, in another order and with offsets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import file_facts, tflite
from graph.errors import ModelError
from graph.offline_plan import FRONT_ALIGNMENT_BYTES, with_offline_plan
from tests.graphs import chain, graphs
from tests.tflite_files import fb, file_of, flatbuffers


def same_but_for_order(before, after, order) -> None:
    assert after.tensors == before.tensors
    assert (after.inputs, after.outputs, after.name) == (before.inputs, before.outputs, before.name)
    moved = tuple(replace(before.ops[op], index=index) for index, op in enumerate(order))
    assert after.ops == moved


def rest_of(blob: bytes, *, planned: bool):
    """Everything that the schema's own reader sees, without the plan, its buffer, and the order."""
    whole = fb.ModelT.InitFromPackedBuf(blob, 0)
    if planned:
        (entry,) = (e for e in whole.metadata if e.name == b"OfflineMemoryAllocation")
        whole.metadata = [e for e in whole.metadata if e is not entry] or None
        assert entry.buffer == len(whole.buffers) - 1
        whole.buffers.pop()
    for subgraph in whole.subgraphs:
        subgraph.operators.sort(key=lambda o: list(o.outputs))
    builder = flatbuffers.Builder(0)
    builder.Finish(whole.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_planned_file_reads_back_to_the_same_graph_in_the_asked_order(data):
    graph = data.draw(graphs(max_ops=6))
    blob = file_of(graph, metadata=data.draw(st.booleans()))
    order = data.draw(st.permutations(range(len(graph.ops))))
    tensors = len(graph.tensors)
    offsets = data.draw(st.lists(st.integers(-1, 99), min_size=tensors, max_size=tensors))
    planned = with_offline_plan(blob, order, offsets)
    assert file_facts.read(planned).offline_offsets == tuple(offsets)
    assert rest_of(planned, planned=True) == rest_of(blob, planned=False)
    assert (len(planned) - len(blob)) % FRONT_ALIGNMENT_BYTES == 0


def test_weights_keep_their_bytes_and_their_alignment(shared):
    blob = (shared / "models" / "tinymaix_cifar10_q.tflite").read_bytes()
    before = tflite.read(blob)
    order = range(len(before.ops))
    planned = with_offline_plan(blob, order, [-1] * len(before.tensors))
    same_but_for_order(before, tflite.read(planned), order)
    moved = len(planned) - len(blob)
    assert moved % FRONT_ALIGNMENT_BYTES == 0
    assert planned[moved:] == blob


def test_planning_again_replaces_the_plan_in_place():
    blob = file_of(chain(3, 5, 7))
    once = with_offline_plan(blob, [0, 1], [16] * 3)
    twice = with_offline_plan(once, [0, 1], [32] * 3)
    assert file_facts.read(twice).offline_offsets == (32,) * 3
    assert twice == with_offline_plan(blob, [0, 1], [32] * 3)


def test_an_offset_beyond_32_bits_is_refused():
    with pytest.raises(ModelError, match="an offset of 2,147,483,648 bytes"):
        with_offline_plan(file_of(chain(3, 5)), [0], [0, 1 << 31])


def test_a_plan_of_another_length_is_refused():
    whole = fb.ModelT.InitFromPackedBuf(file_of(chain(3, 5, 7)), 0)
    entry, buffer = fb.MetadataT(), fb.BufferT()
    entry.name, entry.buffer = "OfflineMemoryAllocation", len(whole.buffers)
    buffer.data = np.zeros(8, np.uint8)
    whole.metadata = [entry]
    whole.buffers.append(buffer)
    builder = flatbuffers.Builder(0)
    builder.Finish(whole.Pack(builder), b"TFL3")
    with pytest.raises(ModelError, match="has 8 bytes, not 24"):
        with_offline_plan(bytes(builder.Output()), [0, 1], [0, 0, 0])
