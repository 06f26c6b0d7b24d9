from hypothesis import given
from hypothesis import strategies as st

from memory_planner.conflicts import conflicts
from memory_planner.first_fit import ORDERS, first_fit, first_fit_from_above, from_both_ends
from memory_planner.packing import height_bytes, lower_bound_bytes, pack
from memory_planner.types import Buffer, Lifetime, Proof, aligned
from tests.memory_planner.packings import buffer_sets, faults, separated_sets, smallest_arena


@given(buffer_sets(max_buffers=9), st.sampled_from([1, 4, 16]))
def test_buffers_that_live_together_never_share_bytes_and_are_aligned(buffers, alignment):
    assert faults(buffers, pack(buffers, alignment).offsets, alignment) == []


@given(separated_sets(max_buffers=9), st.sampled_from([1, 4, 16]))
def test_what_may_overlap_overlaps_no_further_than_it_may(separated, alignment):
    buffers, separations = separated
    assert faults(buffers, pack(buffers, alignment, separations).offsets, alignment, separations) == []


@given(buffer_sets(), st.sampled_from([1, 16]))
def test_the_arena_is_the_smallest_and_proven(buffers, alignment):
    packing = pack(buffers, alignment)
    assert packing.height_bytes == smallest_arena(buffers, alignment)
    assert packing.height_bytes == height_bytes(buffers, packing.offsets, alignment)
    assert packing.lower_bound_bytes <= packing.proven_bytes == packing.height_bytes
    assert packing.proof is not Proof.NONE


@given(separated_sets(max_buffers=5), st.sampled_from([1, 16]))
def test_the_arena_with_overlap_is_the_smallest_and_proven(separated, alignment):
    buffers, separations = separated
    packing = pack(buffers, alignment, separations)
    assert packing.height_bytes == smallest_arena(buffers, alignment, separations)
    assert packing.height_bytes == height_bytes(buffers, packing.offsets, alignment)
    assert packing.lower_bound_bytes <= packing.proven_bytes == packing.height_bytes
    assert packing.proof is not Proof.NONE


@given(buffer_sets(), st.integers(0, 200))
def test_within_a_capacity_is_what_the_smallest_arena_says(buffers, capacity):
    packing = pack(buffers, 1, capacity_bytes=capacity)
    assert (packing.height_bytes <= capacity) == (smallest_arena(buffers, 1) <= capacity)
    assert (packing.proven_bytes > capacity) == (packing.height_bytes > capacity)


@given(separated_sets(max_buffers=5), st.integers(0, 200))
def test_within_a_capacity_with_overlap_too(separated, capacity):
    buffers, separations = separated
    packing = pack(buffers, 1, separations, capacity_bytes=capacity)
    assert (packing.height_bytes <= capacity) == (smallest_arena(buffers, 1, separations) <= capacity)
    assert (packing.proven_bytes > capacity) == (packing.height_bytes > capacity)


@given(separated_sets(max_buffers=9))
def test_a_separation_of_its_own_size_changes_nothing(separated):
    buffers, _ = separated
    as_ever = {(i, j): b.size_bytes for i, b in enumerate(buffers) for j in range(len(buffers)) if i != j}
    assert pack(buffers, 16, as_ever).height_bytes <= pack(buffers, 16).height_bytes
    assert lower_bound_bytes(buffers, 16, as_ever) == lower_bound_bytes(buffers, 16)


@given(buffer_sets(max_buffers=9))
def test_the_best_order_wins(buffers):
    between = conflicts(buffers, 16, {})
    heights = [height_bytes(buffers, first_fit(between, order(buffers)), 16) for order in ORDERS.values()]
    assert pack(buffers, 16).height_bytes <= min(heights)


@given(separated_sets(max_buffers=9), st.permutations(range(9)))
def test_any_order_gives_a_packing_from_either_end(separated, order):
    buffers, separations = separated
    between = conflicts(buffers, 4, separations)
    order = [i for i in order if i < len(buffers)]
    assert faults(buffers, first_fit_from_above(between, order), 4, separations) == []
    for height in (0, lower_bound_bytes(buffers, 4, separations), 1000):
        assert faults(buffers, from_both_ends(between, order, height, True), 4, separations) == []


@given(separated_sets(max_buffers=9))
def test_a_mirror_twice_is_no_mirror(separated):
    buffers, separations = separated
    between = conflicts(buffers, 4, separations)
    assert between.mirrored().mirrored() == between


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
    between = conflicts([low, middle, high, late], 16, {})
    assert first_fit(between, [0, 1, 2, 3]) == (0, 32, 64, 32)


def chain(sizes):
    """Buffers of a chain of operators: each lives through the step that makes it and the next."""
    return [Buffer(i, size, Lifetime(i, i + 2)) for i, size in enumerate(sizes)]


def test_a_chain_that_grows_in_place_needs_its_largest_buffer_and_the_lag():
    buffers = chain([64, 128, 256, 512])
    grows = {(i + 1, i): 16 for i in range(3)}  # an output lies below its input, by 16 bytes at least
    packing = pack(buffers, 16, {**grows, (3, 2): 256})
    assert (packing.height_bytes, packing.proof) == (512, Proof.LOWER_BOUND)


def test_a_negative_separation_lets_the_upper_one_lie_lower():
    buffers = chain([64, 64])
    assert pack(buffers, 16, {(0, 1): -32}).height_bytes == 64


def test_three_in_one_step_that_share_are_bounded_by_the_bytes_they_cover():
    buffers = [Buffer(i, 64, Lifetime(0, 1)) for i in range(3)]
    packing = pack(buffers, 16, {(0, 1): 32, (1, 2): 32})
    assert packing.lower_bound_bytes == 3 * 64 - 2 * 32
    assert packing.offsets == (0, 32, 64)


def test_no_buffers_need_no_arena():
    packing = pack([], 16)
    assert (packing.offsets, packing.height_bytes, packing.proof) == ((), 0, Proof.LOWER_BOUND)
