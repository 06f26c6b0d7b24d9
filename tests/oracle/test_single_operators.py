"""Each operator alone, in shapes and parameters that hypothesis chooses, against the oracles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from firmware_sim.numerics import Numerics
from firmware_sim.ops import KERNELS
from firmware_sim.ops.detection_postprocess import zero_unwritten
from firmware_sim.oracles import Job, Oracle, record_all
from firmware_sim.program import Engine, prepare
from firmware_sim.run import Machine
from graph import tflite
from graph.errors import UnsupportedOperatorError
from memory_planner import chip
from memory_planner.plan import plan
from tests.oracle.cases import CASES, REFUSED
from tests.oracle.choices import REFERENCES
from tests.oracle.single_op import Case

pytest.importorskip("tflite_micro", reason="needs the oracle extra")

PER_PROCESS = 32
CHIP = chip.load("npu6m")


def simulate(case: Case, numerics: Numerics, engine: Engine) -> tuple[np.ndarray, ...]:
    graph = tflite.read(case.blob)
    program = prepare(graph, plan(graph, CHIP), numerics=numerics, engine=engine)
    return Machine(program).infer(case.inputs).outputs


def hold(cases: list[Case], oracle: Oracle) -> int:
    """Compare every case that the oracle runs, by both engines; gives how many bytes that were."""
    jobs = []
    for case in cases:
        outputs = tflite.read(case.blob).outputs
        jobs.append(Job(case.blob, tuple(array[None] for array in case.inputs), outputs))
    compared = 0
    for case, job, recording in zip(cases, jobs, record_all(oracle, jobs), strict=True):
        if recording.refusal is not None or oracle in case.undefined:
            continue
        theirs = {i: values[0] for i, values in recording.tensors.items()}
        zero_unwritten(tflite.read(case.blob), theirs)
        for engine in Engine:
            ours = simulate(case, Numerics(oracle.value), engine)
            for mine, index in zip(ours, job.tensors, strict=True):
                same_bits(mine, theirs[index], f"{engine}: {case.about}")
                compared += mine.nbytes
    return compared


def same_bits(ours: np.ndarray, theirs: np.ndarray, about: str) -> None:
    """Compared as bits: 0.0 is not -0.0."""
    assert ours.dtype == theirs.dtype, about
    size = ours.dtype.itemsize
    mine, other = (np.ascontiguousarray(a).reshape(-1).view(f"V{size}") for a in (ours, theirs))
    different = np.flatnonzero(mine != other)
    assert different.size == 0, (about, ours.flat[different[0]], theirs.flat[different[0]], different.size)


def batches(kind: str) -> st.SearchStrategy[list[Case]]:
    return st.lists(CASES[kind], min_size=PER_PROCESS, max_size=PER_PROCESS)


# The first example is the simplest of all. No shrinking: each try is an oracle's process.
FAST = settings(
    max_examples=2,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
EXHAUSTIVE = settings(FAST, max_examples=20)


@pytest.mark.parametrize("oracle", REFERENCES)
@pytest.mark.parametrize("kind", sorted(CASES))
def test_an_operator_alone_has_the_oracles_bits(kind, oracle):
    compared = []

    @FAST
    @given(batches(kind))
    def check(cases):
        compared.append(hold(cases, oracle))

    check()
    assert (sum(compared) == 0) == ((kind, oracle) in REFUSED)


@pytest.mark.slow
@pytest.mark.parametrize("oracle", REFERENCES)
@pytest.mark.parametrize("kind", sorted(CASES))
def test_an_operator_alone_has_the_oracles_bits_in_hundreds_of_forms(kind, oracle):
    compared = []

    @EXHAUSTIVE
    @given(batches(kind))
    def check(cases):
        compared.append(hold(cases, oracle))

    check()
    assert (sum(compared) == 0) == ((kind, oracle) in REFUSED)


def test_every_operator_of_the_simulator_is_held_to_the_oracles():
    held = {name.split("/")[0] for name in CASES if any((name, o) not in REFUSED for o in REFERENCES)}
    assert {kind.value for kind in KERNELS} == {*held, "PADV2"}


def test_an_operator_without_a_kernel_is_refused_by_index_and_name():
    from tests.oracle.single_op import model, quantized

    vector = quantized((1, 3), 0.5, 0)
    graph = tflite.read(model("COMPLEX_ABS", [vector], quantized((1, 3), 0.5, 0)))
    with pytest.raises(
        UnsupportedOperatorError, match=r"^operator 0 \(COMPLEX_ABS\): the simulator has no kernel"
    ):
        prepare(graph, plan(graph, CHIP))
