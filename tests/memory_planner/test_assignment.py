"""Items to rooms: as cheap as trying everything."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from memory_planner.assignment import assign, choices_of
from memory_planner.rooms import Room
from memory_planner.traffic import Item, Kind

items = st.lists(
    st.builds(
        lambda kind, size, times, op: Item(kind, (), op, size, size * times),
        st.sampled_from([Kind.WEIGHTS, Kind.WEIGHTS, Kind.STATE]),
        st.integers(1, 30),
        st.integers(0, 4),
        st.integers(0, 3),
    ),
    max_size=5,
)
costs = st.integers(1, 9)
rams = st.builds(Room, st.integers(0, 60), costs, costs, st.booleans(), st.booleans(), st.just(False))
flashes = st.builds(Room, st.integers(0, 90), costs, costs, st.booleans(), st.just(False), st.just(True))
rooms = st.lists(st.one_of(rams, rams, flashes), min_size=1, max_size=4)


def least(chosen, places):
    best = None
    for choices in product(*(choices_of(item, places) for item in chosen)):
        left = [room.bytes for room in places]
        for item, choice in zip(chosen, choices, strict=True):
            for k in choice.taken:
                left[k] -= item.size_bytes
        cost = sum(c.cost for c in choices)
        if min(left) >= 0 and (best is None or cost < best):
            best = cost
    return best


@settings(deadline=None, max_examples=300)
@given(items, rooms)
def test_an_assignment_costs_what_the_best_of_all_costs(chosen, places):
    found, best = assign(chosen, places), least(chosen, places)
    assert found.is_exact
    assert (found.choices is None) == (best is None)
    if found.choices is not None:
        assert found.cost == best == found.bound == sum(c.cost for c in found.choices)


@settings(deadline=None, max_examples=300)
@given(items, rooms, st.integers(0, 5))
def test_a_search_cut_short_never_promises_more_than_there_is(chosen, places, limit):
    found, best = assign(chosen, places, node_limit=limit), least(chosen, places)
    if best is not None:
        assert found.bound <= best
        assert not found.is_exact or found.cost == best
        assert found.choices is None or found.cost >= best
