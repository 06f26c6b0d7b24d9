"""Compile loops before they are needed, packing's too: `python -m firmware_sim.warm`, as `make setup` does.

Done again it takes them from their folder, in a second.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from firmware_sim import compiled_float, compiled_resize, compiled_softmax
from firmware_sim.ops.kernel import Workspace
from firmware_sim.ops.products import Depthwise, Product
from firmware_sim.ops.scaling import AnyRequantization
from firmware_sim.requantization import Clamp, FloatRequantization, HalfEvenRequantization, Requantization
from graph.attrs import Padding
from graph.types import DType
from graph.windows import Window, axis_of
from memory_planner import exact
from memory_planner.effort import Effort
from memory_planner.types import Lifetime


def warm() -> None:
    """Run each loop, once, on a picture of one pixel."""
    axis = axis_of(Padding.SAME, 1, 1, 1)
    window, space, bias = Window(axis, axis, 1, 1), Workspace(), np.zeros(1, np.int64)
    ifm, ofm, weights = (np.zeros((1, 1, 1, 1), np.int8) for _ in range(3))
    for scaling in _scalings():
        for quads in (None, False):
            product = Product(weights[0, 0], bias, 0, scaling, DType.INT8, window, quads=quads)
            product.convolve(ifm, ofm, space)
        if not isinstance(scaling, FloatRequantization):  # which only FULLY_CONNECTED has
            Depthwise(weights[0], bias, 0, scaling, DType.INT8, window).convolve(ifm, ofm, space)
    real = np.zeros((1, 1, 1, 1), np.float32)
    compiled_float.convolve(real, real, window.geometry, np.empty_like(real))
    compiled_softmax.shares(
        np.zeros((1, 1), np.int16), np.zeros(256, np.int64), 8, 31, np.zeros((1, 1), np.int64)
    )
    place, weight = np.zeros((2, 2), np.int64), np.zeros((2, 1), np.int64)
    compiled_resize.blend_steps(ifm, place, weight, weight, ofm)
    compiled_resize.blend_floats(
        ifm.view(np.uint8), place, *[weight.astype(np.float32)] * 2, ofm.view(np.uint8)
    )

    exact.lower([1], [Lifetime(0, 1)], [1], None, Effort(1))


def _scalings() -> Iterator[AnyRequantization]:
    clamp, one = Clamp(-128, 127, saturates_low=True, saturates_high=True), np.ones(1)
    yield Requantization(np.full(1, 1 << 30), np.zeros(1, np.int64), 0, clamp, DType.INT8)
    yield FloatRequantization(one, 0, clamp, DType.INT8)
    yield HalfEvenRequantization(one.astype(np.float32), 0, clamp, DType.INT8)


if __name__ == "__main__":
    warm()
