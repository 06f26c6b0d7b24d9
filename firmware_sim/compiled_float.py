"""Compiled loops of float islands; import this module only when something is simulated.

No fast mathematics: each product and each sum is rounded to float32, in the order of the runtimes' loops, and
nothing is fused. The loops run over output channels innermost, whose sums do not meet.
"""

from __future__ import annotations

import numpy as np

from firmware_sim.loop_cache import loop


@loop
def convolve(ifm: np.ndarray, weights: np.ndarray, geometry: np.ndarray, acc: np.ndarray) -> None:
    """The sums of a convolution, without bias, held to conv_2d.accumulate by tests.

    Shapes: ifm (N,H,W,C), weights (KH,KW,C/G,O), geometry (6,) int64, acc (N,OH,OW,O); all else float32.
    """
    stride_h, stride_w, dilation_h, dilation_w, top, left = geometry
    batch, ifm_h, ifm_w, _ = ifm.shape
    kernel_h, kernel_w, depth, channels = weights.shape
    per_group = channels // (ifm.shape[3] // depth)
    for n in range(batch):
        for y in range(acc.shape[1]):
            for x in range(acc.shape[2]):
                total = acc[n, y, x]
                total[:] = np.float32(0)
                for ky in range(kernel_h):
                    row = y * stride_h - top + ky * dilation_h
                    if row < 0 or row >= ifm_h:
                        continue
                    for kx in range(kernel_w):
                        col = x * stride_w - left + kx * dilation_w
                        if col < 0 or col >= ifm_w:
                            continue
                        for first in range(0, channels, per_group):
                            base = first // per_group * depth
                            for c in range(depth):
                                value = ifm[n, row, col, base + c]
                                tap = weights[ky, kx, c]
                                for o in range(first, first + per_group):
                                    total[o] += value * tap[o]
