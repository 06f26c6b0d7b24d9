"""The centre square and the pixel's way to the model's input, held to exact arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pictures import PIXEL_OFFSET, PIXEL_SCALE, input_table, sha256_of
from pictures.pixels import centre_square


@pytest.mark.parametrize("shape", [(5, 11), (11, 5), (6, 11), (7, 7)])
def test_the_square_is_cut_from_the_centre(shape):
    pixels = np.random.default_rng(5).integers(0, 256, (*shape, 3), dtype=np.uint8)
    side = min(shape)
    top, left = (shape[0] - side) // 2, (shape[1] - side) // 2
    cut = centre_square(Image.fromarray(pixels), side)
    assert (cut == pixels[top : top + side, left : left + side]).all()


def test_the_resize_is_pillows_of_the_cut_square():
    pixels = np.random.default_rng(5).integers(0, 256, (13, 37, 3), dtype=np.uint8)
    cut = Image.fromarray(np.ascontiguousarray(pixels[:, 12:25]))
    expected = np.asarray(cut.resize((5, 5), Image.Resampling.BILINEAR))
    assert (centre_square(Image.fromarray(pixels), 5) == expected).all()


def test_pixels_span_minus_one_to_one():
    assert (0 * PIXEL_SCALE + PIXEL_OFFSET, 255 * PIXEL_SCALE + PIXEL_OFFSET) == (-1.0, 1.0)


def test_the_usual_input_scale_gives_two_pixels_one_value():
    """scale 2/255 as float32 and zero point -1, the converter's choice for [-1, 1]: 127 and 128 become -1."""
    table = input_table(float(np.float32(2 / 255)), -1, np.int8).tolist()
    assert table == [*range(-128, 0), *range(-1, 127)]


@settings(deadline=None)
@given(st.floats(2**-13, 8, width=32), st.integers(-128, 127))
def test_the_table_is_the_nearest_integer_ties_upwards(scale, zero_point):
    table = input_table(scale, zero_point, np.int8)
    assert table.dtype == np.int8
    for p in (0, 1, 127, 128, 254, 255):
        exact = (Fraction(2 * p, 255) - 1) / Fraction(scale) + zero_point
        clamped = min(max(exact, Fraction(-128)), Fraction(127))
        assert -Fraction(1, 2) < int(table[p]) - clamped <= Fraction(1, 2)


def test_uint8_models_have_a_table_too():
    assert input_table(1 / 64, 128, np.uint8)[[0, 255]].tolist() == [64, 192]


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_a_scale_that_is_no_scale_is_refused(scale):
    with pytest.raises(ValueError, match="input scale"):
        input_table(scale, 0, np.int8)


def test_the_hash_knows_shape_and_pixels():
    flat = np.arange(24, dtype=np.uint8)
    hashes = {sha256_of(flat.reshape(shape)) for shape in [(2, 4, 3), (4, 2, 3), (1, 8, 3)]}
    assert len(hashes | {sha256_of(flat[::-1].reshape(2, 4, 3))}) == 4
