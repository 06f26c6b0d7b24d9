"""The table "Where they part" of docs/numerics.md: every row's example and figure, computed anew."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pictures
from benchmarks.numerics import Count, all_counts, told
from firmware_sim.numerics import Numerics
from firmware_sim.oracles import Job, Oracle, record_all
from firmware_sim.program import Engine
from graph import tflite
from graph.errors import SixmegError
from tests.oracle.partings import PARTINGS
from tests.oracle.test_single_operators import simulate

PAGE = (Path(__file__).parents[2] / "docs" / "numerics.md").read_text()
ROWS = {
    cells[0]: cells[1:]
    for line in re.findall(r"^\| (.*) \|$", PAGE.split("## Where they part")[1].split("\n## ")[0], re.M)
    if len(cells := line.split(" | ")) == 5
}
HEADER, REST = "operator", "every other operator of docs/simulator.md"
KEYS = [key for key in ROWS if key not in (HEADER, REST)]
EXAMPLE, FREQUENCY = 2, 3
PAIR = (Oracle.TFLM, Oracle.TFLITE_REF)
REFUSED = "refused"


def shown(values: np.ndarray) -> str:
    """Numbers as the page writes them: -5,536, or [0.5, 0.25] where there are several."""
    numbers = [f"{v:,}" if type(v) is int else str(v) for v in values.reshape(-1).tolist()]
    return numbers[0] if len(numbers) == 1 else f"[{', '.join(numbers)}]"


def simulated(key: str, numerics: Numerics) -> str:
    try:
        return shown(simulate(PARTINGS[key][1], numerics, Engine.FAST)[0])
    except SixmegError:
        return REFUSED


def example(key: str) -> str:
    about, _ = PARTINGS[key]
    return f"{about}: {', '.join(simulated(key, Numerics(oracle.value)) for oracle in PAIR)}"


def figure(key: str, counts: list[Count]) -> str:
    """Of the operators and the type that a row names; the row of the rest counts what no other does."""
    kinds, dtype = re.findall(r"[A-Z][A-Z0-9_]{2,}", key), re.search(r"u?int\d+|float32", key)
    return told([c for c in counts if c.kind in kinds and (dtype is None or c.dtype.value == dtype[0])])


def rest(counts: list[Count]) -> str:
    named = {kind for key in KEYS for kind in re.findall(r"[A-Z][A-Z0-9_]{2,}", key)}
    return told([c for c in counts if c.kind not in named])


def test_every_row_has_an_example():
    assert set(KEYS) == set(PARTINGS)


@pytest.mark.parametrize("key", KEYS)
def test_an_example_of_the_page_is_what_the_simulator_gives(key):
    assert ROWS[key][EXAMPLE] == example(key)


@pytest.mark.parametrize("key", KEYS)
def test_an_example_parts(key):
    ours, theirs = (simulated(key, Numerics(oracle.value)) for oracle in PAIR)
    assert ours != theirs


@pytest.mark.slow
@pytest.mark.parametrize("oracle", PAIR)
def test_an_example_of_the_page_is_what_the_oracle_gives(oracle):
    pytest.importorskip("tflite_micro", reason="needs the oracle extra")
    held = {key: case for key, (_, case) in PARTINGS.items() if oracle not in case.undefined}
    jobs = [
        Job(case.blob, tuple(array[None] for array in case.inputs), tflite.read(case.blob).outputs)
        for case in held.values()
    ]
    told_of: dict[str, Any] = {}
    for key, job, recording in zip(held, jobs, record_all(oracle, jobs), strict=True):
        told_of[key] = REFUSED if recording.refusal else shown(recording.tensors[job.tensors[0]][0])
    assert told_of == {key: simulated(key, Numerics(oracle.value)) for key in held}


@pytest.mark.slow
def test_the_figures_of_the_page_are_what_the_shared_models_give(shared):
    data = pictures.load(str(shared / "data" / "imagenet_sample_even.tar"))
    counts = all_counts(sorted((shared / "models").glob("*.tflite")), data)
    assert {key: ROWS[key][FREQUENCY] for key in KEYS} == {key: figure(key, counts) for key in KEYS}
    assert ROWS[REST][FREQUENCY] == rest(counts)
