"""Batches: every picture once in an epoch, scaled as everywhere, augmented as the recipe says."""

import dataclasses
from itertools import islice

import numpy as np
import pytest

import pictures
from train import pipeline
from train.errors import TrainError
from train.recipe import SCRATCH

PLAIN = dataclasses.replace(SCRATCH, flip=False, translate=0.0, zoom=0.0, batch=24)


@pytest.fixture(scope="module")
def split(colours_folder):
    return pictures.load(str(colours_folder)).train


def first(split, recipe, count, res=32, seed=0):
    fetch = pipeline.keep(split, 32)
    stream = pipeline.batches(fetch, split.labels, 32, res, 3, recipe, seed)
    return [(np.array(x), np.array(y)) for x, y in islice(stream, count)]


def test_an_epoch_holds_every_picture_once_with_its_label(split):
    seen = sorted(
        (round(float(x.mean()), 5), int(y.argmax()))
        for xs, ys in first(split, PLAIN, 3)
        for x, y in zip(xs, ys, strict=True)
    )
    pixels = split.read(range(len(split)), 32).astype(np.float32) / 127.5 - 1
    expected = sorted(
        (round(float(x.mean()), 5), int(label)) for x, label in zip(pixels, split.labels, strict=True)
    )
    assert [label for _, label in seen] == [label for _, label in expected]
    np.testing.assert_allclose([mean for mean, _ in seen], [mean for mean, _ in expected], atol=2e-5)


def test_batches_come_at_the_stages_resolution_within_minus_one_and_one(split):
    ((x, y),) = first(split, SCRATCH, 1, res=64)
    assert x.shape == (64, 64, 64, 3)
    assert y.shape == (64, 3)
    assert -1 <= x.min() < -0.5 < 0.5 < x.max() <= 1.0001


def test_batches_depend_on_the_seed_alone(split):
    one, again = first(split, SCRATCH, 2, seed=1), first(split, SCRATCH, 2, seed=1)
    other = first(split, SCRATCH, 2, seed=2)
    for (x, _), (expected, _) in zip(one, again, strict=True):
        np.testing.assert_array_equal(x, expected)
    assert not np.array_equal(one[0][0], other[0][0])


@pytest.mark.parametrize("wanted", [{"flip": True}, {"translate": 0.2}, {"zoom": 0.2}])
def test_each_augmentation_moves_pixels(split, wanted):
    ((plain, _),) = first(split, PLAIN, 1)
    ((moved, _),) = first(split, dataclasses.replace(PLAIN, **wanted), 1)
    assert np.abs(moved - plain).max() > 0.1
    assert len(pipeline.augmentation(dataclasses.replace(PLAIN, **wanted), 0)) == 1


def test_a_set_smaller_than_a_batch_makes_batches_of_all(split):
    ((x, _),) = first(split, dataclasses.replace(PLAIN, batch=1000), 1)
    assert len(x) == len(split) == 72


def test_pictures_that_do_not_fit_into_memory_are_decoded_again(split, monkeypatch):
    kept = pipeline.keep(split, 32)
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT_BYTES", 72 * 32 * 32 * 3 - 1)
    again = pipeline.keep(split, 32)
    indices = np.array([5, 0, 5, 71])
    np.testing.assert_array_equal(again(indices), kept(indices))


def test_small_pictures_are_kept_at_their_own_size(split):
    assert pipeline.stored_px(split, 96) == 96  # 40x32: not square, so no size of its own
    native = dataclasses.replace(split, native_px=32)
    assert pipeline.stored_px(native, 160) == 32
    assert pipeline.stored_px(dataclasses.replace(split, native_px=256), 160) == 160


def test_a_picture_that_fails_on_the_way_is_said_in_one_line(split):
    def broken(indices):
        raise pictures.DataError("flowers/rose.jpg cannot be decoded")

    stream = pipeline.batches(broken, split.labels, 32, 32, 3, PLAIN, 0)
    with pytest.raises(TrainError) as raised:
        next(stream)
    assert str(raised.value) == "DataError: flowers/rose.jpg cannot be decoded"
