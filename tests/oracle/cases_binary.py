"""What hypothesis chooses for operators of two operands."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tests.oracle.choices import ACTIVATIONS, CHANNELS, PRIMES, SCALES, SEEDS, ZERO_POINTS, int8
from tests.oracle.single_op import Case, model, options, quantized


@st.composite
def add(draw: st.DrawFn) -> Case:
    rng = np.random.default_rng(draw(SEEDS))
    shape = (1, draw(PRIMES), draw(PRIMES), draw(CHANNELS))
    other = draw(st.sampled_from([shape, shape, (1, 1, 1, shape[3]), (1, shape[1], 1, 1), (1, 1, 1, 1)]))
    a, b = (
        quantized(shape, draw(SCALES), draw(ZERO_POINTS)),
        quantized(other, draw(SCALES), draw(ZERO_POINTS)),
    )
    scale = float(np.float32(max(a.scales[0], b.scales[0]) * rng.choice([2.0, 1.0, 0.77, 0.01])))
    ofm = quantized(shape, scale, draw(ZERO_POINTS))
    table = options("AddOptions", fusedActivationFunction=draw(ACTIVATIONS))
    blob = model("ADD", [a, b], ofm, table)
    return Case(blob, (int8(rng, shape), int8(rng, other)), f"{a} {b} {ofm}")


CASES = {
    "ADD": add(),
}
