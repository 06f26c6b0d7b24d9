"""Bounds and first ways to spread buffers, against all ways there are."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from memory_planner.outlook import Outlook
from memory_planner.rooms import Room
from memory_planner.splitting import splits
from memory_planner.spreading import spread
from tests.memory_planner.packings import buffer_sets

costs = st.integers(1, 9)
rooms = st.lists(
    st.builds(Room, st.integers(0, 120), costs, costs, st.booleans(), st.just(True), st.just(False)),
    min_size=1,
    max_size=3,
)


def ways(buffers, sizes, traffic, places):
    """Costs of all ways in which what is alive at once fits, by the rooms of the buffers."""
    steps = range(max((b.lifetime.end for b in buffers), default=0))

    def alive(where, room, step):
        here = (i for i, k in enumerate(where) if k == room)
        return sum(sizes[i] for i in here if buffers[i].lifetime.start <= step < buffers[i].lifetime.end)

    found = {}
    for where in product(range(len(places)), repeat=len(buffers)):
        if all(alive(where, k, step) <= room.bytes for k, room in enumerate(places) for step in steps):
            found[where] = sum(t * places[k].activation_cost for t, k in zip(traffic, where, strict=True))
    return found


def moved(buffers):
    return [b.size_bytes * (2 + b.tensor % 3) for b in buffers]


@settings(deadline=None)
@given(buffer_sets(max_buffers=6), rooms)
def test_no_way_costs_less_than_its_outlook_at_any_buffer(buffers, places):
    sizes, traffic = [b.size_bytes for b in buffers], moved(buffers)
    outlook = Outlook(buffers, sizes, traffic, places)
    for where, cost in ways(buffers, sizes, traffic, places).items():
        assert outlook.least <= cost
        for n, _ in enumerate(outlook.order):
            after = outlook.order[n + 1 :]
            assert outlook.least_after(n) <= sum(traffic[i] * places[where[i]].activation_cost for i in after)


@settings(deadline=None)
@given(buffer_sets(max_buffers=6), rooms)
def test_what_is_found_soon_fits(buffers, places):
    sizes, traffic = [b.size_bytes for b in buffers], moved(buffers)
    all_of_them = ways(buffers, sizes, traffic, places)
    for where, heights in spread(buffers, sizes, traffic, places):
        assert where in all_of_them
        assert all(height <= room.bytes for height, room in zip(heights, places, strict=True))


@settings(deadline=None)
@given(buffer_sets(max_buffers=5), rooms, st.integers(1, 2000))
def test_the_cheapest_split_is_the_cheapest_way_and_ways_below_a_limit_stay(buffers, places, limit):
    sizes, traffic = [b.size_bytes for b in buffers], moved(buffers)
    least = min(ways(buffers, sizes, traffic, places).values(), default=None)
    found, is_complete = splits(buffers, traffic, places, (), 1)
    assert is_complete
    assert min((split.cost for split in found), default=None) == least
    below, _ = splits(buffers, traffic, places, (), 1, below=limit)
    expected = least if least is not None and least < limit else None
    assert min((split.cost for split in below), default=None) == expected
