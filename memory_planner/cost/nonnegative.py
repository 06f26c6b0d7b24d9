"""Least squares with no coefficient below zero, exactly."""

from __future__ import annotations

from itertools import combinations

import numpy as np


def nonnegative_least_squares(features: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The x >= 0 with the least |features @ x - wanted|.

    The best of all choices of columns whose plain least squares has no coefficient below zero is the answer;
    there are 2**P of them, and P is small here. Of equal ones the one with fewer columns is taken.

    >>> nonnegative_least_squares(np.array([[1.0, 1.0], [1.0, 2.0]]), np.array([3.0, 2.0])).round(9).tolist()
    [2.5, 0.0]

    Shapes: features (N, P) float64; wanted (N,).
    Source: Lawson and Hanson, Solving Least Squares Problems, chapter 23 (the conditions of Kuhn and Tucker).
    """
    count = features.shape[1]
    best, least = np.zeros(count), float(wanted @ wanted)
    scale = np.abs(features).max(axis=0, initial=0.0)
    usable = [k for k in range(count) if scale[k] > 0]
    for size in range(1, len(usable) + 1):
        for chosen in map(list, combinations(usable, size)):
            columns = features[:, chosen] / scale[chosen]
            found, _, rank, _ = np.linalg.lstsq(columns, wanted, rcond=1e-9)
            if rank < size or (found < 0).any():
                continue
            error = wanted - columns @ found
            if float(error @ error) < least * (1 - 1e-12):
                least = float(error @ error)
                best = np.zeros(count)
                best[chosen] = found / scale[chosen]
    return best
