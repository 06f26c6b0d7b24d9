"""What is done to a model beyond the converter: a recipe, as a value, from a TOML file or by name."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from quantize.errors import QuantizeError


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is on.

    `calibrator`: which ranges activations span (`quantize.calibrators`), `percentile` of that one;
    `equalization`: channels that are brought to one range, `equalization_limit` the largest factor;
    `rounding`: how weights become integers, `damping` of `compensated`;
    `bias_correction`: the mean of each layer's sums is made the float network's, in the int32 biases.
    """

    calibrator: str = "min-max"
    percentile: float = 99.99
    equalization: str = "none"
    equalization_limit: float = 16.0
    rounding: str = "nearest"
    damping: float = 0.01
    bias_correction: bool = False


CHOICES = {
    "calibrator": ("min-max", "percentile", "mse", "entropy"),
    "equalization": ("none", "depthwise", "all"),
    "rounding": ("nearest", "compensated"),
}
LIMITS = {"percentile": (50.0, 100.0), "equalization_limit": (1.0, 1e6), "damping": (1e-6, 1.0)}

NONE = Recipe()
STANDARD = Recipe(equalization="depthwise", rounding="compensated", bias_correction=True)
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
        table[key] = _checked(path, key, value, type(known[key].default))
    return Recipe(**table)


def _checked(path: Path, key: str, value: Any, wanted: Any) -> Any:
    if wanted is float and type(value) is int:
        value = float(value)
    if type(value) is not wanted:
        raise QuantizeError(f"{path}: {key} is {value!r}; give it as {wanted.__name__}")
    if key in CHOICES and value not in CHOICES[key]:
        raise QuantizeError(f"{path}: {key} is {value!r}; give one of {', '.join(CHOICES[key])}")
    if key in LIMITS and not LIMITS[key][0] <= float(value) <= LIMITS[key][1]:
        raise QuantizeError(f"{path}: {key} is {value}; give {LIMITS[key][0]:g} to {LIMITS[key][1]:g}")
    return value
