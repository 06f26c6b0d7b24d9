"""Each operator of the ONNX forms alone, in the oracles' cases, against the simulator."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("ai_edge_litert", reason="needs the oracle extra")
pytest.importorskip("onnxruntime", reason="needs the onnx extra")

from export.errors import ExportError
from export.golden import input_tensor
from export.onnx import forms
from export.onnx.forms import Form
from firmware_sim.program import prepare
from firmware_sim.run import Machine
from graph.errors import UnsupportedOperatorError
from graph.types import Graph
from memory_planner import plan
from tests.export.c.folders import NPU6M
from tests.export.single_operators import chosen, one_input
from tests.oracle.cases import CASES

FEW, MANY = 3, 60
KINDS = {form: sorted(name for name in CASES if name in set(forms.WRITERS[form])) for form in Form}
STEPS = 2
"""How far the QDQ form may lie from the firmware after one operator, in steps of its output."""


def accepted_by(form: Form):
    def accepted(graph: Graph) -> bool:
        if not graph.inputs or any(t.elements == 0 for t in graph.tensors):
            return False
        try:
            input_tensor(graph)
            forms.to_onnx(graph, form, "")
            prepare(graph, plan(graph, NPU6M))
        except (UnsupportedOperatorError, ExportError):
            return False
        return True

    return accepted


def outputs(kind: str, form: Form, count: int):
    """What the simulator gives in each case, and what onnxruntime does."""
    for case in chosen(kind, count, accepted_by(form)):
        graph = one_input(case)
        picture = case.inputs[0].reshape(1, -1)
        expected = Machine(prepare(graph, plan(graph, NPU6M))).infer([picture]).outputs
        actual = forms.run(forms.to_onnx(graph, form, ""), picture[None])
        for one, other in zip(expected, actual, strict=True):
            yield case, one, other[0]


def hold_exact(kind: str, count: int) -> int:
    compared = 0
    for case, expected, actual in outputs(kind, Form.INTEGER, count):
        assert (expected.dtype, expected.shape) == (actual.dtype, actual.shape)
        assert expected.tolist() == actual.tolist(), case.about
        compared += expected.nbytes
    return compared


@pytest.mark.parametrize("kind", KINDS[Form.INTEGER])
def test_the_integer_form_of_an_operator_has_the_simulators_bits(kind):
    assert hold_exact(kind, FEW) > 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS[Form.INTEGER])
def test_the_integer_form_of_an_operator_has_the_simulators_bits_in_many_cases(kind):
    assert hold_exact(kind, MANY) > 0


@pytest.mark.parametrize("kind", KINDS[Form.QDQ])
def test_the_qdq_form_of_an_operator_is_near(kind):
    for case, expected, actual in outputs(kind, Form.QDQ, FEW):
        away = np.abs(expected.astype(np.float64) - actual.astype(np.float64)).max(initial=0)
        assert away <= STEPS, case.about
