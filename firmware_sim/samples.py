"""Inputs to compare with: random bytes over the whole range, and pictures, in turn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graph.types import Graph, Tensor

SMOOTH_GRID = 5


def generated(
    graph: Graph, samples: int, seed: int, pictures: Sequence[np.ndarray] = ()
) -> tuple[np.ndarray, ...]:
    """One array per input of the graph, `samples` stacked along a new first axis.

    Samples 0, 2, 4, ... are uniform random; 1, 3, 5, ... come from `pictures` (one array per input, stacked
    the same way) in order while they last, and are smooth synthetic ones after that. Sample k depends on
    `seed` and k alone.
    """
    columns = []
    for position, index in enumerate(graph.inputs):
        tensor = graph.tensors[index]
        given = pictures[position] if pictures else np.empty((0, *tensor.shape), tensor.dtype.numpy)
        column = []
        for k in range(samples):
            rng = np.random.default_rng([seed, k, position])
            if k % 2 == 0:
                column.append(_uniform(rng, tensor))
            elif k // 2 < len(given):
                column.append(given[k // 2])
            else:
                column.append(_smooth(rng, tensor))
        columns.append(np.stack(column) if column else given)
    return tuple(columns)


def _uniform(rng: np.random.Generator, tensor: Tensor) -> np.ndarray:
    dtype = tensor.dtype.numpy
    if dtype.kind == "f":
        return rng.uniform(-1, 1, tensor.shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, tensor.shape, dtype, endpoint=True)


def _smooth(rng: np.random.Generator, tensor: Tensor) -> np.ndarray:
    """A coarse random grid, stretched over the picture, over the type's whole range, with a little noise."""
    dtype = tensor.dtype.numpy
    axes = (1, 2) if len(tensor.shape) == 4 else ()
    values = rng.uniform(-1, 1, tuple(SMOOTH_GRID if i in axes else n for i, n in enumerate(tensor.shape)))
    for axis in axes:
        values = _stretched(values, axis, tensor.shape[axis])
    values = np.clip(values + rng.normal(0, 0.02, tensor.shape), -1, 1)
    if dtype.kind == "f":
        return values.astype(dtype)
    info = np.iinfo(dtype)
    return np.round((values + 1) / 2 * (float(info.max) - info.min) + info.min).astype(dtype)


def _stretched(values: np.ndarray, axis: int, side: int) -> np.ndarray:
    """Linear interpolation of one axis to `side` elements."""
    at = np.linspace(0, values.shape[axis] - 1, side)
    low = np.minimum(at.astype(int), values.shape[axis] - 2)
    share = (at - low).reshape([-1 if i == axis else 1 for i in range(values.ndim)])
    return np.take(values, low, axis) * (1 - share) + np.take(values, low + 1, axis) * share
