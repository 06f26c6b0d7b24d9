"""Compiled scaling and copying, beside the sums of tiles.py; import only when something is simulated.

8-bit numbers are int8 here: of uint8 the same bytes, with a `flip` of -128 where their value counts, since
u - 128 = int8(u) ^ -128. So one machine code serves both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba.extending import overload

from firmware_sim.loop_cache import loop
from firmware_sim.ops.scaling import AwayFromZero, HalfEven, Twice
from firmware_sim.vector_scaling import put_half_even, put_twice
from firmware_sim.vectors import LANES, copy_less, sums_at

Integer = int | np.signedinteger

# Rows of Twice.channels, and what each form's `ends` hold.
MULTIPLIER, LEFT, RIGHT, HALF, TIE = range(5)
ZERO_POINT, LOW, HIGH, COUNT_BELOW, COUNT_ABOVE = range(5)


def scale(acc: np.ndarray, bias: np.ndarray, form: Any, ofm: np.ndarray) -> int:
    """ofm = requantize(acc + bias), for compiled loops; gives how many elements saturated.

    Shapes: ofm (P,O); acc (P',O') int32, of which the first P rows and O columns count; bias (O,) int32,
        whose sum with acc wraps at 32 bits.
    """
    raise NotImplementedError("compiled loops alone call this")


@overload(scale)
def _scale(acc: Any, bias: Any, form: Any, ofm: Any) -> Callable[..., Any]:
    chosen = SCALES[form.instance_class]

    def call(acc: Any, bias: Any, form: Any, ofm: Any) -> Any:
        return chosen(acc, bias, form, ofm)

    return call


@loop
def _twice(acc: np.ndarray, bias: np.ndarray, form: Twice, ofm: np.ndarray) -> Integer:
    """requantization.Requantization as scaling.Twice says it: in float32, in float64, in integers."""
    floats, ends = form.float_ends, form.ends
    limits = (floats[0], floats[1], form.zero, ends[LOW], ends[HIGH], ends[COUNT_BELOW], ends[COUNT_ABOVE])
    pixels, channels = ofm.shape
    whole = channels - channels % LANES
    sums, outputs = acc.reshape(-1), ofm.reshape(-1)
    doubts, near = np.empty(pixels * (whole // LANES) + 1, np.int64), 0
    saturated = np.int64(0)
    for p in range(pixels):
        for o in range(0, whole, LANES):
            values, to = sums_at(sums, p * acc.shape[1] + o), p * channels + o
            count = put_twice(values, bias, form.scales32, form.nudges32, o, limits, outputs, to)
            doubts[near] = to
            near += count < 0
            saturated += max(count, 0)
    for i in range(near):
        p, o = divmod(doubts[i], channels)
        saturated += _in_float64(acc, bias, form.scales, form.nudges, ends, p, o, o + LANES, ofm)
    if whole < channels:
        for p in range(pixels):
            saturated += _in_float64(acc, bias, form.scales, form.nudges, ends, p, whole, channels, ofm)
    for i in range(form.odd.shape[0]):
        o = form.odd[i]
        for p in range(pixels):
            saturated += _in_integers(acc[p, o] + bias[o], form.channels, i, ends, ofm, p, o)
    return saturated


@loop
def _in_float64(
    acc: np.ndarray,
    bias: np.ndarray,
    scales: np.ndarray,
    nudges: np.ndarray,
    ends: np.ndarray,
    p: Integer,
    first: Integer,
    last: Integer,
    ofm: np.ndarray,
) -> Integer:
    """Some channels of one pixel; gives how many saturated."""
    zero_point, low, high = float(ends[ZERO_POINT]), float(ends[LOW]), float(ends[HIGH])
    below, above = float(ends[COUNT_BELOW]), float(ends[COUNT_ABOVE])
    saturated = np.int32(0)
    for o in range(first, last):
        real = np.float64(np.int32(acc[p, o] + bias[o])) * scales[o]
        value = np.floor(real + (0.5 + np.copysign(nudges[o], real))) + zero_point
        saturated += np.int32(value < below) + np.int32(value > above)
        raised = low if value < low else value
        ofm[p, o] = np.int32(high if raised > high else raised)
    return saturated


@loop
def _in_integers(
    acc: Integer, channels: np.ndarray, i: Integer, ends: np.ndarray, ofm: np.ndarray, p: Integer, o: Integer
) -> Integer:
    """fixed_point.multiply_by_quantized_multiplier for a channel of a pixel; gives whether it saturated."""
    shifted = np.int64(np.int32(np.int32(acc) << channels[LEFT, i]))
    upper = (shifted * np.int64(channels[MULTIPLIER, i]) + np.int64(1 << 30)) >> np.int64(31)
    down = np.int64(channels[TIE, i]) if upper < 0 else np.int64(0)
    value = ends[ZERO_POINT] + ((upper + np.int64(channels[HALF, i]) - down) >> np.int64(channels[RIGHT, i]))
    ofm[p, o] = min(max(value, ends[LOW]), ends[HIGH])
    return np.int64(value < ends[COUNT_BELOW]) + np.int64(value > ends[COUNT_ABOVE])


@loop
def _away_from_zero(acc: np.ndarray, bias: np.ndarray, form: AwayFromZero, ofm: np.ndarray) -> Integer:
    """requantization.FloatRequantization, element by element."""
    scales, ends = form.scales, form.ends
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


@loop
def _half_even(acc: np.ndarray, bias: np.ndarray, form: HalfEven, ofm: np.ndarray) -> Integer:
    """requantization.HalfEvenRequantization, in the same order."""
    floats, ends = form.float_ends, form.ends
    zero, low, high = ends[ZERO_POINT], ends[LOW], ends[HIGH]
    below, above = ends[COUNT_BELOW], ends[COUNT_ABOVE]
    limits = (floats[0], floats[1], zero, low, high, below, above)
    channels = ofm.shape[1]
    whole = channels - channels % LANES
    sums, outputs = acc.reshape(-1), ofm.reshape(-1)
    saturated = np.int64(0)
    for p in range(ofm.shape[0]):
        for o in range(0, whole, LANES):
            values = sums_at(sums, p * acc.shape[1] + o)
            saturated += put_half_even(values, bias, form.scales, o, limits, outputs, p * channels + o)
        for o in range(whole, channels):
            real = np.rint(np.float32(np.int32(acc[p, o] + bias[o])) * form.scales[o])
            value = np.int32(min(max(real, floats[0]), floats[1])) + zero
            saturated += np.int64(value < below) + np.int64(value > above)
            ofm[p, o] = min(max(value, low), high)
    return saturated


SCALES = {Twice: _twice, AwayFromZero: _away_from_zero, HalfEven: _half_even}


@loop
def copy_pixels(ifm: np.ndarray, flip: Integer, taken: Integer, out: np.ndarray) -> None:
    """out[p,k] = (ifm[p,k] ^ flip) - taken, and 0 behind the last k.

    Shapes: ifm (P,K) int8; out (P',K') int16 or uint8, of which the first P rows are written.
    """
    inputs = ifm.shape[1]
    for p in range(ifm.shape[0]):
        for k in range(inputs):
            out[p, k] = np.int32(ifm[p, k] ^ flip) - np.int32(taken)
        out[p, inputs:] = 0


@loop
def copy_windows(
    ifm: np.ndarray,
    window: np.ndarray,
    flip: Integer,
    taken: Integer,
    padding: Integer,
    first: Integer,
    count: Integer,
    out: np.ndarray,
) -> None:
    """The windows of `count` output pixels from `first` on as rows of `out`; `padding` outside the picture.

    Shapes: ifm (N,H,W,C) int8, window (10,) int64 of products.frame, out (P,K) int16 or uint8, K at least
        KH*KW*C.
    """
    stride_h, stride_w, dilation_h, dilation_w, top, left, kernel_h, kernel_w, ofm_h, ofm_w = window
    _, ifm_h, ifm_w, depth = ifm.shape
    flat, rows = ifm.reshape(-1), out.reshape(-1)
    run = kernel_w * depth
    whole = (run + LANES - 1) // LANES * LANES
    y, x = divmod(first, ofm_w)
    n, y = divmod(y, ofm_h)
    for p in range(count):
        for ky in range(kernel_h):
            row = y * stride_h - top + ky * dilation_h
            col = x * stride_w - left
            to = p * out.shape[1] + ky * run
            at = ((n * ifm_h + row) * ifm_w + col) * depth
            inside = dilation_w == 1 and 0 <= row < ifm_h and col >= 0 and col + kernel_w <= ifm_w
            if inside and at + whole <= flat.shape[0] and to + whole <= rows.shape[0]:
                for i in range(0, run, LANES):  # what is written too far is written over by what follows
                    copy_less(flat, at + i, flip, taken, rows, to + i)
                continue
            for kx in range(kernel_w):
                inside = 0 <= row < ifm_h and 0 <= col + kx * dilation_w < ifm_w
                base = at + kx * dilation_w * depth
                for c in range(depth):
                    rows[to + kx * depth + c] = (
                        np.int32(flat[base + c] ^ flip) - np.int32(taken) if inside else padding
                    )
        out[p, kernel_h * kernel_w * depth :] = 0
        x += 1
        if x == ofm_w:
            x, y = 0, y + 1
        if y == ofm_h:
            y, n = 0, n + 1


@loop
def copy_padded(
    ifm: np.ndarray,
    flip: Integer,
    zero_point: Integer,
    top: Integer,
    left: Integer,
    multiplier: Integer,
    out: np.ndarray,
) -> None:
    """Rows and columns of a picture from (top, left) on, centred, 0 outside.

        out[r,s,c * multiplier + m] = (ifm[top + r,left + s,c] ^ flip) - zero_point

    Shapes: ifm (H,W,C) int8; out (R,S,C') int16, C' at least C * multiplier.
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
                    out[r, s, c] = np.int16(ifm[row, col, c] ^ flip) - shift
                out[r, s, depth:] = 0
            else:
                for c in range(depth * multiplier):
                    out[r, s, c] = np.int16(ifm[row, col, c // multiplier] ^ flip) - shift
                out[r, s, depth * multiplier :] = 0
