"""The fast path of convolutions and matrix products: exact sums, then one compiled scaling.

    product = Product(weights, bias, zero_point, requantization, ifm.dtype, window)         # once
    saturated = product.convolve(ifm, ofm, workspace)                                       # for each picture

Weights are given as they count: integers from which their own zero point is taken already. Sums are integers
in int32 all the way, so they are exact in any order, and wrap where the firmware's register does.
"""

from __future__ import annotations

import numpy as np

from firmware_sim.ops.kernel import Workspace
from firmware_sim.ops.scaling import AnyRequantization, scaling_of
from graph.types import DType
from graph.windows import Window

BLOCK_BYTES = 1 << 18
"""Scratch of one block of pixels: within a level-2 cache, so that sums and scaling meet there."""
INT8_MIN = -128
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
        window: Window | None = None,
        *,
        quads: bool | None = None,
    ) -> None:
        """Without `window` for rows; `quads`: by default, wherever they can be."""
        from firmware_sim import layer_loops, tiles, vectors  # numba: only when something is simulated

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
        pixels = BLOCK_BYTES // (self.rows_type.itemsize * self.inputs + self.outputs)
        self.block = max(8, pixels // tiles.ROWS) * tiles.ROWS
        self._fill = layer_loops.convolve
        self._frame = np.zeros(10, np.int64) if window is None else frame(window)
        self._pointwise = window is None or window.is_pointwise

    def multiply(self, ifm: np.ndarray, ofm: np.ndarray, space: Workspace) -> int:
        """Fill ofm (P,O) from ifm (P,K); gives how many elements saturated."""
        return self.convolve(ifm[None, None], ofm[None, None], space)

    def convolve(self, ifm: np.ndarray, ofm: np.ndarray, space: Workspace) -> int:
        """Fill ofm (N,OH,OW,O) from ifm (N,H,W,C), int8 or uint8; gives how many elements saturated."""
        rows = space.take("rows", (self.block, self.inputs), self.rows_type)
        where = (ifm.view(np.int8), self._frame, self._pointwise)
        constants = (self.flip, self.taken, self.padding, self.panels, self.bias, self.scaling)
        return int(self._fill(*where, *constants, rows, ofm.view(np.int8)))


def flip_of(dtype: DType) -> int:
    """What makes int8 of a number's byte, and is added to its zero point then: u - 128 = int8(u) ^ -128."""
    return INT8_MIN if dtype is DType.UINT8 else 0


def frame(window: Window) -> np.ndarray:
    """A window as compiled loops take it: strides, dilations, padding before, size, outputs; rows first.

    Shapes: gives (10,) int64.
    """
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
        ifm: DType,
        window: Window,
    ) -> None:
        from firmware_sim import layer_loops, tiles

        rows, cols = window.rows, window.cols
        taps = weights.reshape(-1, weights.shape[2])
        even = ((0, len(taps) % 2), (0, -taps.shape[1] % tiles.LANES))
        paired = np.pad(taps.astype(np.int16), even).reshape(-1, 2, taps.shape[1] + even[1][1])
        self.weights = np.ascontiguousarray(paired.transpose(0, 2, 1))
        reach = LARGEST * np.abs(taps.astype(np.int64)).sum(axis=0)
        self.scaling, self.bias = scaling_of(requantization, bias, reach)
        self.flip = flip_of(ifm)
        self.zero_point = zero_point + self.flip
        self._fill, self._frame = layer_loops.convolve_depthwise, frame(window)
        channels = self.weights.shape[1]
        width = (cols.outputs - 1) * cols.stride + (cols.size - 1) * cols.dilation + 1
        down, right = np.mgrid[: rows.size, : cols.size].reshape(2, -1)
        places = (down * rows.dilation * width + right * cols.dilation) * channels
        self.taps = np.pad(places, (0, len(places) % 2)).reshape(-1, 2)
        row_bytes = (2 * rows.stride * width + cols.outputs) * channels
        block = min(rows.outputs, max(4, BLOCK_BYTES // max(1, row_bytes)))
        read = (block - 1) * rows.stride + (rows.size - 1) * rows.dilation + 1
        beyond = -(-tiles.ROWS * cols.stride // width)  # a tile is full, though a row be shorter
        self.block, self.padded_shape = block, (read + beyond, width, channels)

    def convolve(self, ifm: np.ndarray, ofm: np.ndarray, space: Workspace) -> int:
        """Fill ofm (N,OH,OW,C*M) from ifm (N,H,W,C), int8 or uint8; gives how many elements saturated."""
        padded = space.take("padded", self.padded_shape, np.int16)
        constants = (
            self._frame,
            self.flip,
            self.zero_point,
            self.taps,
            self.weights,
            self.bias,
            self.scaling,
        )
        return int(self._fill(ifm.view(np.int8), *constants, padded, self.block, ofm.view(np.int8)))
