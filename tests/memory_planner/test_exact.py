"""The searches alone, on sets that first fit would have solved."""

from hypothesis import given, settings
from hypothesis import strategies as st

from memory_planner import exact, sides
from memory_planner.conflicts import conflicts
from memory_planner.effort import Effort
from memory_planner.types import Buffer, Lifetime
from tests.memory_planner.packings import buffer_sets, faults, separated_sets, smallest_arena


def stacked(sizes):
    """Offsets of buffers one above another."""
    return [sum(sizes[:i]) for i in range(len(sizes))]


def top(sizes, offsets):
    return max((o + size for o, size in zip(offsets, sizes, strict=True)), default=0)


@given(buffer_sets())
def test_from_the_worst_packing_the_sections_search_comes_to_the_best(buffers):
    sizes, lifetimes = [b.size_bytes for b in buffers], [b.lifetime for b in buffers]
    offsets, proven = exact.lower(sizes, lifetimes, stacked(sizes), None, Effort(10**6))
    assert faults(buffers, offsets, 1) == []
    assert top(sizes, offsets) == proven == smallest_arena(buffers, 1)


@given(separated_sets(max_buffers=5))
def test_from_the_worst_packing_the_search_of_sides_comes_to_the_best(separated):
    buffers, separations = separated
    between = conflicts(buffers, 1, separations)
    gaps = [2 * (size + 80) for size in between.sizes]
    offsets, proven = sides.lower(between, stacked(gaps), 0, None, Effort(10**6))
    assert faults(buffers, offsets, 1, separations) == []
    assert top(between.sizes, offsets) == proven == smallest_arena(buffers, 1, separations)


@settings(max_examples=50)
@given(buffer_sets(max_buffers=9))
def test_two_searches_that_share_no_code_agree(buffers):
    between = conflicts(buffers, 1, {})
    sizes, lifetimes = [b.size_bytes for b in buffers], [b.lifetime for b in buffers]
    _, by_sections = exact.lower(sizes, lifetimes, stacked(sizes), None, Effort(10**6))
    _, by_sides = sides.lower(between, stacked(sizes), 0, None, Effort(10**7))
    assert by_sections == by_sides


@given(buffer_sets(max_buffers=12), st.integers(0, 40))
def test_a_search_cut_short_proves_no_more_than_is_true(buffers, placements):
    sizes, lifetimes = [b.size_bytes for b in buffers], [b.lifetime for b in buffers]
    offsets, proven = exact.lower(sizes, lifetimes, stacked(sizes), None, Effort(placements))
    whole, smallest = exact.lower(sizes, lifetimes, stacked(sizes), None, Effort(10**6))
    assert faults(buffers, offsets, 1) == faults(buffers, whole, 1) == []
    assert proven <= smallest <= top(sizes, offsets)


def test_a_hole_that_no_packing_avoids_is_proven_by_search():
    # Each of five overlaps its two neighbours in a ring of time but one: at most two at once, three levels.
    rows = [(0, 2, 2), (1, 4, 3), (3, 6, 2), (5, 8, 3), (0, 1, 3), (2, 3, 2), (4, 5, 2), (7, 8, 2)]
    buffers = [Buffer(i, size, Lifetime(start, end)) for i, (start, end, size) in enumerate(rows)]
    sizes, lifetimes = [b.size_bytes for b in buffers], [b.lifetime for b in buffers]
    _, proven = exact.lower(sizes, lifetimes, stacked(sizes), None, Effort(10**6))
    assert proven == smallest_arena(buffers, 1)
