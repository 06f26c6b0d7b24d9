"""The tensor arena by our rules is the wheel's: head, tail, parts, and the smallest size that it accepts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from graph.errors import ModelError, UnsupportedOperatorError
from tests.oracle.allocations import AMPLE_BYTES, allocations, hold, ours
from tests.oracle.cases import CASES
from tests.oracle.single_op import Case
from tests.oracle.test_single_operators import chosen

pytest.importorskip("tflite_micro", reason="needs the oracle extra")


def test_every_model_that_the_wheel_runs_has_its_arena(shared: Path) -> None:
    blobs = [path.read_bytes() for path in sorted((shared / "models").glob("*.tflite"))]
    answers = allocations([(blob, AMPLE_BYTES + 8 * len(blob)) for blob in blobs])
    runs = [blob for blob, told in zip(blobs, answers, strict=True) if told is not None]
    assert len(runs) == hold([(blob, ours(blob)) for blob in runs])
    for blob in (blob for blob, told in zip(blobs, answers, strict=True) if told is None):
        with pytest.raises(ModelError):
            ours(blob)


def known(cases: Sequence[Case]) -> list:
    found = []
    for case in cases:
        try:
            found.append((case.blob, ours(case.blob)))
        except UnsupportedOperatorError:
            continue
    return found


def test_an_operator_alone_has_the_wheels_arena():
    cases = [case for name in sorted(CASES) for case in chosen(CASES[name], 1)]
    assert hold(known(cases)) > 100


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CASES))
def test_an_operator_alone_has_the_wheels_arena_in_many_forms(name):
    hold(known(chosen(CASES[name], 30)))


@pytest.mark.parametrize("kind", ["RELU_N1_TO_1", "SELECT", "TILE"])
def test_an_operator_without_a_kernel_is_refused_in_one_line(kind):
    (case,) = chosen(CASES[kind], 1)
    (answer,) = allocations([(case.blob, AMPLE_BYTES)])
    assert answer is None
    with pytest.raises(
        UnsupportedOperatorError, match=rf"^operator 0 \({kind}\): no kernel of .*cannot be told$"
    ):
        ours(case.blob)
