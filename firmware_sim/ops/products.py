"""The fast path of convolutions and matrix products: exact sums, then one compiled scaling.

    product = Product(weights, bias, zero_point, requantization)         # once
    saturated = convolve(product, window, ifm, ofm, workspace)           # for each picture

Weights are given as they count: integers from which their own zero point is taken already. Sums are integers
in int32 all the way, so they are exact in any order, and wrap where the firmware's register does.
"""

from __future__ import annotations

import numpy as np

from firmware_sim.fixed_point import wrap_int32
from firmware_sim.ops.kernel import Workspace
from firmware_sim.ops.scaling import AnyRequantization, scaling_of
from firmware_sim.windows import Window

BLOCK_BYTES = 1 << 18
"""Scratch of one block of pixels: within a level-2 cache, so that product and scaling meet there."""


class Product:
    """ofm = requantize(acc + bias), a matrix product by the tiles of firmware_sim/tiles.py.

        acc[p,o] = sum((ifm[p,k] - zero_point) * weights[o,k] for k)

    Shapes: weights (O,K) of integers of at most 255, bias (O,) int64; rows of ifm are (P,K) int8 or uint8.
    Overflow: sums wrap at 32 bits, as the register does.
    """

    def __init__(
        self, weights: np.ndarray, bias: np.ndarray, zero_point: int, requantization: AnyRequantization
    ) -> None:
        from firmware_sim import tiles  # numba: only when something is simulated

        self.panels = tiles.panels(weights.T)
        self.bias = wrap_int32(bias).astype(np.int32)
        self.zero_point = zero_point
        self.scaling = scaling_of(requantization)
        panels, pairs, lanes = self.panels.shape
        self.inputs, self.outputs = 2 * pairs, panels * lanes // 2
        pixels = BLOCK_BYTES // (2 * self.inputs + 4 * self.outputs)
        self.block = max(8, pixels // tiles.ROWS) * tiles.ROWS

    def scratch(self, pixels: int, space: Workspace) -> tuple[np.ndarray, np.ndarray]:
        """Rows (P',K') int16 and sums (P',O') int32 for `pixels`, with what the tiles need beyond."""
        from firmware_sim import tiles

        whole = pixels + -pixels % tiles.ROWS
        rows = space.take("rows", (whole, self.inputs), np.int16)
        return rows, space.take("acc", (whole, self.outputs), np.int32)

    def finish(self, rows: np.ndarray, acc: np.ndarray, ofm: np.ndarray) -> int:
        """Fill ofm (P,O) from rows that are centred; gives how many elements saturated."""
        from firmware_sim import tiles

        tiles.multiply(rows, self.panels, acc)
        return self.scaling.apply(acc, self.bias, ofm)


def multiply(product: Product, ifm: np.ndarray, ofm: np.ndarray, space: Workspace) -> int:
    """Fill ofm (P,O) from ifm (P,K); gives how many elements saturated."""
    from firmware_sim import compiled

    saturated = 0
    for first in range(0, len(ofm), product.block):
        out = ofm[first : first + product.block]
        rows, acc = product.scratch(len(out), space)
        compiled.centre(ifm[first : first + len(out)], product.zero_point, rows)
        saturated += product.finish(rows, acc, out)
    return saturated


def convolve(product: Product, window: Window, ifm: np.ndarray, ofm: np.ndarray, space: Workspace) -> int:
    """A dense convolution, block by block of output pixels; gives how many elements saturated.

    Shapes: ifm (N,H,W,C) int8 or uint8, ofm (N,OH,OW,O).
    """
    from firmware_sim import compiled

    pixels = ofm.reshape(-1, ofm.shape[3])
    if window.is_pointwise:
        return multiply(product, ifm.reshape(-1, ifm.shape[3]), pixels, space)
    size = (window.rows.size, window.cols.size)
    shape = (window.rows.outputs, window.cols.outputs)
    geometry = window.geometry
    saturated = 0
    for first in range(0, len(pixels), product.block):
        out = pixels[first : first + product.block]
        rows, acc = product.scratch(len(out), space)
        compiled.patches(ifm, geometry, *size, product.zero_point, *shape, first, len(out), rows)
        saturated += product.finish(rows, acc, out)
    return saturated


class Depthwise:
    """A depthwise convolution by the tiles of firmware_sim/tiles.py.

        acc[n,y,x,c] = sum((ifm[n, y*sh - top + ky*dh, x*sw - left + kx*dw, c // M] - zero_point)
                           * weights[ky,kx,c] for ky, kx)
        ofm[n,y,x,c] = requantize(acc[n,y,x,c] + bias[c])

    Shapes: weights (KH,KW,C*M) of integers of at most 255, bias (C*M,) int64.
    Overflow: sums wrap at 32 bits, as the register does.
    """

    def __init__(
        self,
        weights: np.ndarray,
        bias: np.ndarray,
        zero_point: int,
        requantization: AnyRequantization,
        window: Window,
    ) -> None:
        from firmware_sim import tiles

        rows, cols = window.rows, window.cols
        taps = weights.reshape(-1, weights.shape[2])
        self.weights = np.pad(taps.astype(np.int16), ((0, 0), (0, -taps.shape[1] % tiles.LANES)))
        self.channels = self.weights.shape[1]
        self.bias = wrap_int32(bias).astype(np.int32)
        self.zero_point = zero_point
        self.scaling = scaling_of(requantization)
        self.window = window
        self.width = (cols.outputs - 1) * cols.stride + (cols.size - 1) * cols.dilation + 1
        down, right = np.mgrid[: rows.size, : cols.size].reshape(2, -1)
        self.taps = (down * rows.dilation * self.width + right * cols.dilation) * self.channels
        row_bytes = (2 * rows.stride * self.width + 4 * cols.outputs) * self.channels
        self.block = max(4, BLOCK_BYTES // max(1, row_bytes))

    def rows_for(self, outputs: int) -> int:
        """Rows of the padded picture that `outputs` rows of the output read."""
        rows = self.window.rows
        return (outputs - 1) * rows.stride + (rows.size - 1) * rows.dilation + 1


def convolve_depthwise(depthwise: Depthwise, ifm: np.ndarray, ofm: np.ndarray, space: Workspace) -> int:
    """Fill ofm, block by block of output rows; gives how many elements saturated.

    Shapes: ifm (N,H,W,C) int8 or uint8, ofm (N,OH,OW,C*M).
    """
    from firmware_sim import compiled, tiles

    d, rows, cols = depthwise, depthwise.window.rows, depthwise.window.cols
    multiplier = ofm.shape[3] // ifm.shape[3]
    saturated = 0
    for picture, result in zip(ifm, ofm, strict=True):
        for first in range(0, len(result), d.block):
            out = result[first : first + d.block]
            padded = space.take("rows", (d.rows_for(len(out)), d.width, d.channels), np.int16)
            top = first * rows.stride - rows.before
            compiled.padded(picture, d.zero_point, top, -cols.before, multiplier, padded)
            acc = space.take("acc", (len(out), cols.outputs, d.channels), np.int32)
            tiles.depthwise(padded, d.taps, d.weights, rows.stride, cols.stride, acc)
            pixels = out.reshape(-1, out.shape[2])
            saturated += d.scaling.apply(acc.reshape(-1, d.channels), d.bias, pixels)
    return saturated
