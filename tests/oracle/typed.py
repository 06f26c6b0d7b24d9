"""Activations and numbers of any type, for operators that choose among them or sum them."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tests.oracle.choices import ZERO_POINTS
from tests.oracle.layer_parts import numbers
from tests.oracle.single_op import Spec, quantized

QUANTIZED = ("int8", "uint8", "int16")


def zero_point(dtype: str) -> st.SearchStrategy[int]:
    """int8's own; shifted for uint8; 0 for int16, as the runtimes ask."""
    return st.just(0) if dtype == "int16" else ZERO_POINTS.map(lambda z: z + 128 * (dtype == "uint8"))


def activation(shape: tuple[int, ...], dtype: str, scale: float, zero: int) -> Spec:
    """Quantized where the type is."""
    return quantized(shape, scale, zero, dtype) if dtype in QUANTIZED else Spec(shape, dtype)


def selectable(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Numbers with ties, infinities and NaN, for operators that choose among them."""
    values = numbers(rng, shape, dtype)
    if dtype == "float32":
        odd = rng.choice(np.array([0.0, -0.0, np.inf, -np.inf, np.nan], np.float32), shape)
        values = np.where(rng.random(shape) < 0.3, odd, values)
    return values
