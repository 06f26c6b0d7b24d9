"""Each operator alone, in shapes and parameters that hypothesis chooses, against the oracles."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from firmware_sim.numerics import Numerics
from firmware_sim.ops import KERNELS
from firmware_sim.ops.detection_postprocess import zero_unwritten
from firmware_sim.oracles import Job, Oracle, record_all
from firmware_sim.program import Engine, prepare
from firmware_sim.run import Machine
from graph import tflite
from graph.errors import UnsupportedOperatorError
from graph.types import Graph
from memory_planner import chip
from memory_planner.plan import plan
from memory_planner.types import Plan
from tests.oracle.cases import CASES, REFUSED
from tests.oracle.choices import REFERENCES
from tests.oracle.single_op import Case, Spec, constant, model, options, quantized

pytest.importorskip("tflite_micro", reason="needs the oracle extra")

PER_PROCESS = 160
FEW, MANY = 64, 320
CHIP = chip.load("npu6m")


@lru_cache(maxsize=1)
def chosen(strategy: SearchStrategy[Case], count: int) -> tuple[Case, ...]:
    """So many cases, the simplest of all first; the same in each run.

    Hypothesis chooses and nothing more: each try of a shrinking would be an oracle's process.
    """
    cases: list[Case] = []

    @settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def choose(case: Case) -> None:
        cases.append(case)

    choose()
    return tuple(cases)


@lru_cache(maxsize=1)
def planned(blob: bytes) -> tuple[Graph, Plan]:
    """The graph of a file, and its plan."""
    graph = tflite.read(blob)
    return graph, plan(graph, CHIP)


def simulate(case: Case, numerics: Numerics, engine: Engine) -> tuple[np.ndarray, ...]:
    """The outputs."""
    program = prepare(*planned(case.blob), numerics=numerics, engine=engine)
    return Machine(program).infer(case.inputs).outputs


def hold(cases: Sequence[Case], oracle: Oracle) -> int:
    """Compare every case that the oracle runs, by both engines; gives how many bytes that were."""
    defined = [case for case in cases if oracle not in case.undefined]
    return sum(_hold(defined[at : at + PER_PROCESS], oracle) for at in range(0, len(defined), PER_PROCESS))


def _hold(cases: Sequence[Case], oracle: Oracle) -> int:
    jobs = []
    for case in cases:
        outputs = tflite.read(case.blob).outputs
        jobs.append(Job(case.blob, tuple(array[None] for array in case.inputs), outputs))
    compared = 0
    for case, job, recording in zip(cases, jobs, record_all(oracle, jobs), strict=True):
        if recording.refusal is not None:
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


@pytest.mark.parametrize("oracle", REFERENCES)
@pytest.mark.parametrize("kind", sorted(CASES))
def test_an_operator_alone_has_the_oracles_bits(kind, oracle):
    assert (hold(chosen(CASES[kind], FEW), oracle) == 0) == ((kind, oracle) in REFUSED)


@pytest.mark.slow
@pytest.mark.parametrize("oracle", REFERENCES)
@pytest.mark.parametrize("kind", sorted(CASES))
def test_an_operator_alone_has_the_oracles_bits_in_hundreds_of_forms(kind, oracle):
    assert (hold(chosen(CASES[kind], MANY), oracle) == 0) == ((kind, oracle) in REFUSED)


def test_every_operator_of_the_simulator_is_held_to_the_oracles():
    held = {name.split("/")[0] for name in CASES if any((name, o) not in REFUSED for o in REFERENCES)}
    assert {kind.value for kind in KERNELS} == {*held, "PADV2"}


@pytest.mark.parametrize("axes_of_1", [(), (1,), (1, 1)])
def test_a_nan_hides_the_best_of_its_lane_also_before_axes_of_1(axes_of_1):
    values = np.array([-np.inf, np.nan, np.nan, np.inf], np.float32).reshape(4, *axes_of_1)
    blob = model(
        "ARG_MAX",
        [Spec(values.shape, "float32"), constant([0])],
        Spec(axes_of_1, "int32"),
        options("ArgMaxOptions", outputType=2),
    )
    case = Case(blob, (values,), f"ARG_MAX {values.shape}")
    assert [simulate(case, Numerics.TFLITE_REF, engine)[0].item() for engine in Engine] == [0, 0]
    assert hold([case], Oracle.TFLITE_REF) == 2 * 4


def test_an_operator_without_a_kernel_is_refused_by_index_and_name():
    vector = quantized((1, 3), 0.5, 0)
    graph = tflite.read(model("COMPLEX_ABS", [vector], quantized((1, 3), 0.5, 0)))
    with pytest.raises(
        UnsupportedOperatorError, match=r"^operator 0 \(COMPLEX_ABS\): the simulator has no kernel"
    ):
        prepare(graph, plan(graph, CHIP))
