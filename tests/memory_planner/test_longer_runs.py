"""Longer runs in the room that a step has, and rings that share bytes."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.attrs import Padding
from graph.errors import PlanError
from graph.mobilenet import named
from memory_planner.cuts import Cuts
from memory_planner.longer_runs import with_longer_runs
from memory_planner.replay import Replay
from memory_planner.streamed import streamed_plan, weight_bytes_read
from memory_planner.streams import Order
from memory_planner.types import Role
from memory_planner.validator import validate
from tests.networks import Builder, networks


@st.composite
def chains(draw):
    """Convolutions one after the other, most of them pointwise, all in one step."""
    made = Builder((1, draw(st.integers(3, 8)), draw(st.integers(3, 8)), 2), 5)
    at = made.input
    for size in draw(st.lists(st.sampled_from([1, 1, 1, 3]), min_size=4, max_size=6)):
        at = made.layer(at, (size, size), draw(st.sampled_from([0, 2, 3])), Padding.SAME, (1, 1))
    return made.graph(at)


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


@settings(max_examples=150, deadline=None)
@given(chains(), st.data())
def test_rings_that_share_bytes_are_never_needed_at_once(graph, data):
    order, count = Order(graph, graph.ops, 16), len(graph.ops)
    segment = next(s for s in order.ending_at(count - 1, 1, 1 << 40, 0) if s.first == 0)
    runs = data.draw(st.tuples(*[st.sampled_from([1, 2, 3, 7])] * count))
    made = order.with_runs(segment, runs)
    replay = Replay(graph, made.step)
    rings = [worker for worker in made.workers if worker.role is Role.RING]
    for one, other in permutations(rings, 2):
        assert one.meets(other) or replay.never_meet(one.tensor, other.tensor)
