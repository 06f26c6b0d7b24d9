"""Compiled loops of the fast path; import this module only when something is simulated.

Each is held to the plain kernel beside it by tests. They release the interpreter's lock, keep integers
integers, and are compiled once per machine (numba's cache lies beside this file, or in the user's cache
folder).
"""

from __future__ import annotations

import numpy as np
from numba import njit

Integer = int | np.signedinteger

# Rows of the `channels` table and of `ends`; see products.Scaling, which makes both.
MULTIPLIER, LEFT, RIGHT, HALF, TIE = range(5)
ZERO_POINT, LOW, HIGH, COUNT_BELOW, COUNT_ABOVE = range(5)


@njit(nogil=True, cache=True, inline="always")
def _scale(
    acc: Integer, multiplier: Integer, left: Integer, right: Integer, half: Integer, tie: Integer
) -> Integer:
    """fixed_point.multiply_by_quantized_multiplier for one int32."""
    shifted = np.int64(np.int32(acc << left))
    high = (shifted * np.int64(multiplier) + np.int64(1 << 30)) >> np.int64(31)
    down = tie if high < 0 else np.int64(0)
    return (high + half - down) >> right


@njit(nogil=True, cache=True)
def requantize(
    acc: np.ndarray, folded: np.ndarray, channels: np.ndarray, ends: np.ndarray, ofm: np.ndarray
) -> Integer:
    """ofm = clamp(scale(acc + folded) + zero_point); gives how many elements saturated.

    Shapes: acc (P,O) float32, float64 or int32, all of integers; folded (O,) int32, channels (5,O) int32,
        ends (5,) int64, ofm (P,O) int8.
    """
    zero_point, low, high = ends[ZERO_POINT], ends[LOW], ends[HIGH]
    below, above = ends[COUNT_BELOW], ends[COUNT_ABOVE]
    saturated = np.int64(0)
    for p in range(acc.shape[0]):
        for o in range(acc.shape[1]):
            value = zero_point + _scale(
                np.int32(acc[p, o]) + folded[o],
                channels[MULTIPLIER, o],
                channels[LEFT, o],
                np.int64(channels[RIGHT, o]),
                np.int64(channels[HALF, o]),
                np.int64(channels[TIE, o]),
            )
            saturated += (value < below) + (value > above)
            ofm[p, o] = min(max(value, low), high)
    return saturated


@njit(nogil=True, cache=True)
def depthwise(
    ifm: np.ndarray,
    weights: np.ndarray,
    bias: np.ndarray,
    geometry: np.ndarray,
    ifm_zero_point: Integer,
    channels: np.ndarray,
    ends: np.ndarray,
    ofm: np.ndarray,
) -> Integer:
    """A depthwise convolution, scaled and clamped; gives how many elements saturated.

    Shapes: ifm (N,H,W,C) int8, weights (KH,KW,C) int32, bias (C,) int32, geometry (6,) int64,
        channels (5,C) int32, ends (5,) int64, ofm (N,OH,OW,C) int8.
    """
    stride_h, stride_w, dilation_h, dilation_w, top, left = geometry
    batch, ifm_h, ifm_w, depth = ifm.shape
    _, ofm_h, ofm_w, _ = ofm.shape
    kernel_h, kernel_w, _ = weights.shape
    zero_point = np.int32(ifm_zero_point)
    acc = np.empty((1, depth), np.int32)
    nothing = np.zeros(depth, np.int32)
    saturated = np.int64(0)
    for n in range(batch):
        for y in range(ofm_h):
            for x in range(ofm_w):
                acc[0, :] = bias
                for ky in range(kernel_h):
                    row = y * stride_h - top + ky * dilation_h
                    if row < 0 or row >= ifm_h:
                        continue
                    for kx in range(kernel_w):
                        col = x * stride_w - left + kx * dilation_w
                        if col < 0 or col >= ifm_w:
                            continue
                        _accumulate(acc[0], ifm[n, row, col], weights[ky, kx], zero_point)
                saturated += requantize(acc, nothing, channels, ends, ofm[n, y, x : x + 1])
    return saturated


@njit(nogil=True, cache=True, inline="always")
def _accumulate(acc: np.ndarray, pixel: np.ndarray, tap: np.ndarray, zero_point: Integer) -> None:
    for c in range(acc.shape[0]):
        acc[c] += np.int32(np.int32(pixel[c]) - zero_point) * tap[c]


@njit(nogil=True, cache=True)
def patches(
    ifm: np.ndarray,
    geometry: np.ndarray,
    kernel_h: Integer,
    kernel_w: Integer,
    zero_point: Integer,
    ofm_h: Integer,
    ofm_w: Integer,
    first: Integer,
    out: np.ndarray,
) -> None:
    """The windows of output pixels first, first + 1, ... as rows of `out`; padding holds zero_point.

    Shapes: ifm (N,H,W,C) int8, geometry (6,) int64, out (P,KH*KW*C) float32 or float64.
    """
    stride_h, stride_w, dilation_h, dilation_w, top, left = geometry
    _, ifm_h, ifm_w, depth = ifm.shape
    for p in range(out.shape[0]):
        n, rest = divmod(first + p, ofm_h * ofm_w)
        y, x = divmod(rest, ofm_w)
        for ky in range(kernel_h):
            row = y * stride_h - top + ky * dilation_h
            for kx in range(kernel_w):
                col = x * stride_w - left + kx * dilation_w
                base = (ky * kernel_w + kx) * depth
                if 0 <= row < ifm_h and 0 <= col < ifm_w:
                    for c in range(depth):
                        out[p, base + c] = ifm[n, row, col, c]
                else:
                    for c in range(depth):
                        out[p, base + c] = zero_point
