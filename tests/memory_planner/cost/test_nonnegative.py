import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from memory_planner.cost.nonnegative import nonnegative_least_squares

sizes = st.tuples(st.integers(2, 7), st.integers(1, 4))


@given(sizes, st.integers(0, 2**32 - 1))
def test_the_answer_meets_the_conditions_of_kuhn_and_tucker(size, seed):
    random = np.random.default_rng(seed)
    features, wanted = random.normal(size=size), random.normal(size=size[0])
    found = nonnegative_least_squares(features, wanted)
    slope = features.T @ (wanted - features @ found)
    assert (found >= 0).all()
    assert (slope <= 1e-7).all()
    assert np.abs(slope[found > 0]).max(initial=0) < 1e-7


@given(st.integers(0, 2**32 - 1))
def test_what_no_error_hides_is_found_whatever_the_scale(seed):
    random = np.random.default_rng(seed)
    features = random.uniform(1, 9, size=(7, 3)) * [1e-6, 1, 1e6]
    told = random.uniform(0.5, 2, size=3) * [1e6, 1, 1e-6]
    assert np.allclose(nonnegative_least_squares(features, features @ told), told, rtol=1e-6)
