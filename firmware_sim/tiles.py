"""Sums of products, a tile of pixels and channels at a time, each sum in a register until it is an output.

Import this module only when something is simulated.

A word is what one step of a sum takes from a pixel: WORD_BYTES of its inputs, two int16 or four uint8.

Overflow: sums wrap at 32 bits, as the firmware's register does, so their order does not matter.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from firmware_sim.loop_cache import loop, part
from firmware_sim.ops.scaling import BY_ONE
from firmware_sim.scalings import lanes_of, put_scaled, scale
from firmware_sim.vectors import (
    LANES,
    plus_words,
    pointer,
    put,
    sums_at,
    word_for_all,
    words_at,
    zipped_at,
)

Integer = int | np.signedinteger

ROWS = 7
"""Pixels of a tile; seven divide the pictures of MobileNets (7 * 7, 14 * 14, 28 * 28, ...)."""
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
    sums: np.ndarray, form: Any, panel: Integer, ofm: np.ndarray, p: Integer, begin: Integer, end: Integer
) -> Integer:
    """Outputs of a panel from sums in memory, for what a tile cannot do at once: pixels p to p + end.

    Gives how many saturated, of pixels from p + begin on; those before are counted already.

    Shapes: sums (16 * end,) int32, a pixel's sixteen side by side.
    """
    lanes, spare, o, way = lanes_of(form), np.empty(LANES, np.int8), panel * LANES, form.ways[panel]
    saturated = np.int64(0)
    for i in range(end):
        if way != BY_ONE:
            number = put_scaled(sums_at(sums, i * LANES), lanes, way, o, spare, 0)
        else:
            number = scale(sums[i * LANES : (i + 1) * LANES], form, panel, spare)
        saturated += number if i >= begin else 0
        for lane in range(min(LANES, ofm.shape[1] - o)):
            ofm[p + i, o + lane] = spare[lane]
    return saturated


@part
def put_tile(
    tile: Any, lanes: Any, way: Integer, o: Integer, out: Any, to: Integer, channels: Integer, begin: Integer
) -> Integer:
    """Outputs of a whole tile, pixel i at out[to + i * channels]; gives how many saturate from `begin` on."""
    s0, s1, s2, s3, s4, s5, s6 = tile
    n0 = put_scaled(s0, lanes, way, o, out, to)
    n1 = put_scaled(s1, lanes, way, o, out, to + channels)
    n2 = put_scaled(s2, lanes, way, o, out, to + 2 * channels)
    n3 = put_scaled(s3, lanes, way, o, out, to + 3 * channels)
    n4 = put_scaled(s4, lanes, way, o, out, to + 4 * channels)
    n5 = put_scaled(s5, lanes, way, o, out, to + 5 * channels)
    n6 = put_scaled(s6, lanes, way, o, out, to + 6 * channels)
    head = n0 * (begin < 1) + n1 * (begin < 2) + n2 * (begin < 3)
    return np.int64(head + n3 * (begin < 4) + n4 * (begin < 5) + n5 * (begin < 6) + n6)


@part
def keep_tile(tile: Any, sums: Any) -> None:
    """A tile's sums in memory, for `one_by_one`."""
    s0, s1, s2, s3, s4, s5, s6 = tile
    put(sums, 0, s0)
    put(sums, LANES, s1)
    put(sums, 2 * LANES, s2)
    put(sums, 3 * LANES, s3)
    put(sums, 4 * LANES, s4)
    put(sums, 5 * LANES, s5)
    put(sums, 6 * LANES, s6)


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
        word's; bias (O',) int32, ofm (P',O) int8.
    """
    inputs, channels = rows.shape[1], ofm.shape[1]
    _, words, width = panels.shape
    together = inputs // words
    sums, lanes, ways = np.empty(ROWS * LANES, np.int32), lanes_of(form), form.ways
    flat, packed, starts = pointer(rows), pointer(panels), pointer(bias)
    outputs, kept = pointer(ofm), pointer(sums)
    saturated = np.int64(0)
    for panel in range(panels.shape[0]):
        o = panel * LANES
        way, is_full = ways[panel], o + LANES <= channels
        for p in range(0, count, ROWS):
            s0 = s1 = s2 = s3 = s4 = s5 = s6 = sums_at(starts, o)
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
            tile, end, to = (s0, s1, s2, s3, s4, s5, s6), min(ROWS, count - p), (first + p) * channels + o
            if is_full and end == ROWS and way != BY_ONE:
                saturated += put_tile(tile, lanes, way, o, outputs, to, channels, 0)
            else:
                keep_tile(tile, kept)
                saturated += one_by_one(sums, form, panel, ofm, first + p, 0, end)
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
    """A depthwise convolution over rows that hold their padding, seven pixels and sixteen channels at a time.

        acc[r,x,c] = bias[c] + sum(padded.flat[at(r * stride_h, x * stride_w, c) + taps[t,i]] * weights[t,c,i]
                                   for t, i)

    Gives how many elements saturated.

    Shapes: padded (H,W,C') int16, C' a multiple of 16, and memory behind it for a tile that is longer than a
        row; taps (T,2) int64; weights (T,C',2) int16; bias (C',) int32; ofm (R * columns,C) int8.
    """
    _, width, depth = padded.shape
    pixels, channels = ofm.shape
    sums, lanes, ways = np.empty(ROWS * LANES, np.int32), lanes_of(form), form.ways
    flat, packed, starts = pointer(padded), pointer(weights), pointer(bias)
    outputs, kept = pointer(ofm), pointer(sums)
    step = stride_w * depth
    saturated = np.int64(0)
    for r in range(pixels // columns):
        for x in range(0, columns, ROWS):
            begin = max(0, min(x, columns - ROWS))  # a last tile is full, and counts what is its own
            p, end = r * columns + begin, min(ROWS, columns)
            for panel in range(depth // LANES):
                o = panel * LANES
                at = (r * stride_h * width + begin * stride_w) * depth + o
                s0 = s1 = s2 = s3 = s4 = s5 = s6 = sums_at(starts, o)
                for t in range(taps.shape[0]):
                    w = words_at(packed, (t * depth + o) * 2)
                    a, b = at + taps[t, 0], at + taps[t, 1]
                    s0 = plus_words(s0, zipped_at(flat, a, b), w)
                    s1 = plus_words(s1, zipped_at(flat, a + step, b + step), w)
                    s2 = plus_words(s2, zipped_at(flat, a + 2 * step, b + 2 * step), w)
                    s3 = plus_words(s3, zipped_at(flat, a + 3 * step, b + 3 * step), w)
                    s4 = plus_words(s4, zipped_at(flat, a + 4 * step, b + 4 * step), w)
                    s5 = plus_words(s5, zipped_at(flat, a + 5 * step, b + 5 * step), w)
                    s6 = plus_words(s6, zipped_at(flat, a + 6 * step, b + 6 * step), w)
                tile, to = (s0, s1, s2, s3, s4, s5, s6), p * channels + o
                if end == ROWS and o + LANES <= channels and ways[panel] != BY_ONE:
                    saturated += put_tile(tile, lanes, ways[panel], o, outputs, to, channels, x - begin)
                else:
                    keep_tile(tile, kept)
                    saturated += one_by_one(sums, form, panel, ofm, p, x - begin, end)
    return saturated
