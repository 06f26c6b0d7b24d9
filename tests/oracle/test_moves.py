"""Operators that move elements: which types a runtime takes, and graphs of several inputs and outputs."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_sim.compare import compare
from firmware_sim.numerics import Numerics
from firmware_sim.oracles import Job, Oracle, record_all
from firmware_sim.program import prepare
from firmware_sim.run import run_batch
from firmware_sim.samples import generated
from graph import tflite
from graph.errors import UnsupportedOperatorError
from memory_planner import chip
from memory_planner.plan import plan
from tests.oracle import cases_layout, cases_slices
from tests.oracle.choices import REFERENCES
from tests.oracle.moves import ALL

pytest.importorskip("tflite_micro", reason="needs the oracle extra")

BUILDS = {**cases_layout.BUILDS, **cases_slices.BUILDS}
FORMS = 5
CHIP = chip.load("npu6m")


def is_taken(blob: bytes, numerics: Numerics) -> bool:
    graph = tflite.read(blob)
    try:
        prepare(graph, plan(graph, CHIP), numerics=numerics)
    except UnsupportedOperatorError:
        return False
    return True


def test_a_kernel_takes_the_types_that_a_runtime_takes_and_no_others():
    forms = {
        (name, dtype): [build(np.random.default_rng(seed), dtype) for seed in range(FORMS)]
        for name, build in BUILDS.items()
        for dtype in ALL
    }
    jobs = [
        Job(case.blob, tuple(a[None] for a in case.inputs), tflite.read(case.blob).outputs)
        for cases in forms.values()
        for case in cases
    ]
    ran = set()
    for oracle in REFERENCES:
        keys = [key for key in forms for _ in range(FORMS)]
        recordings = record_all(oracle, jobs)
        ran |= {k for k, r in zip(keys, recordings, strict=True) if r.refusal is None and not r.unreadable}
    assert ran == {
        key
        for key, cases in forms.items()
        if any(is_taken(c.blob, Numerics(o.value)) for c in cases for o in REFERENCES)
    }


def test_a_graph_of_three_inputs_and_five_outputs_has_the_oracles_bits(shared):
    blob = (shared / "models" / "coral_split_concat.tflite").read_bytes()
    graph = tflite.read(blob)
    made, inputs = plan(graph, CHIP), generated(graph, 5, seed=3)
    answer = compare(blob, graph, made, Oracle.TFLITE_REF, inputs)
    written = [i for op in graph.ops for i in op.outputs]
    assert 5 * sum(graph.tensors[i].size_bytes for i in written) == answer.bytes_compared
    assert answer.first_difference is None
    (recording,) = record_all(Oracle.TFLITE_REF, [Job(blob, inputs, graph.outputs)])
    named = {graph.tensors[i].name: a[:, 0] for i, a in zip(graph.inputs, inputs, strict=True)}
    for ofm, index in zip(run_batch(prepare(graph, made), named), graph.outputs, strict=True):
        assert ofm.tobytes() == recording.tensors[index].tobytes()
