"""RESIZE_NEAREST_NEIGHBOR."""

from __future__ import annotations

import numpy as np

from firmware_sim.ops import resizing
from firmware_sim.ops.kernel import Kernel, Operands
from graph.attrs import ResizeAttrs
from graph.types import DType

TYPES = (DType.INT8, DType.UINT8, DType.INT16, DType.INT32, DType.FLOAT32)


def nearest(inputs: int, outputs: int, attrs: ResizeAttrs) -> np.ndarray:
    """The input that each output along an axis copies.

        scaled  = (i + (0.5 if half_pixel_centers else 0)) * scale       # in float32
        nearest = min(round(scaled) if align_corners else floor(scaled), inputs - 1)

    round takes ties away from zero.

    >>> nearest(2, 4, ResizeAttrs(align_corners=False, half_pixel_centers=False)).tolist()
    [0, 0, 1, 1]
    >>> nearest(3, 5, ResizeAttrs(align_corners=True, half_pixel_centers=False)).tolist()
    [0, 1, 1, 2, 2]

    Source: TFLite reference/resize_nearest_neighbor.h GetNearestNeighbor.
    """
    scale = resizing.float_scale(inputs, outputs, attrs)
    offset = np.float32(0.5 if attrs.half_pixel_centers else 0.0)
    scaled = ((np.arange(outputs, dtype=np.float32) + offset) * scale).astype(np.float64)
    whole = np.floor(scaled + 0.5) if attrs.align_corners else np.floor(scaled)
    return np.minimum(whole.astype(np.int64), inputs - 1)


def one_row(operands: Operands) -> resizing.Row:
    """ofm[y, x] = ifm[nearest(y), nearest(x)]"""
    attrs = operands.attrs(ResizeAttrs)
    ifm, (out_h, out_w) = resizing.prepared(operands, TYPES)
    rows, cols = nearest(ifm.shape[1], out_h, attrs), nearest(ifm.shape[2], out_w, attrs)
    return lambda picture, y, columns: picture[:, rows[y], cols[columns]]


def plain(operands: Operands) -> Kernel:
    """Row after row."""
    return resizing.by_rows(one_row(operands))
