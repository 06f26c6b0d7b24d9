"""Which range of an activation int8 spans: all that was seen, or less, so that the steps are finer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Range = tuple[float, float]

STEPS = 255
BINS = 2048
CANDIDATES = 60  # shares of the full range, down to 0.4 of it, that `mse` and `entropy` try


def min_max(values: Array, seen: Range) -> Range:
    """All that was seen."""
    return seen


def percentile(values: Array, seen: Range, percent: float = 99.99) -> Range:
    """What lies between the two percentiles, never more than was seen.

    >>> percentile(np.arange(101.0), (0.0, 200.0), 99.0)
    (1.0, 99.0)
    """
    low, high = np.percentile(values, [100 - percent, percent])
    return max(seen[0], float(low)), min(seen[1], float(high))


def mse(values: Array, seen: Range) -> Range:
    """The range whose rounding and cutting together change the values least, in the mean square."""
    heights, centres = _histogram(values, seen)

    def error(low: float, high: float) -> float:
        return float((heights * (centres - _quantized(centres, low, high)) ** 2).sum())

    return _best(seen, error)


def entropy(values: Array, seen: Range) -> Range:
    """The range whose distribution in 255 steps tells least apart from the full one (KL divergence).

    What is cut off counts at the edge.

    Source: Migacz, "8-bit inference with TensorRT", GTC 2017, for the idea.
    """
    heights, centres = _histogram(values, seen)
    full = heights / heights.sum()

    def error(low: float, high: float) -> float:
        step = (high - low) / STEPS
        level = np.clip(np.floor((centres - low) / step), 0, STEPS - 1).astype(np.int64)
        inside = (centres >= low) & (centres <= high)
        mass = np.bincount(level, full, STEPS)
        filled = np.bincount(level, inside & (full > 0), STEPS)
        spread = np.where(inside & (full > 0), mass[level] / np.maximum(filled[level], 1), 0)
        told = full > 0
        return float((full[told] * np.log(full[told] / np.maximum(spread[told], 1e-9))).sum())

    return _best(seen, error)


CALIBRATORS: dict[str, Callable[[Array, Range], Range]] = {
    "min-max": min_max,
    "percentile": percentile,
    "mse": mse,
    "entropy": entropy,
}


def quant_of(low: float, high: float) -> tuple[float, int]:
    """Scale and zero point of int8 that spans a range, which takes 0 in, as a float32 would hold them.

        scale = (high - low) / 255        zero_point = round(-128 - low / scale)

    >>> quant_of(0.0, 6.0), quant_of(-1.0, 1.0)[1]
    ((0.0235294122248888, -128), -1)
    """
    low, high = min(low, 0.0), max(high, 0.0)
    scale = float(np.float32((high - low) / STEPS)) or 1.0
    return scale, int(np.clip(np.round(-128 - low / scale), -128, 127))


def _histogram(values: Array, seen: Range) -> tuple[Array, Array]:
    heights, edges = np.histogram(values, BINS, seen)
    return heights.astype(np.float64), (edges[:-1] + edges[1:]) / 2


def _quantized(values: Array, low: float, high: float) -> Array:
    scale, zero_point = quant_of(low, high)
    return scale * (np.clip(np.round(values / scale) + zero_point, -128, 127) - zero_point)


def _best(seen: Range, error: Callable[[float, float], float]) -> Range:
    """The least wrong of the seen range and shares of it; the widest of equals."""
    shares = np.linspace(1.0, 0.4, CANDIDATES)
    ranges = [(seen[0] * share, seen[1] * share) for share in shares]
    return min(ranges, key=lambda one: error(*one))
