"""A whole layer in one call: block by block copied, then summed and scaled while it is in a cache.

Import this module only when something is simulated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from firmware_sim.copies import copy_padded, copy_pixels, copy_windows
from firmware_sim.loop_cache import loop
from firmware_sim.tiles import depthwise, multiply

Integer = int | np.signedinteger


@loop
def convolve(
    ifm: np.ndarray,
    window: np.ndarray,
    pointwise: bool,
    flip: Integer,
    taken: Integer,
    padding: Integer,
    panels: np.ndarray,
    bias: np.ndarray,
    form: Any,
    rows: np.ndarray,
    ofm: np.ndarray,
) -> Integer:
    """Fill ofm; gives how many elements saturated.

    Shapes: ifm (N,H,W,C) int8, window (10,) int64, panels as tiles.panels gives them, bias (O,) int32,
        scratch rows (B,K) of the panels' sort, B a multiple of tiles.ROWS; ofm (N,OH,OW,O) int8.
    """
    pixels = ofm.reshape(-1, ofm.shape[3])
    flat = ifm.reshape(-1, ifm.shape[3])
    saturated = np.int64(0)
    for first in range(0, pixels.shape[0], rows.shape[0]):
        count = min(rows.shape[0], pixels.shape[0] - first)
        if pointwise:
            copy_pixels(flat[first : first + count], flip, taken, rows)
        else:
            copy_windows(ifm, window, flip, taken, padding, first, count, rows)
        saturated += multiply(rows, count, panels, bias, form, pixels, first)
    return saturated


@loop
def convolve_depthwise(
    ifm: np.ndarray,
    window: np.ndarray,
    flip: Integer,
    zero_point: Integer,
    taps: np.ndarray,
    weights: np.ndarray,
    bias: np.ndarray,
    form: Any,
    padded: np.ndarray,
    block: Integer,
    ofm: np.ndarray,
) -> Integer:
    """Fill ofm; gives how many elements saturated.

    Shapes: ifm (N,H,W,C) int8, window (10,) int64, taps (T,2) int64, weights (T,C',2) int16, bias (C',)
        int32, scratch padded (R',W',C') int16 for what `block` rows of the output read, and more, see
        tiles.depthwise; ofm (N,OH,OW,C*M) int8.
    """
    stride_h, stride_w, top, left = window[0], window[1], window[4], window[5]
    _, ofm_h, ofm_w, channels = ofm.shape
    multiplier = channels // ifm.shape[3]
    saturated = np.int64(0)
    for n in range(ofm.shape[0]):
        for first in range(0, ofm_h, block):
            count = min(block, ofm_h - first)
            read = (count - 1) * stride_h + (window[6] - 1) * window[2] + 1
            copy_padded(ifm[n], flip, zero_point, first * stride_h - top, -left, multiplier, padded[:read])
            pixels = ofm[n, first : first + count].reshape(-1, channels)
            saturated += depthwise(padded, taps, weights, bias, form, stride_h, stride_w, ofm_w, pixels)
    return saturated
