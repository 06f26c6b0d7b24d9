"""What compare counts: bytes, the largest difference, and where it is first."""

import numpy as np

from firmware_sim.compare import Comparison, TensorCount, as_json


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
    answer = Comparison("tflm", "v", "tflm", 6, (early, late))
    assert as_json(answer, "m.tflite", b"", 1)["first_difference"]["tensor"] == 9
    assert (answer.bytes_different, answer.max_abs_difference) == (2, 2)
