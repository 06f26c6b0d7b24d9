"""Recipe files: what they may say, and what they are told."""

import pytest

from quantize import recipe
from quantize.errors import QuantizeError


def test_what_a_file_leaves_out_is_off(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("")
    assert recipe.load(str(path)) == recipe.NONE
    path.write_text("bias_correction = true\ndamping = 1\n")
    assert recipe.load(str(path)) == recipe.Recipe(bias_correction=True, damping=1.0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("bias_corection = true", "unknown key bias_corection"),
        ("bias_correction = 1", "bias_correction is 1"),
        ("bias_correction", "no TOML"),
        ('rounding = "up"', "give one of nearest, compensated"),
        ("damping = 7", "give 1e-06 to 1"),
    ],
)
def test_a_wrong_file_is_named_in_one_line(tmp_path, text, says):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(QuantizeError, match=says) as caught:
        recipe.load(str(path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_word_that_is_no_recipe_is_told_the_names():
    with pytest.raises(QuantizeError, match="none of auto, none, standard"):
        recipe.load("magic")
