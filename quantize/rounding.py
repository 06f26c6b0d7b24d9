"""Weights rounded one after the other, each making up for what the ones before it did to the sums.

The error of a layer's sums is e H e, with e the rounding errors of one output channel's weights and H the
second moments of what they are multiplied with. Rounding a weight moves those that are still free to where
e H e is least. H comes from what the simulator gives as the layer's input.

Source: Frantar et al., "GPTQ", arXiv:2210.17323, which rounds in this order; Hassibi and Stork, 1993.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import numpy as np
from numpy.typing import NDArray

from firmware_sim.run import one_blas_thread
from graph.attrs import Conv2DAttrs, DepthwiseConv2DAttrs
from graph.op_kind import OpKind
from graph.types import Op
from graph.windows import window_of
from quantize.draft import LARGEST_WEIGHT, Array, rounded
from quantize.statistics import spread

LARGEST_TAPS = 4608  # 3x3x512; more would take gigabytes
PIXELS = 96
TOGETHER = 8  # pictures
EXACT_ROWS = 1024  # * 128 * 128 = 2**24


def moments(op: Op, weights_shape: tuple[int, ...], ifm: NDArray[np.int8], padding: int) -> Array | None:
    """Second moments of the taps about their means, added up over pictures and pixels; None for too many.

    Of each picture `PIXELS` output pixels are looked at, evenly spread. Exact: products are added in float32
    only as long as they stay below 2**24. DEPTHWISE_CONV_2D has one matrix for each channel.

    Shapes: ifm (N, 1, H, W, C) or (N, 1, C) -> (K, K), K = KH*KW*C; depthwise (C, KH*KW, KH*KW).
    """
    depthwise = op.kind is OpKind.DEPTHWISE_CONV_2D
    channels = ifm.shape[-1]
    taps = weights_shape[1] * weights_shape[2] if depthwise else int(np.prod(weights_shape[1:]))
    if taps > LARGEST_TAPS:
        return None

    def of_pictures(start: int) -> tuple[Array, Array, int]:
        some = [_rows(op, weights_shape, one[0], padding) for one in ifm[start : start + TOGETHER]]
        rows = np.concatenate(some).astype(np.float32)
        if depthwise:
            rows = np.ascontiguousarray(rows.reshape(len(rows), taps, channels).transpose(2, 0, 1))
        square = np.zeros((*rows.shape[:-2], taps, taps))
        for first in range(0, rows.shape[-2], EXACT_ROWS):
            part = rows[..., first : first + EXACT_ROWS, :]
            square += np.swapaxes(part, -1, -2) @ part
        return square, rows.sum(axis=-2, dtype=np.float64), rows.shape[-2]

    second: Array = np.zeros((channels, taps, taps) if depthwise else (taps, taps))
    first: Array = np.zeros((channels, taps) if depthwise else taps)
    count = 0
    with one_blas_thread(), ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for square, total, pixels in pool.map(of_pictures, range(0, len(ifm), TOGETHER)):
            second += square
            first += total
            count += pixels
    return second - first[..., :, None] * first[..., None, :] / count


def _rows(
    op: Op, weights_shape: tuple[int, ...], picture: NDArray[np.int8], padding: int
) -> NDArray[np.int8]:
    """What some output pixels read: (pixels, KH*KW*C), `padding` where padding is read."""
    if op.kind is OpKind.FULLY_CONNECTED:
        return picture.reshape(-1, weights_shape[1])
    attrs = cast(Conv2DAttrs | DepthwiseConv2DAttrs, op.attrs)
    size = (weights_shape[1], weights_shape[2])
    window = window_of(attrs, (1, *picture.shape), size, (attrs.dilation_h, attrs.dilation_w))
    kept = spread(window.rows.outputs * window.cols.outputs, window.cols.outputs, PIXELS)
    padded = np.pad(picture, window.padding[1:], constant_values=padding)
    taps = [
        padded[window.rows.taps(y), window.cols.taps(x)].reshape(-1, picture.shape[2])[kept]
        for y in range(size[0])
        for x in range(size[1])
    ]
    return np.concatenate(taps, axis=1)


def compensated(op: Op, weights: Array, steps: Array, second: Array, damping: float) -> NDArray[np.int8]:
    """int8 weights whose sums differ least from those of `weights`, one weight after the other.

    `damping` times the mean of the diagonal is added to it, so that taps that never differ weigh little.

    Shapes: weights as the operator has them; steps, the weights' scales so shaped that they go with them.
    """
    ratio = weights / steps
    with one_blas_thread():
        if op.kind is OpKind.DEPTHWISE_CONV_2D:
            return _depthwise(ratio, second, damping)
        flat = _rounded_rows(ratio.reshape(len(ratio), -1), second, damping)
        return flat.reshape(weights.shape)


def _depthwise(ratio: Array, second: Array, damping: float) -> NDArray[np.int8]:
    _, height, width, outputs = ratio.shape
    multiplier = outputs // len(second)
    made = np.empty((outputs, height * width), np.int8)
    rows = ratio.reshape(height * width, outputs).T
    for channel in range(len(second)):
        own = slice(channel * multiplier, (channel + 1) * multiplier)
        made[own] = _rounded_rows(rows[own], second[channel], damping)
    return np.ascontiguousarray(made.T).reshape(ratio.shape)


def _rounded_rows(ratio: Array, second: Array, damping: float) -> NDArray[np.int8]:
    """Each row of `ratio`, in steps, made integers from left to right.

    Shapes: ratio (O, K), second (K, K) -> (O, K).
    """
    factor = _inverse_factor(second, damping)
    free = ratio.copy()
    made = np.empty(ratio.shape, np.int8)
    for k in range(ratio.shape[1]):
        whole = np.clip(rounded(free[:, k]), -LARGEST_WEIGHT, LARGEST_WEIGHT)
        made[:, k] = whole
        error = (free[:, k] - whole) / factor[k, k]
        free[:, k + 1 :] -= error[:, None] * factor[k, k + 1 :]
    return made


def _inverse_factor(second: Array, damping: float) -> Array:
    """The upper triangular U with U' U = (second + damping)**-1."""
    mean = float(np.diag(second).mean()) or 1.0
    damped = second + np.eye(len(second)) * (damping * mean)
    flipped = np.linalg.cholesky(damped[::-1, ::-1])[::-1, ::-1]  # upper R with R R' = damped
    return np.linalg.inv(flipped)
