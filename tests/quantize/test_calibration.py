"""The calibration list: of train alone, equal parts, hashes that can be recomputed from what is written."""

import hashlib
import json
from collections import Counter

from pictures import sha256_of
from quantize import calibration


def test_samples_come_from_train_in_equal_parts(colours):
    record = calibration.draw(colours, 12, 0, 32).record
    names = [sample["name"] for sample in record["samples"]]
    assert Counter(sample["class"] for sample in record["samples"]) == {"blue": 4, "green": 4, "red": 4}
    assert set(names) <= set(colours.train.names)
    assert not set(names) & set(colours.test.names)
    assert (record["split"], record["data"], record["seed"]) == ("train", colours.word, 0)


def test_a_sample_carries_the_hash_of_the_pixels_that_were_used(colours):
    drawn = calibration.draw(colours, 5, 0, 16)
    for sample, picture in zip(drawn.record["samples"], drawn.pixels, strict=True):
        index = colours.train.names.index(sample["name"])
        assert sample["sha256"] == sha256_of(colours.train.read([index], 16)[0]) == sha256_of(picture)


def test_the_lists_hash_is_that_of_its_json_without_spaces(colours):
    record = json.loads(json.dumps(calibration.draw(colours, 5, 0, 16).record))
    written = json.dumps(record["samples"], separators=(",", ":")).encode()
    assert record["sha256"] == hashlib.sha256(written).hexdigest()


def test_another_seed_draws_another_list(colours):
    one, other = (calibration.draw(colours, 9, seed, 16).record for seed in (0, 1))
    assert one["sha256"] != other["sha256"]
    assert one["sha256"] == calibration.draw(colours, 9, 0, 16).record["sha256"]


def test_all_of_train_is_taken_where_it_is_smaller_than_asked(colours):
    assert len(calibration.draw(colours, 10_000, 0, 16).record["samples"]) == len(colours.train)
