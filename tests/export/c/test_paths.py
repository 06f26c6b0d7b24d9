"""The emitted C's paths for this machine's vectors have the simulator's bits, as the plain path has."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import check_c
from graph.attrs import Padding
from graph.errors import PlanError
from graph.types import Graph
from memory_planner import plan
from memory_planner.streamed import streamed_plan
from tests.export.c.folders import NPU6M
from tests.export.c.test_bits import bytes_that_differ
from tests.networks import Builder

PATHS = [f"{flags} -O1" for flags in check_c.PATHS.values()]
FEW = settings(max_examples=6, deadline=None)
MANY = settings(max_examples=200, deadline=None)
KERNELS = st.sampled_from([(1, 1), (3, 3), (2, 5), (4, 1)])
CHANNELS = st.sampled_from([1, 3, 8, 15, 16, 17, 23, 32, 48, 63, 64, 65, 130])


@st.composite
def wide_layers(draw: st.DrawFn) -> tuple[Graph, np.ndarray]:
    """Convolutions of both kinds with more channels and pixels than a vector or a block has."""
    size = draw(st.tuples(st.integers(3, 11), st.integers(3, 11)))
    seed, zero_point = draw(st.integers(0, 999)), draw(st.sampled_from([-128, -3, 0, 127]))
    made = Builder((1, *size, draw(CHANNELS)), seed, zero_point)
    at = made.input
    for _ in range(draw(st.integers(1, 3))):
        wanted = 0 if draw(st.booleans()) else draw(CHANNELS)
        stride = draw(st.sampled_from([(1, 1), (2, 2), (1, 2)]))
        at = made.layer(
            at, draw(KERNELS), wanted, Padding.SAME, stride, 2 if stride == (1, 1) and seed % 2 else 1
        )
    picture = np.random.default_rng(seed).integers(-128, 128, made.shape(made.input)).astype(np.int8)
    return made.graph(at), picture


def check(flags: str, case: tuple[Graph, np.ndarray], alignment: int, kind: str) -> None:
    graph, picture = case
    inputs = frozenset(graph.inputs if kind == "by rows" else ())
    try:
        made = plan(graph, NPU6M)
        if kind != "whole":
            made = streamed_plan(graph, graph.ops, alignment, inputs, 10**6 if kind == "overlapped" else None)
    except PlanError:
        assert kind == "by rows"
        return
    pictures = np.stack([picture, np.full_like(picture, -128), np.full_like(picture, 127)])
    compared, different = bytes_that_differ(graph, made, pictures, flags)
    assert (compared > 0, different) == (True, 0)


CASES = (
    wide_layers(),
    st.sampled_from([1, 16]),
    st.sampled_from(["whole", "overlapped", "streamed", "by rows"]),
)


@pytest.mark.parametrize("flags", PATHS)
@FEW
@given(*CASES)
def test_wide_layers_have_the_simulators_bits(flags, case, alignment, kind):
    check(flags, case, alignment, kind)


@pytest.mark.parametrize("flags", PATHS[1:])
@pytest.mark.parametrize(
    ("size", "depth", "channels"),
    [
        ((9, 7), 8, 40),
        ((7, 7), 4, 17),
        ((8, 8), 64, 130),
        ((11, 9), 20, 33),
        ((7, 7), 1024, 20),
        ((23, 25), 12, 16),
    ],
)
def test_long_runs_have_the_simulators_bits(flags, size, depth, channels):
    made = Builder((1, *size, depth), depth, -128 if depth % 3 else 5)
    at = made.layer(made.input, (1, 1), channels, Padding.SAME, (1, 1))
    graph = made.graph(made.layer(at, (3, 3), 0, Padding.SAME, (1, 1)))
    picture = np.random.default_rng(depth).integers(-128, 128, (1, 1, *size, depth)).astype(np.int8)
    compared, different = bytes_that_differ(graph, plan(graph, NPU6M), picture, flags)
    assert (compared, different) == (2 * size[0] * size[1] * channels, 0)


@pytest.mark.slow
@pytest.mark.parametrize("flags", PATHS)
@MANY
@given(*CASES)
def test_two_hundred_wide_layers_have_the_simulators_bits(flags, case, alignment, kind):
    check(flags, case, alignment, kind)
