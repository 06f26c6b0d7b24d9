"""What compare counts: bytes, the largest difference, and where it is first."""

import numpy as np

from firmware_sim.compare import Comparison, TensorCount, as_json
from firmware_sim.sides import Named


def counted(ours: np.ndarray, theirs: np.ndarray) -> TensorCount:
    count = TensorCount(tensor=3, name="t", op=7, kind="ADD")
    count.add(0, ours, ours)
    count.add(1, ours, theirs)
    return count


def test_bytes_are_counted_and_the_first_element_is_named():
    theirs = np.array([[1, 2, -128], [4, 6, 6]], np.int8)
    count = counted(np.array([[1, 2, 127], [4, 5, 6]], np.int8), theirs)
    assert (count.bytes_compared, count.bytes_different, count.max_abs_difference) == (12, 2, 255)
    first = count.first
    assert (first.sample, first.index, first.ours, first.theirs) == (1, (0, 2), 127, -128)


def test_of_an_int32_only_the_bytes_that_differ_count():
    count = counted(np.array([256, 1], np.int32), np.array([512, 1], np.int32))
    assert (count.bytes_compared, count.bytes_different, count.max_abs_difference) == (16, 1, 256)


def test_float32_differs_by_last_places_also_across_zero():
    tiny = np.float32(1e-45)
    assert counted(np.array([1.0], np.float32), np.nextafter(np.float32([1.0]), 2)).max_abs_difference == 1
    assert counted(np.array([-tiny]), np.array([tiny])).max_abs_difference == 2


def test_the_first_difference_is_the_first_in_the_order_of_operators():
    late = counted(np.array([0], np.int8), np.array([1], np.int8))
    early = TensorCount(tensor=9, name="u", op=1, kind="PAD")
    early.add(5, np.array([0], np.int8), np.array([2], np.int8))
    answer = Comparison(Named("tflm", "sixmeg 0"), Named("oracle:tflite-ref", "v 1"), 6, (early, late))
    told = as_json(answer, "m.tflite", b"", 1)
    assert told["first_difference"]["tensor"] == 9
    assert (told["numerics"], told["oracle"], told["oracle_version"]) == ("tflm", "tflite-ref", "v 1")
    assert told["between"][1] == {"side": "oracle:tflite-ref", "version": "v 1"}
    assert (answer.bytes_different, answer.max_abs_difference) == (2, 2)


def test_batches_counted_apart_and_merged_are_the_whole():
    ours, theirs = np.array([[1, 2], [3, 4]], np.int8), np.array([[1, 9], [3, 5]], np.int8)
    whole, first, second = (TensorCount(3, "t", 7, "ADD") for _ in range(3))
    for sample in (0, 1):
        whole.add(sample, ours[sample], theirs[sample])
    first.add(0, ours[0], theirs[0])
    second.add(1, ours[1], theirs[1])
    first.merge(second)
    assert first == whole
    assert (whole.first.sample, whole.max_abs_difference) == (0, 7)
