"""Sums of products, a tile of pixels and channels at a time, each sum in a register until it is whole.

Import this module only when something is simulated.

Overflow: sums wrap at 32 bits, as the firmware's register does, so their order does not matter.
"""

from __future__ import annotations

import numpy as np

from firmware_sim.loop_cache import loop
from firmware_sim.vectors import (
    LANES,
    plus_singles,
    plus_words,
    put,
    singles_at,
    word_for_all,
    words_at,
    zeros,
)

Integer = int | np.signedinteger

ROWS = 7
"""Pixels of a product's tile; seven divide the pictures of MobileNets (7 * 7, 14 * 14, 28 * 28, ...)."""
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
def multiply(rows: np.ndarray, panels: np.ndarray, acc: np.ndarray) -> None:
    """acc = rows @ weights, seven pixels and sixteen channels at a time.

    Shapes: rows (P,K) int16 with panels of int16, or uint8 with panels of int8; P a multiple of ROWS, K of a
        word's; acc (P,O) int32.
    """
    pixels, inputs = rows.shape
    outputs = acc.shape[1]
    _, words, width = panels.shape
    together = inputs // words
    flat, packed, sums = rows.reshape(-1), panels.reshape(-1), acc.reshape(-1)
    for o in range(panels.shape[0]):
        for p in range(0, pixels, ROWS):
            s0 = s1 = s2 = s3 = s4 = s5 = s6 = zeros()
            for k in range(words):
                w = words_at(packed, (o * words + k) * width)
                at = p * inputs + k * together
                s0 = plus_words(s0, word_for_all(flat, at), w)
                s1 = plus_words(s1, word_for_all(flat, at + inputs), w)
                s2 = plus_words(s2, word_for_all(flat, at + 2 * inputs), w)
                s3 = plus_words(s3, word_for_all(flat, at + 3 * inputs), w)
                s4 = plus_words(s4, word_for_all(flat, at + 4 * inputs), w)
                s5 = plus_words(s5, word_for_all(flat, at + 5 * inputs), w)
                s6 = plus_words(s6, word_for_all(flat, at + 6 * inputs), w)
            to = p * outputs + o * LANES
            put(sums, to, s0)
            put(sums, to + outputs, s1)
            put(sums, to + 2 * outputs, s2)
            put(sums, to + 3 * outputs, s3)
            put(sums, to + 4 * outputs, s4)
            put(sums, to + 5 * outputs, s5)
            put(sums, to + 6 * outputs, s6)


@loop
def depthwise(
    padded: np.ndarray,
    taps: np.ndarray,
    weights: np.ndarray,
    stride_h: Integer,
    stride_w: Integer,
    acc: np.ndarray,
) -> None:
    """The sums of a depthwise convolution over rows that hold their padding, four pixels at a time.

        acc[r,x,c] = sum(padded.flat[at(r * stride_h, x * stride_w, c) + taps[t]] * weights[t,c] for t)

    Shapes: padded (H,W,C) int16, C a multiple of 16; taps (T,) int64; weights (T,C) int16; acc (R,OW,C)
        int32.
    """
    _, width, channels = padded.shape
    rows, columns, _ = acc.shape
    flat, packed, sums = padded.reshape(-1), weights.reshape(-1), acc.reshape(-1)
    step = stride_w * channels
    for r in range(rows):
        for x in range(0, columns, 4):
            for c in range(0, channels, LANES):
                at = (r * stride_h * width + x * stride_w) * channels + c
                to = (r * columns + x) * channels + c
                if x + 4 <= columns:
                    s0 = s1 = s2 = s3 = zeros()
                    for t in range(taps.shape[0]):
                        w = singles_at(packed, t * channels + c)
                        pixel = at + taps[t]
                        s0 = plus_singles(s0, singles_at(flat, pixel), w)
                        s1 = plus_singles(s1, singles_at(flat, pixel + step), w)
                        s2 = plus_singles(s2, singles_at(flat, pixel + 2 * step), w)
                        s3 = plus_singles(s3, singles_at(flat, pixel + 3 * step), w)
                    put(sums, to, s0)
                    put(sums, to + channels, s1)
                    put(sums, to + 2 * channels, s2)
                    put(sums, to + 3 * channels, s3)
                    continue
                for rest in range(columns - x):
                    s0 = zeros()
                    for t in range(taps.shape[0]):
                        w = singles_at(packed, t * channels + c)
                        s0 = plus_singles(s0, singles_at(flat, at + taps[t] + rest * step), w)
                    put(sums, to + rest * channels, s0)
