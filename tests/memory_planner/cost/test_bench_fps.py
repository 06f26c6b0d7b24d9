"""The tables of README.md and docs/fps.md are what the estimates are now."""

from pathlib import Path

import pytest

from benchmarks import fps
from benchmarks.pages import END

ROOT = Path(__file__).resolve().parents[3]


def block(page, mark):
    return (ROOT / page).read_text().split(mark)[1].split(END)[0].strip()


@pytest.fixture(scope="module")
def found():
    return fps.found()


@pytest.mark.parametrize("page", ["README.md", "docs/fps.md"])
def test_the_sizes_are_those_that_the_command_makes(found, page):
    assert fps.sizes_table(found) == block(page, fps.BEGIN)


def test_the_picture_is_the_one_that_the_command_draws(found):
    assert fps.picture(found) == (ROOT / "docs" / "fps.svg").read_text()


@pytest.mark.slow
def test_streamed_and_whole_plans_are_those_that_the_command_makes():
    made = fps.plans_table(fps.load(fps.PLANNED_ON), 1.0, 224)
    assert made == block("docs/fps.md", "<!-- plans by make bench-fps -->")
