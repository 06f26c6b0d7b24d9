"""The fast path of matrix products: int8 by BLAS in floating point, exact, then one compiled scaling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from firmware_sim.fixed_point import wrap_int32
from firmware_sim.ops.kernel import Workspace
from firmware_sim.requantization import Requantization
from firmware_sim.windows import Window

LARGEST_INT8 = 128
EXACT_FLOAT32 = 1 << 24
BLOCK_BYTES = 1 << 19
"""Scratch of one block of pixels: half of a level-2 cache, so that product and scaling meet there."""


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """A requantization as the compiled loops take it.

    Shapes: channels (5,O) int32 (multiplier, left, right, half, tie), ends (5,) int64 (zero_point, low, high,
        count below, count above).
    """

    channels: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, requantization: Requantization) -> Scaling:
        right = np.maximum(-requantization.shifts, 0)
        left = np.maximum(requantization.shifts, 0)
        half = (np.int64(1) << right) >> 1
        rows = [requantization.multipliers, left, right, half, (right > 0).astype(np.int64)]
        clamp = requantization.clamp
        never = 1 << 40
        below = clamp.low if clamp.saturates_low else -never
        above = clamp.high if clamp.saturates_high else never
        ends = [requantization.zero_point, clamp.low, clamp.high, below, above]
        return cls(np.stack(rows).astype(np.int32), np.array(ends, np.int64))


class Product:
    """ofm = requantize(ifm @ weights.T + bias), with the zero point of the ifm folded into the bias.

        acc[p,o] = sum(ifm[p,k] * weights[o,k] for k)              # in floating point, exact
        ofm[p,o] = requantize(acc[p,o] + bias[o] - zero_point * sum(weights[o,k] for k))

    Float32 serves while sum|weights[o]| * 128 <= 2**24 in every channel o: then each product and each partial
    sum, in whatever order BLAS forms them and with or without fused multiply-add, is an integer of at most 24
    bits, which float32 holds. Beyond that float64 does the same up to 2**53.

    Shapes: weights (O,K) int8, bias (O,) int64; rows of ifm are (P,K).
    """

    def __init__(
        self, weights: np.ndarray, bias: np.ndarray, zero_point: int, requantization: Requantization
    ) -> None:
        wide = weights.astype(np.int64)
        heaviest = int(np.abs(wide).sum(axis=1).max(initial=0))
        self.dtype = np.dtype(np.float32 if heaviest * LARGEST_INT8 <= EXACT_FLOAT32 else np.float64)
        self.weights = np.ascontiguousarray(wide.T.astype(self.dtype))
        self.folded = wrap_int32(bias - zero_point * wide.sum(axis=1)).astype(np.int32)
        self.zero_point = zero_point
        self.scaling = Scaling.of(requantization)

    @property
    def block(self) -> int:
        """Pixels at a time."""
        inputs, outputs = self.weights.shape
        return max(64, BLOCK_BYTES // (self.dtype.itemsize * (inputs + outputs)))


def multiply(product: Product, rows: np.ndarray, acc: np.ndarray, ofm: np.ndarray) -> int:
    """Fill ofm (P,O) int8 from rows (P,K) that are floating point already; gives how many saturated."""
    from firmware_sim import compiled  # numba: only when something runs

    np.matmul(rows, product.weights, out=acc)
    scaling = product.scaling
    return int(compiled.requantize(acc, product.folded, scaling.channels, scaling.ends, ofm))


def convolve(product: Product, window: Window, ifm: np.ndarray, ofm: np.ndarray, space: Workspace) -> int:
    """A dense convolution, block by block of output pixels; gives how many elements saturated.

    Shapes: ifm (N,H,W,C) int8, ofm (N,OH,OW,O) int8.
    """
    from firmware_sim import compiled

    inputs, outputs = product.weights.shape
    pixels = ofm.reshape(-1, outputs)
    geometry = window.geometry
    direct = window.is_pointwise
    saturated = 0
    for first in range(0, len(pixels), product.block):
        out = pixels[first : first + product.block]
        rows = space.take("rows", (len(out), inputs), product.dtype)
        acc = space.take("acc", (len(out), outputs), product.dtype)
        if direct:
            np.copyto(rows, ifm.reshape(-1, inputs)[first : first + len(out)])
        else:
            size = (window.rows.size, window.cols.size)
            shape = (window.rows.outputs, window.cols.outputs)
            compiled.patches(ifm, geometry, *size, product.zero_point, *shape, first, rows)
        saturated += multiply(product, rows, acc, out)
    return saturated
