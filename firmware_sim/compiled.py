"""Compiled loops of the fast path; import this module only when something is simulated.

Each is held to the plain kernel beside it by tests. They release the interpreter's lock, keep integers
integers, and are compiled once per machine (numba's cache lies beside this file, or in the user's cache
folder).
"""

from __future__ import annotations

import numpy as np
from numba import njit

Integer = int | np.signedinteger

# Rows of the `channels` table and of `ends`; firmware_sim/ops/scaling.py makes both.
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
def scale_twice(
    acc: np.ndarray, bias: np.ndarray, channels: np.ndarray, ends: np.ndarray, ofm: np.ndarray
) -> Integer:
    """requantization.Requantization of acc + bias; gives how many elements saturated.

    Shapes: acc (P,O) float32, float64 or int32, all of integers; bias (O,) int32, channels (5,O) int32,
        ends (5,) int64, ofm (P,O).
    """
    zero_point, low, high = ends[ZERO_POINT], ends[LOW], ends[HIGH]
    below, above = ends[COUNT_BELOW], ends[COUNT_ABOVE]
    saturated = np.int64(0)
    for p in range(acc.shape[0]):
        for o in range(acc.shape[1]):
            value = zero_point + _scale(
                np.int32(np.int32(acc[p, o]) + bias[o]),
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
def scale_away_from_zero(
    acc: np.ndarray, bias: np.ndarray, scales: np.ndarray, ends: np.ndarray, ofm: np.ndarray
) -> Integer:
    """requantization.FloatRequantization of acc + bias; gives how many elements saturated.

    Shapes: as scale_twice; scales (O,) float64.
    """
    zero_point, low, high = ends[ZERO_POINT], ends[LOW], ends[HIGH]
    below, above = ends[COUNT_BELOW], ends[COUNT_ABOVE]
    lowest, highest = -2147483648.0, 2147483647.0
    saturated = np.int64(0)
    for p in range(acc.shape[0]):
        for o in range(acc.shape[1]):
            real = np.float64(np.int32(np.int32(acc[p, o]) + bias[o])) * scales[o]
            size = np.floor(np.abs(real) + 0.5)
            steps = -size if real < 0 else size
            inside = lowest <= steps <= highest
            value = np.int64(np.int32(np.int64(steps if inside else lowest) + zero_point))
            saturated += (value < below) + (value > above)
            ofm[p, o] = min(max(value, low), high)
    return saturated


@njit(nogil=True, cache=True)
def scale_half_even(
    acc: np.ndarray, bias: np.ndarray, scales: np.ndarray, ends: np.ndarray, ofm: np.ndarray
) -> Integer:
    """requantization.HalfEvenRequantization of acc + bias; gives how many elements saturated.

    Shapes: as scale_twice; scales (O,) float32.
    """
    zero_point, low, high = ends[ZERO_POINT], ends[LOW], ends[HIGH]
    below, above = ends[COUNT_BELOW], ends[COUNT_ABOVE]
    saturated = np.int64(0)
    for p in range(acc.shape[0]):
        for o in range(acc.shape[1]):
            real = np.float32(np.int32(np.int32(acc[p, o]) + bias[o])) * scales[o]
            value = np.float64(np.rint(real)) + zero_point
            saturated += (value < below) + (value > above)
            ofm[p, o] = np.int64(min(max(value, np.float64(low)), np.float64(high)))
    return saturated


@njit(nogil=True, cache=True)
def depthwise(
    ifm: np.ndarray,
    weights: np.ndarray,
    geometry: np.ndarray,
    ifm_zero_point: Integer,
    ofm_h: Integer,
    first: Integer,
    acc: np.ndarray,
) -> None:
    """The accumulators of a depthwise convolution, rows `first`, first + 1, ... of all N * OH output rows.

    Shapes: ifm (N,H,W,C), weights (KH,KW,C) int32, geometry (6,) int64, acc (R,OW,C) int32.
    """
    stride_h, stride_w, dilation_h, dilation_w, top, left = geometry
    _, ifm_h, ifm_w, _ = ifm.shape
    kernel_h, kernel_w, _ = weights.shape
    zero_point = np.int32(ifm_zero_point)
    for r in range(acc.shape[0]):
        n, y = divmod(first + r, ofm_h)
        for x in range(acc.shape[1]):
            acc[r, x, :] = np.int32(0)
            for ky in range(kernel_h):
                row = y * stride_h - top + ky * dilation_h
                if row < 0 or row >= ifm_h:
                    continue
                for kx in range(kernel_w):
                    col = x * stride_w - left + kx * dilation_w
                    if col < 0 or col >= ifm_w:
                        continue
                    _accumulate(acc[r, x], ifm[n, row, col], weights[ky, kx], zero_point)


@njit(nogil=True, cache=True, inline="always")
def _accumulate(acc: np.ndarray, pixel: np.ndarray, tap: np.ndarray, zero_point: Integer) -> None:
    for c in range(acc.shape[0]):
        acc[c] += np.int32(np.int32(np.int32(pixel[c]) - zero_point) * tap[c])


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

    Shapes: ifm (N,H,W,C), geometry (6,) int64, out (P,KH*KW*C) float32 or float64.
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
