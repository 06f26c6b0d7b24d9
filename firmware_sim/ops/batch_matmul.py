"""BATCH_MATMUL."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim import requantization as rq
from firmware_sim.fixed_point import wrap_int32
from firmware_sim.numerics import Numerics
from firmware_sim.ops.accumulators import add_product, centred
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.ops.layer import Rescaling, widened
from graph.attrs import Activation, BatchMatMulAttrs
from graph.types import DType, Tensor

RIGHT_OF = {
    DType.INT8: (DType.INT8,),
    DType.INT16: (DType.INT16, DType.INT8),
    DType.FLOAT32: (DType.FLOAT32,),
}
RANKS = range(2, 6)


def accumulate(x: np.ndarray, y: np.ndarray, zero_points: tuple[int, int]) -> np.ndarray:
    """acc[...,m,n] = sum((x[...,m,k] - zero_points[0]) * (y[...,k,n] - zero_points[1]) for k)

    Shapes: x (...,M,K), y (...,K,N), batches broadcast; gives (...,M,N) int64, or float32 of float32.
    Source: TFLite reference/batch_matmul.h BatchMatMul.
    """
    left, right = centred(x, zero_points[0]), centred(y, zero_points[1])
    batches = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    acc = np.zeros((*batches, x.shape[-2], y.shape[-1]), left.dtype)
    add_product(acc, left, right)
    return acc


def _rescaling(operands: Operands, x: Tensor, y: Tensor, ofm: Tensor, depth: int) -> Rescaling | None:
    """None: the sums are the output."""
    if x.dtype is DType.FLOAT32:
        return rq.FloatClamp(Activation.NONE)
    if ofm.dtype is DType.INT32:
        return None
    quants = [operands.quant(tensor) for tensor in (x, y, ofm)]
    rule = rq.per_channel if operands.numerics is Numerics.TFLM else rq.per_tensor
    made = rule(x, y, ofm, Activation.NONE, 1)
    if x.dtype is DType.INT8:
        return made
    operands.need(not any(q.zero_point for q in quants), "int16 operands with a zero point")
    return widened(operands, made, depth << 30)


def _kernel(operands: Operands, *, in_float64: bool) -> Kernel:
    attrs = operands.attrs(BatchMatMulAttrs)
    x = operands.input(0, RIGHT_OF)
    y = operands.input(1, RIGHT_OF[x.dtype])
    whole = (DType.INT32,) if x.dtype is DType.INT8 else ()
    ofm = operands.output((x.dtype, *whole))
    operands.need(
        len(x.shape) in RANKS and len(y.shape) in RANKS, "its operands are not of 2 to 5 dimensions"
    )
    x_shape, y_shape = _adjoined(x.shape, attrs.adj_x), _adjoined(y.shape, attrs.adj_y)
    depth = x_shape[-1]
    operands.need(depth == y_shape[-2], f"rows of {depth} do not meet columns of {y_shape[-2]}")
    operands.need_shape((*np.broadcast_shapes(x_shape[:-2], y_shape[:-2]), x_shape[-2], y_shape[-1]))
    rescaling = _rescaling(operands, x, y, ofm, depth)
    offsets = [0, 0]
    if x.dtype is DType.INT8 and rescaling is not None:
        offsets = [operands.quant(x).zero_point, operands.quant(y).zero_point]
    narrow, floats = x.dtype is DType.INT8, x.dtype is DType.FLOAT32

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        left, right = inputs[0], inputs[1]
        assert left is not None and right is not None
        left = np.swapaxes(left, -1, -2) if attrs.adj_x else left
        right = np.swapaxes(right, -1, -2) if attrs.adj_y else right
        if in_float64 and not floats:
            left, right = left.astype(np.float64), right.astype(np.float64)
        acc = accumulate(left, right, (offsets[0], offsets[1]))
        if not floats:
            acc = wrap_int32(acc) if narrow else acc.astype(np.int64)
        outputs[0][...], saturated = (acc, 0) if rescaling is None else rescaling.apply(acc)
        return saturated

    return kernel


def _adjoined(shape: tuple[int, ...], swapped: bool) -> tuple[int, ...]:
    return (*shape[:-2], shape[-1], shape[-2]) if swapped else shape


def plain(operands: Operands) -> Kernel:
    """The definition; either operand may be constant."""
    return _kernel(operands, in_float64=False)


def fast(operands: Operands) -> Kernel:
    """The same, integers held in float64."""
    return _kernel(operands, in_float64=True)
