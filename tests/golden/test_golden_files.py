"""Golden files are what their scripts write."""

from pathlib import Path

from tests.golden import make_fixed_point


def test_fixed_point_vectors_made_again_are_the_same():
    assert make_fixed_point.text() == Path(__file__).with_name("fixed_point.json").read_text()
