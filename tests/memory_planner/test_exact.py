"""The searches alone, on sets that first fit would have solved."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory_planner import exact, sides
from memory_planner.allocations import read
from memory_planner.conflicts import conflicts
from memory_planner.effort import Effort
from memory_planner.packing import height_bytes, pack
from memory_planner.types import Buffer, Lifetime, Proof
from tests.memory_planner.packings import buffer_sets, cut_sets, faults, separated_sets, smallest_arena


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


@settings(max_examples=50)
@given(cut_sets())
def test_what_was_cut_from_one_piece_is_put_together_again(cut):
    height, buffers = cut
    sizes, lifetimes = [b.size_bytes for b in buffers], [b.lifetime for b in buffers]
    offsets, proven = exact.lower(sizes, lifetimes, stacked(sizes), None, Effort(10**6))
    assert faults(buffers, offsets, 1) == []
    assert top(sizes, offsets) == proven == height


GAP = [(1, 3, 1), (2, 5, 1), (3, 6, 3), (5, 6, 2), (0, 2, 3), (1, 4, 1), (0, 1, 2)]


def test_a_gap_that_no_packing_closes_is_proven_by_search():
    buffers = [Buffer(i, size, Lifetime(start, end)) for i, (start, end, size) in enumerate(GAP)]
    packing = pack(buffers, 1)
    assert (packing.lower_bound_bytes, packing.height_bytes, packing.proof) == (5, 6, Proof.SEARCH)
    assert packing.gap_bytes == 0
    assert smallest_arena(buffers, 1) == 6


def test_what_fails_under_a_height_is_looked_at_again_under_the_next():
    buffers = [Buffer(i, size, Lifetime(start, end)) for i, (start, end, size) in enumerate(GAP)]
    sizes, lifetimes = [b.size_bytes for b in buffers], [b.lifetime for b in buffers]
    offsets, proven = exact.lower(sizes, lifetimes, stacked(sizes), None, Effort(10**6))
    assert top(sizes, offsets) == proven == 6
    assert sides.lower(conflicts(buffers, 1, {}), stacked(sizes), 5, None, Effort(10**6))[1] == 6


def test_without_effort_the_gap_is_told():
    buffers = [Buffer(i, size, Lifetime(start, end)) for i, (start, end, size) in enumerate(GAP)]
    packing = pack(buffers, 1, effort=Effort(0))
    assert (packing.proof, packing.gap_bytes) == (Proof.NONE, packing.height_bytes - 5)


def test_sets_apart_in_time_are_searched_apart():
    apart = [(start + 10 * n, end + 10 * n, size) for n in range(9) for start, end, size in GAP]
    buffers = [Buffer(i, size, Lifetime(start, end)) for i, (start, end, size) in enumerate(apart)]
    packing = pack(buffers, 1)
    assert (packing.height_bytes, packing.proof) == (6, Proof.SEARCH)


SETS = sorted((Path(__file__).resolve().parents[3] / "shared" / "minimalloc").glob("?.1048576.csv"))


@pytest.mark.skipif(not SETS, reason="../shared/minimalloc is not there")
@pytest.mark.parametrize("mirrored", [False, True], ids=["forward", "backward in time"])
@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_the_sets_that_minimalloc_calls_challenging_fit_their_capacity(path, mirrored):
    buffers = read(path).buffers
    if mirrored:
        buffers = [replace(b, lifetime=Lifetime(-b.lifetime.end, -b.lifetime.start)) for b in buffers[::-1]]
    packing = pack(buffers, 1, capacity_bytes=1_048_576, effort=Effort(10**6))
    assert faults(buffers, packing.offsets, 1) == []
    assert height_bytes(buffers, packing.offsets, 1) == packing.height_bytes <= 1_048_576
