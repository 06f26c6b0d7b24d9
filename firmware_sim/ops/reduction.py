"""What MEAN, SUM, REDUCE_MAX and REDUCE_MIN have in common."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from firmware_sim.fixed_point import multiply_by_quantized_multiplier, wrap_int32
from firmware_sim.numerics import Numerics
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.requantization import Clamp, limits
from graph.attrs import ReducerAttrs
from graph.types import DType, Tensor

INTEGERS = (DType.INT32, DType.INT64)


@dataclass(frozen=True, slots=True)
class Reduction:
    """`axes`, ascending, of `rank` are reduced: `count` elements to each that is left."""

    ifm: Tensor
    ofm: Tensor
    axes: tuple[int, ...]
    count: int

    @property
    def leaves_one(self) -> bool:
        """Whether every axis is reduced."""
        return len(self.axes) == len(self.ifm.shape)

    def rows(self, values: np.ndarray) -> np.ndarray:
        """Row i holds, for every element of the output, the i-th element that the runtimes take into it.

        Shapes: values as the input; gives (count, elements of the output).
        """
        left = tuple(axis for axis in range(values.ndim) if axis not in self.axes)
        return values.transpose(self.axes + left).reshape(self.count, -1)

    def fold(
        self,
        values: np.ndarray,
        start: float | None,
        step: Callable[[np.ndarray, np.ndarray], np.ndarray],
    ) -> np.ndarray:
        """step(... step(step(start, rows[0]), rows[1]) ...), shaped as the output; None: start is rows[0]."""
        rows = self.rows(values)
        value = rows[0] if start is None else np.full(rows.shape[1], start, values.dtype)
        for row in rows if start is not None else rows[1:]:
            value = step(value, row)
        return value.reshape(self.ofm.shape)

    def wrapping_sum(self, values: np.ndarray) -> np.ndarray:
        """The sum in int64, which wraps as registers do."""
        return values.sum(axis=self.axes, dtype=np.int64).reshape(self.ofm.shape)


def reduction(operands: Operands, types: Collection[DType]) -> Reduction:
    """The checked operands; input and output are of one type out of `types`."""
    attrs = operands.attrs(ReducerAttrs)
    ifm = operands.input(0, types)
    ofm = operands.output((ifm.dtype,))
    rank = len(ifm.shape)
    asked = [int(axis) for axis in operands.constant(1, (DType.INT32,), "axes").reshape(-1)]
    operands.need(all(-rank <= axis < rank for axis in asked), f"axes {asked} of a tensor of rank {rank}")
    axes = tuple(sorted({axis % rank for axis in asked}))
    shape = tuple(
        1 if axis in axes else side
        for axis, side in enumerate(ifm.shape)
        if attrs.keep_dims or axis not in axes
    )
    operands.need_shape(shape)
    return Reduction(ifm, ofm, axes, math.prod(ifm.shape[axis] for axis in axes))


def rescaled_sum(
    operands: Operands, over: Reduction, multiplier: int, shift: int, *, dtype: DType | None = None
) -> Kernel:
    """ofm = clamp(scale(sum(ifm - ifm.zero_point)) + ofm.zero_point)

    `dtype` is what the bytes of both are taken for, where that is not their type.
    """
    if over.ofm.dtype is DType.INT16 and operands.numerics is not Numerics.TFLM:
        symmetric = operands.quant(over.ifm).zero_point == operands.quant(over.ofm).zero_point == 0
        operands.need(symmetric, "int16 with a zero point other than 0")
    taken = dtype or over.ofm.dtype
    finish = finish_of_sums(operands, over, multiplier, shift, taken)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        total = over.wrapping_sum(inputs[0].view(taken.numpy))
        outputs[0].view(taken.numpy)[...], saturated = finish(total)
        return saturated

    return kernel


Finish = Callable[[np.ndarray], tuple[np.ndarray, int]]
"""From sums of elements, int64 in the output's shape, to the output and how many saturated."""


def finish_of_sums(operands: Operands, over: Reduction, multiplier: int, shift: int, taken: DType) -> Finish:
    """ofm = clamp(scale(sum - count * ifm.zero_point) + ofm.zero_point)

    Overflow: the sum wraps at 32 bits; int8 would need 2**23 elements, int16 65,537.
    Source: TFLite reference/reduce.h QuantizedMeanOrSum.
    """
    before, after = operands.quant(over.ifm), operands.quant(over.ofm)
    clamp = Clamp(*limits(taken), saturates_low=True, saturates_high=True)

    def finish(total: np.ndarray) -> tuple[np.ndarray, int]:
        acc = wrap_int32(total - before.zero_point * over.count)
        return clamp.apply(multiply_by_quantized_multiplier(acc, multiplier, shift) + after.zero_point, taken)

    return finish
