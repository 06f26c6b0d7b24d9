from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from memory_planner.packing import ORDERS, first_fit, height_bytes, lower_bound_bytes, pack
from memory_planner.types import Buffer, Lifetime, aligned


@st.composite
def buffer_sets(draw, max_buffers=6):
    """Random sizes and lifetimes over a few steps."""
    rows = draw(
        st.lists(st.tuples(st.integers(1, 64), st.integers(0, 5), st.integers(1, 4)), max_size=max_buffers)
    )
    return [Buffer(i, size, Lifetime(start, start + steps)) for i, (size, start, steps) in enumerate(rows)]


def brute_force_bytes(buffers, alignment):
    """Some order of first fit gives the smallest arena: try all."""
    orders = permutations(range(len(buffers)))
    return min(height_bytes(buffers, first_fit(buffers, list(o), alignment), alignment) for o in orders)


@given(buffer_sets(max_buffers=9), st.sampled_from([1, 4, 16]))
def test_buffers_that_live_together_never_share_bytes_and_are_aligned(buffers, alignment):
    _, offsets = pack(buffers, alignment)
    assert all(offset % alignment == 0 for offset in offsets)
    for i, a in enumerate(buffers):
        for j, b in enumerate(buffers[:i]):
            if set(range(a.lifetime.start, a.lifetime.end)) & set(range(b.lifetime.start, b.lifetime.end)):
                apart = offsets[i] + a.size_bytes <= offsets[j] or offsets[j] + b.size_bytes <= offsets[i]
                assert apart


@given(buffer_sets(), st.sampled_from([1, 16]))
def test_the_arena_lies_between_the_smallest_and_no_sharing_at_all(buffers, alignment):
    _, offsets = pack(buffers, alignment)
    arena = height_bytes(buffers, offsets, alignment)
    smallest = brute_force_bytes(buffers, alignment)
    assert lower_bound_bytes(buffers, alignment) <= smallest <= arena
    assert arena <= sum(aligned(b.size_bytes, alignment) for b in buffers)


@given(buffer_sets(max_buffers=9))
def test_the_best_order_wins(buffers):
    _, offsets = pack(buffers, 16)
    heights = [height_bytes(buffers, first_fit(buffers, order(buffers), 16), 16) for order in ORDERS.values()]
    assert height_bytes(buffers, offsets, 16) == min(heights)


@given(buffer_sets(max_buffers=9))
def test_the_lower_bound_is_the_fullest_step(buffers):
    fullest = max(
        (
            sum(aligned(b.size_bytes, 16) for b in buffers if b.lifetime.start <= s < b.lifetime.end)
            for s in range(9)
        ),
        default=0,
    )
    assert lower_bound_bytes(buffers, 16) == fullest


def test_a_gap_between_two_placed_buffers_is_used():
    low, middle, high = (
        Buffer(0, 32, Lifetime(0, 3)),
        Buffer(1, 32, Lifetime(0, 1)),
        Buffer(2, 32, Lifetime(0, 3)),
    )
    late = Buffer(3, 16, Lifetime(2, 3))
    assert first_fit([low, middle, high, late], [0, 1, 2, 3], 16) == (0, 32, 64, 32)
