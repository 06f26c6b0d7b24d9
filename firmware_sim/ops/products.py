"""The fast path of convolutions and matrix products: exact accumulators, then one compiled scaling.

    product = Product(weights, bias, zero_point, requantization, ifm.dtype)         # once
    saturated = convolve(product, window, ifm, ofm, workspace)                      # for each picture

Weights are given as they count: integers from which their own zero point is taken already.
"""

from __future__ import annotations

import numpy as np

from firmware_sim.fixed_point import wrap_int32
from firmware_sim.ops.kernel import Workspace
from firmware_sim.ops.scaling import AnyRequantization, scaling_of
from firmware_sim.requantization import limits
from firmware_sim.windows import Window
from graph.types import DType

EXACT_FLOAT32 = 1 << 24
EXACT_FLOAT64 = 1 << 53
BLOCK_BYTES = 1 << 19
"""Scratch of one block of pixels: half of a level-2 cache, so that product and scaling meet there."""


class Product:
    """ofm = requantize(ifm @ weights.T + bias), with the zero point of the ifm folded into the bias.

        acc[p,o] = sum(ifm[p,k] * weights[o,k] for k)              # in floating point, exact
        ofm[p,o] = requantize(acc[p,o] + bias[o] - zero_point * sum(weights[o,k] for k))

    Float32 serves while sum|weights[o]| * largest|ifm| <= 2**24 in every channel o: then each product and
    each partial sum, in whatever order BLAS forms them and with or without fused multiply-add, is an integer
    of at most 24 bits, which float32 holds. Beyond that float64 does the same up to 2**53. The actual weights
    count, and the type of the ifm: 128 is the largest size of an int8, 255 of a uint8.

    Shapes: weights (O,K) of integers, bias (O,) int64; rows of ifm are (P,K) int8 or uint8.
    Overflow: acc + bias wraps at 32 bits, as the register does.
    """

    def __init__(
        self,
        weights: np.ndarray,
        bias: np.ndarray,
        zero_point: int,
        requantization: AnyRequantization,
        ifm: DType = DType.INT8,
    ) -> None:
        wide = weights.astype(np.int64)
        largest = max(abs(end) for end in limits(ifm))
        heaviest = int(np.abs(wide).sum(axis=1).max(initial=0)) * largest
        assert heaviest <= EXACT_FLOAT64
        self.dtype = np.dtype(np.float32 if heaviest <= EXACT_FLOAT32 else np.float64)
        self.weights = np.ascontiguousarray(wide.T.astype(self.dtype))
        self.folded = wrap_int32(bias - zero_point * wide.sum(axis=1)).astype(np.int32)
        self.zero_point = zero_point
        self.scaling = scaling_of(requantization)

    @property
    def block(self) -> int:
        """Pixels at a time."""
        inputs, outputs = self.weights.shape
        return max(64, BLOCK_BYTES // (self.dtype.itemsize * (inputs + outputs)))


def multiply(product: Product, ifm: np.ndarray, ofm: np.ndarray, space: Workspace) -> int:
    """Fill ofm (P,O) from ifm (P,K); gives how many elements saturated."""
    inputs, outputs = product.weights.shape
    saturated = 0
    for first in range(0, len(ofm), product.block):
        out = ofm[first : first + product.block]
        rows = space.take("rows", (len(out), inputs), product.dtype)
        np.copyto(rows, ifm[first : first + len(out)])
        acc = space.take("acc", (len(out), outputs), product.dtype)
        np.matmul(rows, product.weights, out=acc)
        saturated += product.scaling.apply(acc, product.folded, out)
    return saturated


def convolve(product: Product, window: Window, ifm: np.ndarray, ofm: np.ndarray, space: Workspace) -> int:
    """A dense convolution, block by block of output pixels; gives how many elements saturated.

    Shapes: ifm (N,H,W,C) int8 or uint8, ofm (N,OH,OW,O).
    """
    from firmware_sim import compiled  # numba: only when something runs

    inputs, outputs = product.weights.shape
    pixels = ofm.reshape(-1, outputs)
    if window.is_pointwise:
        return multiply(product, ifm.reshape(-1, inputs), pixels, space)
    size = (window.rows.size, window.cols.size)
    shape = (window.rows.outputs, window.cols.outputs)
    saturated = 0
    for first in range(0, len(pixels), product.block):
        out = pixels[first : first + product.block]
        rows = space.take("rows", (len(out), inputs), product.dtype)
        compiled.patches(ifm, window.geometry, *size, product.zero_point, *shape, first, rows)
        acc = space.take("acc", (len(out), outputs), product.dtype)
        np.matmul(rows, product.weights, out=acc)
        saturated += product.scaling.apply(acc, product.folded, out)
    return saturated


class Depthwise:
    """A depthwise convolution in a compiled loop, in int32.

        acc[n,y,x,c] = sum((ifm[n, y*sh - top + ky*dh, x*sw - left + kx*dw, c // M] - zero_point)
                           * weights[ky,kx,c] for ky, kx)
        ofm[n,y,x,c] = requantize(acc[n,y,x,c] + bias[c])

    Shapes: weights (KH,KW,C*M) of integers, bias (C*M,) int64.
    Overflow: int32 wraps where the definition's register does.
    """

    def __init__(
        self, weights: np.ndarray, bias: np.ndarray, zero_point: int, requantization: AnyRequantization
    ) -> None:
        self.weights = np.ascontiguousarray(weights, np.int32)
        self.bias = wrap_int32(bias).astype(np.int32)
        self.zero_point = zero_point
        self.scaling = scaling_of(requantization)


def convolve_depthwise(
    depthwise: Depthwise, window: Window, ifm: np.ndarray, ofm: np.ndarray, space: Workspace
) -> int:
    """Fill ofm, block by block of output rows; gives how many elements saturated.

    Shapes: ifm (N,H,W,C) int8 or uint8, ofm (N,OH,OW,C*M).
    """
    from firmware_sim import compiled

    batch, ofm_h, ofm_w, channels = ofm.shape
    if channels > ifm.shape[3]:
        ifm = np.repeat(ifm, channels // ifm.shape[3], axis=3)
    rows = ofm.reshape(batch * ofm_h, ofm_w, channels)
    block = max(1, BLOCK_BYTES // max(1, 8 * ofm_w * channels))
    saturated = 0
    for first in range(0, len(rows), block):
        out = rows[first : first + block]
        acc = space.take("acc", out.shape, np.int32)
        compiled.depthwise(ifm, depthwise.weights, window.geometry, depthwise.zero_point, ofm_h, first, acc)
        flat = acc.reshape(-1, channels), out.reshape(-1, channels)
        saturated += depthwise.scaling.apply(flat[0], depthwise.bias, flat[1])
    return saturated
