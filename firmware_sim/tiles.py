"""Sums of products, a tile of pixels and channels at a time, each sum in a register until it is whole.

Import this module only when something is simulated.

Overflow: sums wrap at 32 bits, as the firmware's register does, so their order does not matter.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from firmware_sim.loop_cache import loop
from firmware_sim.scalings import limits_of, put_scaled, scale
from firmware_sim.vectors import (
    LANES,
    plus_words,
    put,
    sums_at,
    word_for_all,
    words_at,
    zeros,
    zipped_at,
)

Integer = int | np.signedinteger

ROWS = 7
"""Pixels of a product's tile; seven divide the pictures of MobileNets (7 * 7, 14 * 14, 28 * 28, ...)."""
COLUMNS = 4
"""Pixels of a depthwise tile."""
WORD_BYTES = 4


def panels(weights: np.ndarray) -> np.ndarray:
    """Weights (K,O) in the order in which `multiply` reads them; 0 where K fills no word, O no tile.

    Shapes: weights int16 or int8; gives (O/16,K/T,16*T): for sixteen outputs, the T inputs of a word side by
        side, two int16 or four int8.
    """
    inputs, outputs = weights.shape
    together = WORD_BYTES // weights.itemsize
    padded = np.pad(weights, ((0, -inputs % together), (0, -outputs % LANES)))
    split = padded.reshape(len(padded) // together, together, -1, LANES)
    return np.ascontiguousarray(split.transpose(2, 0, 3, 1)).reshape(-1, len(split), together * LANES)


@loop
def one_by_one(
    sums: np.ndarray,
    bias: np.ndarray,
    form: Any,
    panel: Integer,
    ofm: np.ndarray,
    p: Integer,
    begin: Integer,
    end: Integer,
) -> Integer:
    """Outputs of a panel from sums in memory, for what a tile cannot do at once: pixels p to p + end.

    Gives how many saturated, of pixels from p + begin on; those before are counted already.

    Shapes: sums (16 * end,) int32, a pixel's sixteen side by side.
    """
    limits, outputs = limits_of(form), ofm.reshape(-1)
    saturated = np.int64(0)
    for i in range(end):
        to, number = (p + i) * ofm.shape[1] + panel * LANES, np.int32(-1)
        if form.whole[panel]:
            number = put_scaled(sums_at(sums, i * LANES), bias, form, panel * LANES, limits, outputs, to)
        if number < 0:
            number = scale(sums[i * LANES : (i + 1) * LANES], bias, form, panel, ofm, p + i)
        saturated += number if i >= begin else 0
    return saturated


@loop
def multiply(
    rows: np.ndarray,
    count: Integer,
    panels: np.ndarray,
    bias: np.ndarray,
    form: Any,
    ofm: np.ndarray,
    first: Integer,
) -> Integer:
    """ofm[first : first + count] = requantize(rows @ weights + bias); gives how many elements saturated.

    Seven pixels and sixteen channels at a time.

    Shapes: rows (P,K) int16 with panels of int16, or uint8 with panels of int8; P a multiple of ROWS, K of a
        word's; bias (O,) int32, ofm (P',O) int8.
    """
    inputs, channels = rows.shape[1], ofm.shape[1]
    _, words, width = panels.shape
    together = inputs // words
    flat, packed, outputs = rows.reshape(-1), panels.reshape(-1), ofm.reshape(-1)
    sums, limits = np.empty(ROWS * LANES, np.int32), limits_of(form)
    saturated = np.int64(0)
    for panel in range(panels.shape[0]):
        o = panel * LANES
        for p in range(0, count, ROWS):
            s0 = s1 = s2 = s3 = s4 = s5 = s6 = zeros()
            for k in range(words):
                w = words_at(packed, (panel * words + k) * width)
                at = p * inputs + k * together
                s0 = plus_words(s0, word_for_all(flat, at), w)
                s1 = plus_words(s1, word_for_all(flat, at + inputs), w)
                s2 = plus_words(s2, word_for_all(flat, at + 2 * inputs), w)
                s3 = plus_words(s3, word_for_all(flat, at + 3 * inputs), w)
                s4 = plus_words(s4, word_for_all(flat, at + 4 * inputs), w)
                s5 = plus_words(s5, word_for_all(flat, at + 5 * inputs), w)
                s6 = plus_words(s6, word_for_all(flat, at + 6 * inputs), w)
            if form.whole[panel] and p + ROWS <= count:
                to = (first + p) * channels + o
                n0 = put_scaled(s0, bias, form, o, limits, outputs, to)
                n1 = put_scaled(s1, bias, form, o, limits, outputs, to + channels)
                n2 = put_scaled(s2, bias, form, o, limits, outputs, to + 2 * channels)
                n3 = put_scaled(s3, bias, form, o, limits, outputs, to + 3 * channels)
                n4 = put_scaled(s4, bias, form, o, limits, outputs, to + 4 * channels)
                n5 = put_scaled(s5, bias, form, o, limits, outputs, to + 5 * channels)
                n6 = put_scaled(s6, bias, form, o, limits, outputs, to + 6 * channels)
                if n0 | n1 | n2 | n3 | n4 | n5 | n6 >= 0:
                    saturated += n0 + n1 + n2 + n3 + n4 + n5 + n6
                    continue
            put(sums, 0, s0)
            put(sums, LANES, s1)
            put(sums, 2 * LANES, s2)
            put(sums, 3 * LANES, s3)
            put(sums, 4 * LANES, s4)
            put(sums, 5 * LANES, s5)
            put(sums, 6 * LANES, s6)
            saturated += one_by_one(sums, bias, form, panel, ofm, first + p, 0, min(ROWS, count - p))
    return saturated


@loop
def depthwise(
    padded: np.ndarray,
    taps: np.ndarray,
    weights: np.ndarray,
    bias: np.ndarray,
    form: Any,
    stride_h: Integer,
    stride_w: Integer,
    columns: Integer,
    ofm: np.ndarray,
) -> Integer:
    """A depthwise convolution over rows that hold their padding, four pixels and sixteen channels at a time.

        acc[r,x,c] = sum(padded.flat[at(r * stride_h, x * stride_w, c) + taps[t,i]] * weights[t,c,i] for t, i)

    Gives how many elements saturated.

    Shapes: padded (H,W,C') int16, C' a multiple of 16; taps (T,2) int64; weights (T,C',2) int16; bias
        (C,) int32; ofm (R * columns,C) int8.
    """
    _, width, depth = padded.shape
    pixels, channels = ofm.shape
    flat, packed, outputs = padded.reshape(-1), weights.reshape(-1), ofm.reshape(-1)
    sums, limits = np.empty(COLUMNS * LANES, np.int32), limits_of(form)
    step = stride_w * depth
    saturated = np.int64(0)
    for r in range(pixels // columns):
        for x in range(0, columns, COLUMNS):
            begin = max(0, min(x, columns - COLUMNS))  # a last tile is full, and counts what is its own
            known = x - begin
            p, count = r * columns + begin, min(COLUMNS, columns)
            for panel in range(depth // LANES):
                o = panel * LANES
                at = (r * stride_h * width + begin * stride_w) * depth + o
                if count < COLUMNS:
                    for i in range(count):
                        s0 = zeros()
                        for t in range(taps.shape[0]):
                            a, b = at + i * step + taps[t, 0], at + i * step + taps[t, 1]
                            s0 = plus_words(s0, zipped_at(flat, a, b), words_at(packed, (t * depth + o) * 2))
                        put(sums, i * LANES, s0)
                    saturated += one_by_one(sums, bias, form, panel, ofm, p, 0, count)
                    continue
                s0 = s1 = s2 = s3 = zeros()
                for t in range(taps.shape[0]):
                    w = words_at(packed, (t * depth + o) * 2)
                    a, b = at + taps[t, 0], at + taps[t, 1]
                    s0 = plus_words(s0, zipped_at(flat, a, b), w)
                    s1 = plus_words(s1, zipped_at(flat, a + step, b + step), w)
                    s2 = plus_words(s2, zipped_at(flat, a + 2 * step, b + 2 * step), w)
                    s3 = plus_words(s3, zipped_at(flat, a + 3 * step, b + 3 * step), w)
                if form.whole[panel]:
                    to = p * channels + o
                    n0 = put_scaled(s0, bias, form, o, limits, outputs, to)
                    n1 = put_scaled(s1, bias, form, o, limits, outputs, to + channels)
                    n2 = put_scaled(s2, bias, form, o, limits, outputs, to + 2 * channels)
                    n3 = put_scaled(s3, bias, form, o, limits, outputs, to + 3 * channels)
                    if n0 | n1 | n2 | n3 >= 0:
                        before = n0 * (known < 1) + n1 * (known < 2) + n2 * (known < 3)
                        saturated += before + n3
                        continue
                put(sums, 0, s0)
                put(sums, LANES, s1)
                put(sums, 2 * LANES, s2)
                put(sums, 3 * LANES, s3)
                saturated += one_by_one(sums, bias, form, panel, ofm, p, known, COLUMNS)
    return saturated
