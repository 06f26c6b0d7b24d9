"""The fast path of convolutions and matrix products: exact sums, then one compiled scaling.

    product = Product(weights, bias, zero_point, requantization)         # once
    saturated = convolve(product, window, ifm, ofm, workspace)           # for each picture

Weights are given as they count: integers from which their own zero point is taken already. Sums are integers
in int32 all the way, so they are exact in any order, and wrap where the firmware's register does.
"""

from __future__ import annotations

import functools

import numpy as np

from firmware_sim.ops.kernel import Workspace
from firmware_sim.ops.scaling import AnyRequantization, scaling_of
from firmware_sim.windows import Window
from graph.types import DType

BLOCK_BYTES = 1 << 18
"""Scratch of one block of pixels: within a level-2 cache, so that sums and scaling meet there."""
INT8_MIN = -128
NO_WINDOW = np.zeros(10, np.int64)
LARGEST = 255
"""The largest size of an 8-bit number, centred or not."""


class Product:
    """ofm = requantize(acc + bias), a matrix product by the tiles of firmware_sim/tiles.py.

        acc[p,o] = sum((ifm[p,k] - zero_point) * weights[o,k] for k)

    In `quads`, which need weights of int8 and a processor that sums them, rows hold uint8 instead:

        acc[p,o] = sum((ifm[p,k] + 128) * weights[o,k] for k)              # of int8; of uint8 without the 128
                   - (zero_point + 128) * sum(weights[o,k] for k)          # part of the bias

    Shapes: weights (O,K) of integers of at most 255, bias (O,) int64; rows of ifm are (P,K) int8 or uint8.
    Overflow: sums wrap at 32 bits, as the register does.
    """

    def __init__(
        self,
        weights: np.ndarray,
        bias: np.ndarray,
        zero_point: int,
        requantization: AnyRequantization,
        ifm: DType,
        *,
        quads: bool | None = None,
    ) -> None:
        """`quads`: by default, wherever they can be."""
        from firmware_sim import tiles, vectors  # numba: only when something is simulated

        wide = weights.T.astype(np.int64)
        fit = bool(np.all(wide == wide.astype(np.int8)))
        self.flip = flip_of(ifm)
        self.rows_type: np.dtype = np.dtype(np.int16)
        if vectors.HAS_QUADS and fit if quads is None else quads:
            self.rows_type, self.panels = np.dtype(np.uint8), tiles.panels(wide.astype(np.int8))
            self.taken = INT8_MIN
        else:
            self.panels = tiles.panels(wide.astype(np.int16))
            self.taken = zero_point + self.flip
        self.padding = zero_point + self.flip - self.taken
        folded = bias - self.padding * wide.sum(axis=0)
        self.scaling, self.bias = scaling_of(requantization, folded, LARGEST * np.abs(wide).sum(axis=0))
        panels, words, lanes = self.panels.shape
        self.inputs = words * tiles.WORD_BYTES // self.rows_type.itemsize
        self.outputs = panels * lanes * self.rows_type.itemsize // tiles.WORD_BYTES
        pixels = BLOCK_BYTES // (self.rows_type.itemsize * self.inputs + 4 * self.outputs)
        self.block = max(8, pixels // tiles.ROWS) * tiles.ROWS


def multiply(product: Product, ifm: np.ndarray, ofm: np.ndarray, space: Workspace) -> int:
    """Fill ofm (P,O) from ifm (P,K); gives how many elements saturated."""
    return _convolve(product, NO_WINDOW, True, ifm[None, None], ofm[None, None], space)


def convolve(product: Product, window: Window, ifm: np.ndarray, ofm: np.ndarray, space: Workspace) -> int:
    """A dense convolution, block by block of output pixels; gives how many elements saturated.

    Shapes: ifm (N,H,W,C) int8 or uint8, ofm (N,OH,OW,O).
    """
    return _convolve(product, frame(window), window.is_pointwise, ifm, ofm, space)


def _convolve(
    p: Product, window: np.ndarray, pointwise: bool, ifm: np.ndarray, ofm: np.ndarray, space: Workspace
) -> int:
    from firmware_sim import layer_loops

    rows = space.take("rows", (p.block, p.inputs), p.rows_type)
    acc = space.take("acc", (p.block, p.outputs), np.int32)
    constants = (p.flip, p.taken, p.padding, p.panels, p.bias, p.scaling)
    return int(
        layer_loops.convolve(ifm.view(np.int8), window, pointwise, *constants, rows, acc, ofm.view(np.int8))
    )


def flip_of(dtype: DType) -> int:
    """What makes int8 of a number's byte, and is added to its zero point then: u - 128 = int8(u) ^ -128."""
    return INT8_MIN if dtype is DType.UINT8 else 0


@functools.cache
def frame(window: Window) -> np.ndarray:
    """A window as compiled loops take it: strides, dilations, padding before, size, outputs; rows first."""
    axes = (window.rows, window.cols)
    pairs = [(a.stride, a.dilation, a.before, a.size, a.outputs) for a in axes]
    return np.array(pairs, np.int64).T.reshape(-1)


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
        ifm: DType,
    ) -> None:
        from firmware_sim import tiles

        rows, cols = window.rows, window.cols
        taps = weights.reshape(-1, weights.shape[2])
        self.weights = np.pad(taps.astype(np.int16), ((0, 0), (0, -taps.shape[1] % tiles.LANES)))
        reach = LARGEST * np.abs(taps.astype(np.int64)).sum(axis=0)
        self.scaling, self.bias = scaling_of(requantization, bias, reach)
        self.flip = flip_of(ifm)
        self.zero_point = zero_point + self.flip
        self.frame = frame(window)
        channels = self.weights.shape[1]
        width = (cols.outputs - 1) * cols.stride + (cols.size - 1) * cols.dilation + 1
        down, right = np.mgrid[: rows.size, : cols.size].reshape(2, -1)
        self.taps = (down * rows.dilation * width + right * cols.dilation) * channels
        row_bytes = (2 * rows.stride * width + 4 * cols.outputs) * channels
        block = min(rows.outputs, max(4, BLOCK_BYTES // max(1, row_bytes)))
        read = (block - 1) * rows.stride + (rows.size - 1) * rows.dilation + 1
        self.padded_shape, self.acc_shape = (read, width, channels), (block, cols.outputs, channels)


def convolve_depthwise(depthwise: Depthwise, ifm: np.ndarray, ofm: np.ndarray, space: Workspace) -> int:
    """Fill ofm, block by block of output rows; gives how many elements saturated.

    Shapes: ifm (N,H,W,C) int8 or uint8, ofm (N,OH,OW,C*M).
    """
    from firmware_sim import layer_loops

    d = depthwise
    padded = space.take("padded", d.padded_shape, np.int16)
    acc = space.take("acc", d.acc_shape, np.int32)
    constants = (d.frame, d.flip, d.zero_point, d.taps, d.weights, d.bias, d.scaling)
    return int(layer_loops.convolve_depthwise(ifm.view(np.int8), *constants, padded, acc, ofm.view(np.int8)))
