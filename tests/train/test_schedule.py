"""Budget, stages and learning rate, as laws of progress."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.errors import TrainError
from train.recipe import FINE_TUNE, SCRATCH, Recipe, Stage
from train.schedule import Budget, first_plan, learning_rate, plan, stage_at

PROGRESS = st.floats(0, 1)
RECIPES = st.sampled_from([SCRATCH, FINE_TUNE])


@given(RECIPES, PROGRESS, PROGRESS)
def test_stages_only_go_forward_and_end_at_the_final_resolution(recipe: Recipe, one: float, other: float):
    early, late = sorted((one, other))
    assert stage_at(recipe, early) <= stage_at(recipe, late)
    assert recipe.stages[stage_at(recipe, 1.0)].res_px(224) == 224


@given(RECIPES, PROGRESS)
def test_the_rate_stays_between_zero_and_its_peak(recipe: Recipe, progress: float):
    peak = max(recipe.peak_learning_rate, recipe.classifier_learning_rate)
    assert 0 <= learning_rate(recipe, progress) <= peak


@pytest.mark.parametrize("recipe", [SCRATCH, FINE_TUNE], ids=lambda recipe: recipe.name)
def test_the_rate_ends_at_zero(recipe: Recipe):
    assert learning_rate(recipe, 1.0) == 0.0


def test_all_layers_start_from_rate_zero_after_the_classifier_stage():
    head = FINE_TUNE.stages[0].time_share
    assert FINE_TUNE.stages[0].trains == "classifier"
    assert learning_rate(FINE_TUNE, 0.0) == FINE_TUNE.classifier_learning_rate
    assert learning_rate(FINE_TUNE, head) == 0.0


@given(st.integers(1, 20), st.floats(0.05, 1.0))
def test_a_stage_resolution_is_a_multiple_of_32_no_larger_than_the_final(multiple: int, share: float):
    side = Stage(1.0, share).res_px(32 * multiple)
    assert side % 32 == 0
    assert 32 <= side <= 32 * multiple


@given(st.integers(2, 10), st.floats(0.01, 1e4), st.floats(0.01, 1e4))
def test_more_time_never_lowers_a_resolution(multiple: int, one: float, other: float):
    short, long = (plan(SCRATCH, 32 * multiple, 64, epochs) for epochs in sorted((one, other)))
    assert all(low <= high for low, high in zip(short, long, strict=True))
    for planned in (short, long):
        assert list(planned) == sorted(planned)
        assert planned[-1] == 32 * multiple


@given(st.floats(0.01, 1e4))
def test_fine_tuning_keeps_its_resolutions_whatever_the_speed(epochs: float):
    assert plan(FINE_TUNE, 224, 64, epochs) == first_plan(FINE_TUNE, 224) == (160, 160, 224)


def test_only_time_between_steps_of_one_session_counts():
    now = [100.0]
    budget = Budget(minutes=1, clock=lambda: now[0])
    budget.start()
    now[0] += 15
    assert budget.spend() == 0.25
    resumed = Budget(minutes=1, clock=lambda: now[0], spent_s=budget.spent_s, spent_steps=budget.spent_steps)
    now[0] += 1000  # the machine did something else
    resumed.start()
    now[0] += 30
    assert resumed.spend() == 0.75
    assert resumed.spent_steps == 2
    now[0] += 30
    assert resumed.spend() == 1.0


def test_a_budget_of_steps_does_not_look_at_the_clock():
    def never() -> float:
        return 1e9 * budget.spent_steps

    budget = Budget(steps=4, clock=never)
    budget.start()
    assert [budget.spend() for _ in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]


@pytest.mark.parametrize("given_", [{}, {"minutes": 1.0, "steps": 1}, {"minutes": 0.0}, {"steps": -1}])
def test_a_budget_that_says_nothing_is_refused(given_: dict):
    with pytest.raises(TrainError):
        Budget(**given_)


def test_a_recipe_that_leaves_part_of_the_budget_is_refused():
    with pytest.raises(TrainError, match=r"share out 0\.5 of the budget"):
        dataclasses.replace(SCRATCH, stages=(Stage(0.5, 1.0),))
