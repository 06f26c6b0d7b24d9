"""What the search over cuts does not look at changes no answer."""

from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.errors import PlanError
from memory_planner import cuts
from memory_planner.cuts import Cuts
from memory_planner.streams import Order
from tests.networks import networks

CASES = (networks(), st.sampled_from([None, 300, 700, 10**6]), st.sampled_from([100, 70]), st.booleans())


def answer(graph, budget, percent, delivered):
    made = Cuts(Order(graph, graph.ops, 16, frozenset(graph.inputs if delivered else ())), budget)
    try:
        return made.least_peak_bytes, made.cheapest(percent)
    except PlanError:
        return None


def check(case, budget, percent, delivered):
    graph, _ = case
    skipping = answer(graph, budget, percent, delivered)
    with (
        mock.patch.object(cuts, "_crowded", lambda order, _: list(range(len(order.ops)))),
        mock.patch.object(cuts, "_single_peak", lambda order: 1 << 40),
    ):
        assert answer(graph, budget, percent, delivered) == skipping


@settings(max_examples=60, deadline=None)
@given(*CASES)
def test_segments_that_are_not_looked_at_are_never_chosen(case, budget, percent, delivered):
    check(case, budget, percent, delivered)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None)
@given(*CASES)
def test_segments_that_are_not_looked_at_are_never_chosen_in_two_thousand_networks(
    case, budget, percent, delivered
):
    check(case, budget, percent, delivered)
