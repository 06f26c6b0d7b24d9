"""What all operators' cases choose from."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from firmware_sim.oracles import Oracle

REFERENCES = (Oracle.TFLM, Oracle.TFLITE_REF)
"""The runtimes that every kernel is held to; LiteRT's delegate, which takes some, has test_xnnpack.py."""

PRIMES = st.sampled_from([2, 3, 5, 7, 11])
SMALL = st.sampled_from([1, 2, 3, 5])
CHANNELS = st.sampled_from([1, 2, 3, 5, 7, 13, 17])
ZERO_POINTS = st.sampled_from([-128, -127, -3, 0, 5, 127])
# Powers of two put accumulators exactly on rounding ties; the others are what converters write.
SCALES = st.sampled_from([0.5, 0.25, 0.0625, 0.00392156885936856, 0.0235294122248888, 0.047058, 0.1103])
ACTIVATIONS = st.sampled_from([0, 1, 2, 3])
SEEDS = st.integers(0, 2**31)


def scale_on_a_tie(rng: np.random.Generator, reals: np.ndarray, highest: int, step: float) -> float:
    """An output's scale that puts one of `reals` where two roundings leave one output for the next.

        half - 2**(shift - 1)                      # shift of the multiplier step / scale

    Only float32's rounding keeps it off that tie, so that a constant that is wrong in its last places shows.
    `step`: the real value of an accumulator's 1; `highest`: the largest output.
    """
    real = np.abs(rng.choice(np.asarray(reals, np.float64).reshape(-1)))
    half = rng.integers(highest // 8, highest) + 0.5
    if not real:
        return 1.0
    shift = math.frexp(step * half / real)[1]
    return float(np.float32(real / (half - (2.0 ** (shift - 1) if shift < 0 else 0.0))))


def int8(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Random bytes; one in eight sits at an end of the range."""
    values = rng.integers(-128, 128, shape)
    ends = rng.choice([-128, 127], shape)
    return np.where(rng.random(shape) < 0.125, ends, values).astype(np.int8)
