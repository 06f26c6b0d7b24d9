"""Compiled loops of RESIZE_BILINEAR, held to its definition by tests; import only when something is run.

No fast mathematics: each product and each sum is rounded to float32, in the order of the runtimes' loops, and
nothing is fused.
"""

from __future__ import annotations

import numpy as np

from firmware_sim.loop_cache import loop


@loop
def blend_floats(
    ifm: np.ndarray, places: np.ndarray, rows: np.ndarray, cols: np.ndarray, ofm: np.ndarray
) -> None:
    """uint8 by weights in float32, plus 0.5, cut off.

    Shapes: ifm (N,H,W,C), ofm (N,OH,OW,C) uint8; places (2,OH+OW) int64, low above high, rows before columns;
        rows (2,OH), cols (2,OW) float32, what the low and the high input weigh.
    """
    height, width = ofm.shape[1], ofm.shape[2]
    for n in range(ofm.shape[0]):
        for y in range(height):
            upper, lower = ifm[n, places[0, y]], ifm[n, places[1, y]]
            above, below = rows[0, y], rows[1, y]
            for x in range(width):
                low, high = places[0, height + x], places[1, height + x]
                here, there = cols[0, x], cols[1, x]
                for c in range(ofm.shape[3]):
                    total = np.float32(upper[low, c]) * above * here
                    total += np.float32(lower[low, c]) * below * here
                    total += np.float32(upper[high, c]) * above * there
                    total += np.float32(lower[high, c]) * below * there
                    ofm[n, y, x, c] = np.int32(total + np.float32(0.5))


@loop
def blend_steps(
    ifm: np.ndarray, places: np.ndarray, rows: np.ndarray, cols: np.ndarray, ofm: np.ndarray
) -> None:
    """int8 and int16 by weights in 1024ths, rounded half away from zero.

    Shapes: as of blend_floats; rows and cols int64.
    """
    height, width, half = ofm.shape[1], ofm.shape[2], np.int64(1 << 19)
    for n in range(ofm.shape[0]):
        for y in range(height):
            upper, lower = ifm[n, places[0, y]], ifm[n, places[1, y]]
            above, below = rows[0, y], rows[1, y]
            for x in range(width):
                low, high = places[0, height + x], places[1, height + x]
                here, there = cols[0, x], cols[1, x]
                for c in range(ofm.shape[3]):
                    left = np.int64(upper[low, c]) * above + np.int64(lower[low, c]) * below
                    right = np.int64(upper[high, c]) * above + np.int64(lower[high, c]) * below
                    total = left * here + right * there
                    size = (abs(total) + half) >> 20
                    ofm[n, y, x, c] = size if total > 0 else -size
