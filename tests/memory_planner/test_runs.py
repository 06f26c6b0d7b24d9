"""Where the runs of a raster end."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from memory_planner.runs import rounded_up, run_ends


@given(st.integers(1, 6), st.integers(1, 9), st.integers(1, 40))
def test_a_count_is_rounded_up_to_the_first_run_that_ends_there_or_later(rows, row, run):
    pixels = rows * row
    ends = [0, *run_ends(pixels, row, run).tolist()]
    counts = np.arange(pixels + 1)
    expected = [next(end for end in ends if end >= count) for count in counts]
    assert rounded_up(counts, pixels, row, run).tolist() == expected
