"""What the float network's activations are like over the calibration pictures, gathered once for all aids."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from quantize.float_net import FloatNet

Array = NDArray[np.float64]

PIXELS_KEPT = 256  # of each activation of each picture, evenly spread, for the calibrators


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """By float tensor, over the pictures.

    `means` of every element, without the batch; `lows` and `highs` by channel, the last axis; `kept`, values
    of a spread of pixels, (n, C).
    """

    means: Mapping[int, Array]
    lows: Mapping[int, Array]
    highs: Mapping[int, Array]
    kept: Mapping[int, NDArray[np.float32]]


def spread(pixels: int, width: int, count: int) -> slice:
    """Every n-th of `pixels`, about `count`; n shares no factor with `width`, so that all columns come.

    >>> spread(112 * 112, 112, 256), spread(7 * 7, 7, 256)
    (slice(None, None, 51), slice(None, None, 1))
    """
    step = -(-pixels // count)
    while math.gcd(step, width) != 1:
        step += 1
    return slice(None, None, step)


def gather(net: FloatNet, inputs: NDArray[np.float32], stderr: Any = None) -> Statistics:
    """Run the float network over pictures; the same on any number of cores.

    Shapes: inputs (N, RES, RES, 3).
    """
    totals: dict[int, Array] = {}
    lows: dict[int, Array] = {}
    highs: dict[int, Array] = {}
    kept: dict[int, list[NDArray[np.float32]]] = {}
    seen = net.activations(inputs)
    for one in tqdm(seen, total=len(inputs), desc="float", unit="picture", disable=None, file=stderr):
        for index, activation in one.items():
            values = activation[0]
            rows = values.reshape(-1, values.shape[-1] if values.ndim else 1)
            low, high = rows.min(axis=0).astype(np.float64), rows.max(axis=0).astype(np.float64)
            some = rows[spread(len(rows), values.shape[-2] if values.ndim > 1 else 1, PIXELS_KEPT)].copy()
            if index in totals:
                totals[index] += values
                lows[index], highs[index] = np.minimum(lows[index], low), np.maximum(highs[index], high)
                kept[index].append(some)
            else:
                totals[index], lows[index], highs[index] = values.astype(np.float64), low, high
                kept[index] = [some]
    return Statistics(
        means={index: total / len(inputs) for index, total in totals.items()},
        lows=lows,
        highs=highs,
        kept={index: np.concatenate(parts) for index, parts in kept.items()},
    )
