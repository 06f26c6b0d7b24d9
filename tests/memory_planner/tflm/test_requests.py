"""The smallest arena is the smallest: laws of the allocator's rules, and of the greedy planner's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memory_planner.tflm.greedy import Requirement, greedy_offsets, height_bytes
from memory_planner.tflm.requests import Request, Verb, needed_bytes, suffices, tails

ALIGNMENTS = st.sampled_from([1, 4, 8, 16])
REQUESTS = st.lists(
    st.builds(Request, st.sampled_from(list(Verb)), st.integers(0, 97), ALIGNMENTS), max_size=12
)


@given(REQUESTS, st.integers(1, 64))
def test_one_byte_less_than_needed_fails_and_any_more_succeeds(requests, more):
    needed = needed_bytes(requests)
    assert suffices(requests, needed)
    assert suffices(requests, needed + more)
    assert needed == 0 or not suffices(requests, needed - 1)


@given(REQUESTS)
def test_what_the_runtime_accepts_is_never_more_than_what_is_needed(requests):
    assert needed_bytes(requests, checked=False) <= needed_bytes(requests)


def test_a_tail_grows_down_to_multiples_of_its_alignment():
    requests = [Request(Verb.TAIL, 10, 8), Request(Verb.TAIL, 1, 16), Request(Verb.TAIL, 4, 4)]
    assert tails(requests, 128) == [16, 32, 36]
    assert needed_bytes(requests) == 24 + 10  # the second begins at 16, so the first not below 24


def test_the_planners_own_table_must_fit_between_temporary_bytes_and_tail():
    requests = [Request(Verb.TAIL, 16, 16), Request(Verb.TEMP, 1), Request(Verb.PLAN, 40)]
    assert needed_bytes(requests) == 16 + 48 + 16
    assert needed_bytes([Request(Verb.TEMP, 1), Request(Verb.PLAN, 1)]) == 16 + 16


REQUIREMENTS = st.builds(
    lambda size, first, length: Requirement(16 * size, first, first + length),
    st.integers(1, 9),
    st.integers(0, 6),
    st.integers(0, 3),
)


@given(st.lists(REQUIREMENTS, max_size=9), st.integers(0, 9))
def test_buffers_in_use_together_lie_apart_and_given_offsets_stay(requirements, given_offset):
    if requirements:
        first = requirements[0]
        requirements[0] = Requirement(first.size_bytes, first.first, first.last, 16 * given_offset)
    offsets = greedy_offsets(requirements)
    assert not requirements or offsets[0] == 16 * given_offset
    placed = list(zip(requirements, offsets, strict=True))
    for n, (a, at) in enumerate(placed):
        for b, bt in placed[n + 1 :]:
            together = a.first <= b.last and b.first <= a.last
            assert not together or at + a.size_bytes <= bt or bt + b.size_bytes <= at
    assert height_bytes(requirements, offsets) == max((o + r.size_bytes for r, o in placed), default=0)


def test_of_equal_buffers_the_last_is_placed_first():
    assert greedy_offsets([Requirement(16, 0, 0), Requirement(16, 0, 0)]) == (16, 0)
