"""Compiled copying of pictures into the rows that tiles.py reads; import only when something is simulated.

8-bit numbers are int8 here: of uint8 the same bytes, with a `flip` of -128 where their value counts, since
u - 128 = int8(u) ^ -128. So one machine code serves both. What rows have beyond their inputs is left as it
is: weights are 0 there.
"""

from __future__ import annotations

import numpy as np

from firmware_sim.loop_cache import loop
from firmware_sim.vectors import LANES, copy_less

Integer = int | np.signedinteger


@loop
def copy_pixels(ifm: np.ndarray, flip: Integer, taken: Integer, out: np.ndarray) -> None:
    """out[p,k] = (ifm[p,k] ^ flip) - taken

    Shapes: ifm (P,K) int8; out (P',K') int16 or uint8, of which the first P rows are written.
    """
    pixels, inputs = ifm.shape
    if inputs == out.shape[1]:
        flat, rows = ifm.reshape(-1), out.reshape(-1)
        for i in range(pixels * inputs):
            rows[i] = np.int32(flat[i] ^ flip) - np.int32(taken)
        return
    for p in range(pixels):
        for k in range(inputs):
            out[p, k] = np.int32(ifm[p, k] ^ flip) - np.int32(taken)


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
        row, col, to = y * stride_h - top, x * stride_w - left, p * out.shape[1]
        at = ((n * ifm_h + row) * ifm_w + col) * depth
        down = dilation_h * ifm_w * depth
        inside = (
            row >= 0 and row + (kernel_h - 1) * dilation_h < ifm_h and col >= 0 and col + kernel_w <= ifm_w
        )
        ends = at + (kernel_h - 1) * down + whole, to + (kernel_h - 1) * run + whole
        if dilation_w == 1 and inside and ends[0] <= flat.shape[0] and ends[1] <= rows.shape[0]:
            for ky in range(kernel_h):
                for i in range(0, run, LANES):  # what is written too far is written over by what follows
                    copy_less(flat, at + ky * down + i, flip, taken, rows, to + ky * run + i)
        else:
            for ky in range(kernel_h):
                for kx in range(kernel_w):
                    here, right = row + ky * dilation_h, col + kx * dilation_w
                    inside = 0 <= here < ifm_h and 0 <= right < ifm_w
                    base = ((n * ifm_h + here) * ifm_w + right) * depth
                    for c in range(depth):
                        value = np.int32(flat[base + c] ^ flip) - np.int32(taken) if inside else padding
                        rows[to + (ky * kernel_w + kx) * depth + c] = value
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
    rows, columns, channels = out.shape
    flat, padded, shift = ifm.reshape(-1), out.reshape(-1), np.int16(zero_point)
    whole = depth - depth % LANES if multiplier == 1 else 0
    for r in range(rows):
        for s in range(columns):
            row, col, to = top + r, left + s, (r * columns + s) * channels
            if not (0 <= row < ifm_h and 0 <= col < ifm_w):
                out[r, s, :] = 0
                continue
            at = (row * ifm_w + col) * depth
            for c in range(0, whole, LANES):
                copy_less(flat, at + c, flip, zero_point, padded, to + c)
            for c in range(whole, depth * multiplier):
                out[r, s, c] = np.int16(flat[at + c // multiplier] ^ flip) - shift
