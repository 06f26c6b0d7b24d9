"""Sums of products: integers exactly, float32 in the order in which the runtimes' loops add."""

from __future__ import annotations

import numpy as np


def centred(values: np.ndarray, zero_point: int) -> np.ndarray:
    """values - zero_point, integers as int64; floating point stays of its type."""
    wide = values if values.dtype.kind == "f" else values.astype(np.int64)
    return wide - zero_point if zero_point else wide


def add_product(acc: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """acc += x @ y; float32 rounds after each product and each sum, k after k.

        for k in range(K): acc[...,m,n] += x[...,m,k] * y[...,k,n]

    int64, and integers held in float64, need no order: their products and sums are exact.

    >>> acc = np.zeros((1, 1), np.float32)
    >>> add_product(acc, np.array([[1e8, 1, -1e8]], np.float32), np.ones((3, 1), np.float32))
    >>> acc.tolist()
    [[0.0]]

    Shapes: acc (...,M,N), x (...,M,K), y (...,K,N), batches broadcast.
    Overflow: 16-bit numbers times 8-bit numbers stay below 2**53 for K < 2**29, 16-bit ones among themselves
        for K < 2**21; int64 wraps, as C's would.
    """
    if acc.dtype != np.float32:
        acc += x @ y
        return
    for k in range(x.shape[-1]):
        acc += x[..., k : k + 1] * y[..., k : k + 1, :]
