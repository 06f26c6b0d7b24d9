"""What is done to a model beyond the converter: a recipe, as a value, from a TOML file or by name."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from quantize.errors import QuantizeError


@dataclass(frozen=True, slots=True)
class Recipe:
    """`bias_correction`: the mean of each layer's sums is made the float network's, in the int32 biases."""

    bias_correction: bool = False


NONE = Recipe()
STANDARD = Recipe(bias_correction=True)
NAMED = {"none": NONE, "standard": STANDARD}


def load(word: str) -> Recipe:
    """The recipe that a name or a TOML file says; what a file leaves out is off.

    Raises: QuantizeError, in one line, for another name, a file that is no TOML, an unknown key, or a value
    of another type.
    """
    if word in NAMED:
        return NAMED[word]
    path = Path(word)
    if not path.is_file():
        raise QuantizeError(f"recipe {word}: no such file, and none of auto, {', '.join(sorted(NAMED))}")
    try:
        table = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise QuantizeError(f"{path}: no TOML ({error}); correct it") from error
    known = {field.name: field for field in fields(Recipe)}
    for key, value in table.items():
        if key not in known:
            raise QuantizeError(f"{path}: unknown key {key}; a recipe may say {', '.join(known)}")
        wanted = type(known[key].default)
        if type(value) is not wanted:
            raise QuantizeError(f"{path}: {key} is {value!r}; give it as {wanted.__name__}")
    return Recipe(**table)
