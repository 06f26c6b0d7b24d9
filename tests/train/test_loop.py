"""What a course remembers of its stages, and how it plans them."""

from pathlib import Path

import pytest

from train.loop import Course, StageRecord, running_mean
from train.recipe import FINE_TUNE, SCRATCH
from train.schedule import Budget


def course(recipe=SCRATCH, **budget) -> Course:
    nowhere = Path("nowhere")
    return Course(
        network=None,
        optimizer=None,
        recipe=recipe,
        budget=Budget(**budget),
        open_stream=lambda res, seed: iter(()),
        samples=1000,
        final_px=160,
        seed=0,
        run={},
        checkpoint_file=nowhere / "state.npz",
        logs=nowhere / "logs",
    )


def test_a_slow_machine_keeps_the_small_first_stage_and_a_fast_one_does_not():
    slow, fast = course(minutes=10), course(minutes=10)
    slow.plan(64, 20.0)  # 12 epochs in all, 7.2 in the first stage
    fast.plan(64, 100.0)  # 60 epochs, 36 in the first stage at 64 px, 9 at 128 px
    assert slow.res_px == (64, 96, 160)
    assert fast.res_px == (128, 128, 160)
    assert slow.planned and fast.planned


def test_an_exact_number_of_steps_is_never_planned_by_speed():
    assert course(steps=100).planned
    assert not course(minutes=1).planned


def test_a_new_resolution_in_a_stage_opens_a_record_of_its_own():
    found = course(minutes=10)
    first = found.record(0)
    first.count(64, 2.0, 0.1, 1000)
    assert found.record(0) is first
    found.plan(64, 100.0)
    second = found.record(0)
    assert [(record.stage, record.res_px) for record in found.records] == [(1, 64), (1, 128)]
    assert found.record(0) is second
    assert found.record(1) is not second
    assert [record.stage for record in found.records] == [1, 1, 2]


def test_a_record_keeps_its_first_and_last_rate_and_counts():
    record = StageRecord(1, 64, "all")
    record.count(32, 1.0, 0.0, 128)
    record.count(32, 1.0, 0.5, 128)
    assert (record.learning_rate_first, record.learning_rate_last) == (0.0, 0.5)
    assert (record.steps, record.images, record.epochs, record.seconds) == (2, 64, 0.5, 2.0)
    assert str(record) == "64 px, 0.50 epochs, 32 pictures/s, loss 0.000"


def test_stages_of_fine_tuning_are_records_by_what_they_train():
    found = course(FINE_TUNE, minutes=10)
    assert [(found.record(index).trains, found.record(index).res_px) for index in range(3)] == [
        ("classifier", 128),  # 0.7 * 160 = 112, of which 3.5 rounds to even
        ("all", 128),
        ("all", 160),
    ]


def test_the_running_mean_is_exact_at_first_and_forgets_later():
    mean = 0.0
    for count in range(1, 11):
        mean = running_mean(mean, float(count), count)
    assert mean == pytest.approx(5.5)
    for count in range(11, 2000):
        mean = running_mean(mean, 1.0, count)
    assert mean == pytest.approx(1.0)
