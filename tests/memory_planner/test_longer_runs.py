"""Longer runs in the room that a step has."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.errors import PlanError
from graph.mobilenet import named
from memory_planner.cuts import Cuts
from memory_planner.longer_runs import with_longer_runs
from memory_planner.streamed import streamed_plan, weight_bytes_read
from memory_planner.streams import Order
from memory_planner.validator import validate
from tests.networks import networks


@settings(max_examples=60, deadline=None)
@given(networks(), st.sampled_from([None, 300, 700, 10**6]), st.booleans())
def test_longer_runs_read_no_more_weights_within_what_is_allowed(case, budget, delivered):
    graph, _ = case
    cuts = Cuts(Order(graph, graph.ops, 16, frozenset(graph.inputs if delivered else ())), budget)
    try:
        segments = cuts.cheapest()
    except PlanError:
        return
    for segment in segments:
        longer = with_longer_runs(cuts.order, segment, cuts.allowed_bytes)
        assert (longer.first, longer.last) == (segment.first, segment.last)
        assert longer.live_bytes <= cuts.allowed_bytes
        assert longer.weight_bytes_read <= segment.weight_bytes_read


@settings(max_examples=60, deadline=None)
@given(networks(), st.sampled_from([300, 700, 2000]))
def test_plans_within_a_budget_validate(case, budget):
    graph, _ = case
    assert not validate(graph, streamed_plan(graph, graph.ops, 16, budget_bytes=budget))


@pytest.mark.parametrize("arena_bytes", [210_000, 230_000, 300_000])
def test_more_room_is_fewer_bytes_of_weights(arena_bytes):
    graph = named("mobilenet_v1_1.0_224")
    tight, roomy = (
        streamed_plan(graph, graph.ops, 16, budget_bytes=budget) for budget in (arena_bytes, 2 * arena_bytes)
    )
    assert tight.arena_bytes <= arena_bytes
    assert weight_bytes_read(graph, roomy) < weight_bytes_read(graph, tight)
