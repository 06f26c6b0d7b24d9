"""RESIZE_BILINEAR."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from firmware_sim.ops import resizing
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from graph.attrs import ResizeAttrs
from graph.types import DType, Tensor

ONE = 1 << 10  # of the weights of the integer kernels


@dataclass(frozen=True, slots=True)
class Between:
    """Along an axis, output i is input low[i] times here[i] plus input high[i] times there[i]."""

    low: np.ndarray
    high: np.ndarray
    here: np.ndarray
    there: np.ndarray


def in_float(inputs: int, outputs: int, attrs: ResizeAttrs) -> Between:
    """Positions and weights in float32; before the first input, weights lie outside 0..1.

    >>> in_float(2, 4, ResizeAttrs(align_corners=False, half_pixel_centers=True)).there.tolist()
    [-0.25, 0.25, 0.75, 0.25]

    Source: TFLite reference/resize_bilinear.h ComputeInterpolationValues.
    """
    scale, half = resizing.float_scale(inputs, outputs, attrs), np.float32(0.5)
    index = np.arange(outputs, dtype=np.float32)
    at = (index + half) * scale - half if attrs.half_pixel_centers else index * scale
    low = np.maximum(np.floor(at).astype(np.int64), 0)
    high = np.minimum(np.ceil(at).astype(np.int64), inputs - 1)
    there = at - low.astype(np.float32)
    return Between(low, high, np.float32(1) - there, there)


def in_steps(inputs: int, outputs: int, attrs: ResizeAttrs) -> Between:
    """Positions and weights in 1024ths, the scale rounded to one.

    >>> in_steps(2, 4, ResizeAttrs(align_corners=False, half_pixel_centers=True)).there.tolist()
    [-256, 256, 768, 256]

    Source: TFLite reference/resize_bilinear.h ComputeInterpolationValuesInteger.
    """
    if attrs.align_corners and outputs > 1:
        scale = (ONE * (inputs - 1) + (outputs - 1) // 2) // (outputs - 1)
    else:
        scale = (ONE * inputs + outputs // 2) // outputs
    at = np.arange(outputs, dtype=np.int64) * scale
    if attrs.half_pixel_centers:
        at += scale // 2 - ONE // 2
    low = np.maximum(_divided(at, ONE), 0)
    high = np.minimum(_divided(at + ONE - 1, ONE), inputs - 1)
    there = at - ONE * low
    return Between(low, high, ONE - there, there)


def _divided(values: np.ndarray, by: int) -> np.ndarray:
    """Cut off towards zero, as C divides."""
    return np.sign(values) * (np.abs(values) // by)


def _rounded_steps(total: np.ndarray) -> np.ndarray:
    return _divided(total + np.where(total > 0, ONE * ONE // 2, -ONE * ONE // 2), ONE * ONE)


def _rounded_bytes(total: np.ndarray) -> np.ndarray:
    return (total + np.float32(0.5)).astype(np.int32)  # cuts off, so that a half before 0 would be lost


def _not_rounded(total: np.ndarray) -> np.ndarray:
    return total + np.float32(0)  # -0.0 becomes 0.0


def plain(operands: Operands) -> Kernel:
    """Row after row."""
    return resizing.by_rows(one_row(operands))


def one_row(operands: Operands) -> resizing.Row:
    """ofm[y, x] = ifm[y0, x0] * (1 - fy) * (1 - fx) + ifm[y1, x0] * fy * (1 - fx)
                 + ifm[y0, x1] * (1 - fy) * fx + ifm[y1, x1] * fy * fx

    int8 and int16 with weights in 1024ths, rounded half away from zero; uint8 in float32, plus 0.5 and
    cut off; float32 in this order.

    Overflow: sides below 2**20 keep positions inside int32; larger ones are refused.
    Source: TFLite reference/resize_bilinear.h; TFLite Micro resize_bilinear.cc.
    """
    ifm, rows, cols = prepared(operands)
    wide, rounded = {
        DType.UINT8: (np.float32, _rounded_bytes),
        DType.FLOAT32: (np.float32, _not_rounded),
    }.get(ifm.dtype, (np.int64, _rounded_steps))
    blend = _blend(cols, wide, rounded)

    def row(picture: np.ndarray, y: int, columns: slice) -> np.ndarray:
        upper, lower = picture[:, rows.low[y]], picture[:, rows.high[y]]
        return blend(upper, lower, rows.here[y], rows.there[y], columns).astype(ifm.dtype.numpy)

    return row


def fast(operands: Operands) -> Kernel:
    """The same; integers in a compiled loop.

    Overflow: weights of 1024ths stay within -1024 to 2048, so sums of int16 stay below 2**41.
    """
    ifm, rows, cols = prepared(operands)
    if ifm.dtype is DType.FLOAT32:
        return plain(operands)
    from firmware_sim import compiled_resize

    blend = compiled_resize.blend_floats if ifm.dtype is DType.UINT8 else compiled_resize.blend_steps
    places = np.array([[*rows.low, *cols.low], [*rows.high, *cols.high]], np.int64)
    weights = [np.stack([axis.here, axis.there]) for axis in (rows, cols)]

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        blend(inputs[0], places, *weights, outputs[0])
        return 0

    return kernel


def prepared(operands: Operands) -> tuple[Tensor, Between, Between]:
    """The input, checked, and where its rows and columns go."""
    attrs = operands.attrs(ResizeAttrs)
    one_way = not (attrs.align_corners and attrs.half_pixel_centers)
    operands.need(one_way, "align_corners and half_pixel_centers at once; no kernel has both")
    ifm, size = resizing.prepared(operands, (DType.INT8, DType.UINT8, DType.INT16, DType.FLOAT32))
    sides = (*ifm.shape[1:3], *size)
    operands.need(max(sides) < 1 << 20, f"sides {sides} overflow 32 bits")
    between = in_float if ifm.dtype in (DType.UINT8, DType.FLOAT32) else in_steps
    rows, cols = between(ifm.shape[1], size[0], attrs), between(ifm.shape[2], size[1], attrs)
    inside = rows.low[-1] < ifm.shape[1] and cols.low[-1] < ifm.shape[2]
    operands.need(inside, f"stretches to {size}, whose scale rounded to 1024ths reads beyond the picture")
    return ifm, rows, cols


def _blend(
    cols: Between, wide: np.dtype | type, rounded: Callable[[np.ndarray], np.ndarray]
) -> Callable[..., np.ndarray]:
    """One row of the output out of two of the input.

    Shapes: upper, lower (N,W,C); gives (N,OW,C).
    """

    def blend(
        upper: np.ndarray, lower: np.ndarray, above: np.generic, below: np.generic, columns: slice
    ) -> np.ndarray:
        upper, lower = upper.astype(wide), lower.astype(wide)
        low, high = cols.low[columns], cols.high[columns]
        here, there = cols.here[columns, None], cols.there[columns, None]
        total = (upper * above)[:, low] * here
        total += (lower * below)[:, low] * here
        total += (upper * above)[:, high] * there
        total += (lower * below)[:, high] * there
        return rounded(total)

    return blend
