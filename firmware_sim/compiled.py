"""Compiled loops of the fast path, beside those of tiles.py; import only when something is simulated.

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

    Shapes: ofm (P,O); acc (P',O') int32, of which the first P rows and O columns count; bias (O,) int32,
        channels (5,O) int32, ends (5,) int64.
    """
    zero_point, low, high = ends[ZERO_POINT], ends[LOW], ends[HIGH]
    below, above = ends[COUNT_BELOW], ends[COUNT_ABOVE]
    saturated = np.int64(0)
    for p in range(ofm.shape[0]):
        for o in range(ofm.shape[1]):
            value = zero_point + _scale(
                np.int32(acc[p, o] + bias[o]),
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
def scale_twice_in_float64(
    acc: np.ndarray,
    bias: np.ndarray,
    scales: np.ndarray,
    nudges: np.ndarray,
    ends: np.ndarray,
    counts: bool,
    ofm: np.ndarray,
) -> Integer:
    """The same where scaling.py says that float64 is exact; gives how many saturated, if `counts`.

    Shapes: as scale_twice; scales, nudges (O,) float64, ends (5,) float64.
    """
    zero_point, low, high = ends[ZERO_POINT], ends[LOW], ends[HIGH]
    below, above = ends[COUNT_BELOW], ends[COUNT_ABOVE]
    saturated = np.int64(0)
    for p in range(ofm.shape[0]):
        here = np.int32(0)
        for o in range(ofm.shape[1]):
            real = np.float64(np.int32(acc[p, o] + bias[o])) * scales[o]
            value = np.floor(real + (0.5 + np.copysign(nudges[o], real))) + zero_point
            if counts:
                here += np.int32(value < below) + np.int32(value > above)
            raised = low if value < low else value
            ofm[p, o] = np.int32(high if raised > high else raised)
        saturated += here
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
    for p in range(ofm.shape[0]):
        for o in range(ofm.shape[1]):
            real = np.float64(np.int32(acc[p, o] + bias[o])) * scales[o]
            size = np.floor(np.abs(real) + 0.5)
            steps = -size if real < 0 else size
            inside = lowest <= steps <= highest
            value = np.int64(np.int32(np.int64(steps if inside else lowest) + zero_point))
            saturated += (value < below) + (value > above)
            ofm[p, o] = min(max(value, low), high)
    return saturated


@njit(nogil=True, cache=True)
def scale_half_even(
    acc: np.ndarray, bias: np.ndarray, scales: np.ndarray, ends: np.ndarray, counts: bool, ofm: np.ndarray
) -> Integer:
    """requantization.HalfEvenRequantization of acc + bias; gives how many saturated, if `counts`.

    Shapes: as scale_twice; scales (O,) float32, ends (5,) float32, which holds them exactly. A sum with the
        zero point is rounded from 2**24 on only, far beyond any end.
    """
    zero_point, low, high = ends[ZERO_POINT], ends[LOW], ends[HIGH]
    below, above = ends[COUNT_BELOW], ends[COUNT_ABOVE]
    saturated = np.int64(0)
    for p in range(ofm.shape[0]):
        here = np.int32(0)
        for o in range(ofm.shape[1]):
            value = np.rint(np.float32(np.int32(acc[p, o] + bias[o])) * scales[o]) + zero_point
            if counts:
                here += np.int32(value < below) + np.int32(value > above)
            raised = low if value < low else value
            ofm[p, o] = np.int32(high if raised > high else raised)
        saturated += here
    return saturated


@njit(nogil=True, cache=True)
def centre(ifm: np.ndarray, zero_point: Integer, out: np.ndarray) -> None:
    """out[p,k] = ifm[p,k] - zero_point, and 0 behind the last k.

    Shapes: ifm (P,K) int8 or uint8; out (P',K') int16, of which the first P rows are written.
    """
    inputs = ifm.shape[1]
    for p in range(ifm.shape[0]):
        for k in range(inputs):
            out[p, k] = np.int16(ifm[p, k]) - np.int16(zero_point)
        out[p, inputs:] = 0


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
    count: Integer,
    out: np.ndarray,
) -> None:
    """The windows of `count` output pixels from `first` on as rows of `out`, centred; padding is 0.

    Shapes: ifm (N,H,W,C) int8 or uint8, geometry (6,) int64, out (P,K) int16, K at least KH*KW*C.
    """
    stride_h, stride_w, dilation_h, dilation_w, top, left = geometry
    _, ifm_h, ifm_w, depth = ifm.shape
    flat, shift = ifm.reshape(-1), np.int16(zero_point)
    y, x = divmod(first, ofm_w)
    n, y = divmod(y, ofm_h)
    for p in range(count):
        for ky in range(kernel_h):
            row = y * stride_h - top + ky * dilation_h
            col = x * stride_w - left
            to = ky * kernel_w * depth
            at = ((n * ifm_h + row) * ifm_w + col) * depth
            if dilation_w == 1 and 0 <= row < ifm_h and col >= 0 and col + kernel_w <= ifm_w:
                for i in range(kernel_w * depth):  # one run of bytes
                    out[p, to + i] = np.int16(flat[at + i]) - shift
                continue
            for kx in range(kernel_w):
                inside = 0 <= row < ifm_h and 0 <= col + kx * dilation_w < ifm_w
                for c in range(depth):
                    value = flat[at + kx * dilation_w * depth + c] if inside else zero_point
                    out[p, to + kx * depth + c] = np.int16(value) - shift
        out[p, kernel_h * kernel_w * depth :] = 0
        x += 1
        if x == ofm_w:
            x, y = 0, y + 1
        if y == ofm_h:
            y, n = 0, n + 1


@njit(nogil=True, cache=True)
def padded(
    ifm: np.ndarray, zero_point: Integer, top: Integer, left: Integer, multiplier: Integer, out: np.ndarray
) -> None:
    """Rows and columns of a picture from (top, left) on, centred, 0 outside.

        out[r,s,c * multiplier + m] = ifm[top + r,left + s,c] - zero_point

    Shapes: ifm (H,W,C) int8 or uint8; out (R,S,C') int16, C' at least C * multiplier.
    """
    ifm_h, ifm_w, depth = ifm.shape
    shift = np.int16(zero_point)
    for r in range(out.shape[0]):
        for s in range(out.shape[1]):
            row, col = top + r, left + s
            if not (0 <= row < ifm_h and 0 <= col < ifm_w):
                out[r, s, :] = 0
            elif multiplier == 1:
                for c in range(depth):
                    out[r, s, c] = np.int16(ifm[row, col, c]) - shift
                out[r, s, depth:] = 0
            else:
                for c in range(depth):
                    for m in range(multiplier):
                        out[r, s, c * multiplier + m] = np.int16(ifm[row, col, c]) - shift
                out[r, s, depth * multiplier :] = 0
