"""ARG_MAX and ARG_MIN."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from firmware_sim.numerics import Numerics
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from graph.op_kind import OpKind
from graph.types import DType

LANES = 4

Choose = Callable[..., np.ndarray]
"""(values, axis, is_max=...) -> the index that is chosen along the axis."""


def first_beyond(values: np.ndarray, axis: int, *, is_max: bool) -> np.ndarray:
    """The index of the first element that none is beyond; NaN counts as worse than any number.

    >>> first_beyond(np.array([[np.nan, 1.0, 2.0, 2.0]], np.float32), 1, is_max=True).tolist()
    [2]
    """
    extreme = np.argmax if is_max else np.argmin
    unknown = np.isnan(values)
    if not unknown.any():
        return extreme(values, axis=axis)
    known = np.where(unknown, np.float32(-np.inf if is_max else np.inf), values)
    best = extreme(known, axis=axis, keepdims=True)
    reached = ~unknown & (known == np.take_along_axis(known, best, axis))
    return np.argmax(reached, axis=axis)


def first_unless_beaten(values: np.ndarray, axis: int, *, is_max: bool) -> np.ndarray:
    """As first_beyond, but a NaN at the start stays the best, since nothing compares as beyond it.

    >>> first_unless_beaten(np.array([[np.nan, 1.0, 2.0, 2.0]], np.float32), 1, is_max=True).tolist()
    [0]
    """
    starts_unknown = np.isnan(np.take(values, 0, axis))
    return np.where(starts_unknown, 0, first_beyond(values, axis, is_max=is_max))


def by_lanes(values: np.ndarray, axis: int, *, is_max: bool) -> np.ndarray:
    """Along adjacent elements, in four lanes whose winners meet pairwise: a NaN that wins there hides others.

    Without NaN the same as first_beyond; only rows with one are walked through.

    >>> by_lanes(np.array([[-np.inf, np.nan, np.nan, np.inf]], np.float32), 1, is_max=True).tolist()
    [0]

    Shapes: values (...,C,1,...,1) with C >= 4; axis is that of C.
    Source: TFLite optimized/optimized_ops.h ArgMaxVector, ArgMinVector, as they run on x86-64.
    """
    rows = values.reshape(values.shape[: axis + 1])
    chosen = np.array(first_beyond(rows, axis, is_max=is_max))
    for at in np.argwhere(np.isnan(rows).any(axis=axis)):
        chosen[tuple(at)] = _by_lanes(rows[tuple(at)] * (1 if is_max else -1))
    return chosen.reshape(values.shape[:axis] + values.shape[axis + 1 :])


def _by_lanes(row: np.ndarray) -> int:
    whole = len(row) // LANES * LANES
    lanes = row[:whole].reshape(-1, LANES)
    steps = first_beyond(lanes, 0, is_max=True)
    best = lanes[steps, np.arange(LANES)]
    pairs = [second if second > first else first for first, second in (best[:2], best[2:])]
    winner = pairs[1] if pairs[1] > pairs[0] else pairs[0]
    index = 0 if np.isnan(winner) else int(np.min((steps * LANES + np.arange(LANES))[best == winner]))
    for later in range(whole, len(row)):
        if row[later] > winner or (np.isnan(winner) and not np.isnan(row[later])):
            winner, index = row[later], later
    return index


def first_extreme(values: np.ndarray, axis: int, *, is_max: bool) -> np.ndarray:
    """The index of the first element that none is beyond, where there is no NaN."""
    return values.argmax(axis) if is_max else values.argmin(axis)


def _chooser(operands: Operands, dtype: DType, shape: tuple[int, ...], axis: int) -> Choose:
    if dtype is not DType.FLOAT32:
        return first_extreme
    if operands.numerics is Numerics.TFLM:
        return first_unless_beaten
    return by_lanes if math.prod(shape[axis + 1 :]) == 1 and shape[axis] >= LANES else first_beyond


def plain(operands: Operands) -> Kernel:
    """ofm = the index of the largest element (ARG_MIN: the smallest) along the axis; of equals, the first.

    Source: TFLite arg_min_max.cc, reference/arg_min_max.h; TFLite Micro arg_min_max.cc.
    """
    indices = (DType.INT32, DType.INT64)
    ifm = operands.input(0, (DType.INT8, DType.UINT8, DType.INT32, DType.FLOAT32, DType.BOOL))
    operands.output(indices)
    axes = operands.constant(1, indices, "axis").reshape(-1)
    rank = len(ifm.shape)
    operands.need(
        len(axes) == 1 and -rank <= axes[0] < rank, f"axis {axes.tolist()} of a tensor of rank {rank}"
    )
    axis = int(axes[0]) % rank
    operands.need(ifm.shape[axis] > 0, "chooses among no elements")
    operands.need_shape(ifm.shape[:axis] + ifm.shape[axis + 1 :])
    is_max = operands.op.kind is OpKind.ARG_MAX
    choose = _chooser(operands, ifm.dtype, ifm.shape, axis)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        outputs[0][...] = choose(inputs[0], axis, is_max=is_max)
        return 0

    return kernel
