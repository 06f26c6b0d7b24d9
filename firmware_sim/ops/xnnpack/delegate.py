"""What LiteRT's XNNPACK delegate takes over, for the operators simulated here.

What it leaves runs on TFLite's optimized kernels. Where their bits are not known to be those of a kernel
here, the operator is refused, never simulated by a guess.

Source: LiteRT delegates/xnnpack/xnnpack_delegate.cc, the Visit...Node and CheckTensor... functions.
"""

from __future__ import annotations

import numpy as np

from firmware_sim.ops.kernel import Operands
from graph.types import DType, Tensor

BYTES = (DType.INT8, DType.UINT8)
INDICES = (DType.INT32, DType.INT64)
SMALLEST_SCALE = float(np.finfo(np.float32).tiny)
LARGEST_MULTIPLIER = 256.0
INT32_END = 1 << 31


def takes(tensor: Tensor) -> bool:
    """Whether the delegate takes an activation: 8-bit, one normal scale, its quantized dimension 0."""
    quant = tensor.quant
    if tensor.dtype not in BYTES or quant is None:
        return False
    return len(quant.scales) == 1 and quant.axis == 0 and quant.scale >= SMALLEST_SCALE


def need(operands: Operands, met: bool, why: str) -> None:
    """Refuse the operator unless `met`: numerics xnnpack does not know its bits."""
    operands.need(met, f"numerics xnnpack does not cover it ({why}); use tflm or tflite-ref")


def need_types(operands: Operands, types: tuple[DType, ...]) -> None:
    """Refuse tensors of other types."""
    tensors = (*(t for t in operands.inputs if t is not None), *operands.outputs)
    other = next((t for t in tensors if t.dtype not in types), None)
    need(operands, other is None, "" if other is None else f"tensor {other.index} is {other.dtype.value}")


def need_product(operands: Operands, axis: int, *, bias_needed: bool) -> None:
    """Refuse a convolution or matrix product that the delegate leaves.

    It takes constant weights with one scale, or one for each channel along `axis`, and a bias with scales.
    """
    ifm, weights, bias = (
        operands.input(0, tuple(DType)),
        operands.input(1, tuple(DType)),
        operands.optional(2),
    )
    ofm = operands.outputs[0]
    need(operands, takes(ifm) and takes(ofm), "its input or output is not 8-bit with one scale")
    need(operands, weights.dtype is ifm.dtype is ofm.dtype, "its input, weights and output differ in type")
    need(operands, weights.data is not None, "its weights are not constant")
    need(operands, _takes_weights(weights, axis), "its weights' scales do not lie along its channels")
    need(operands, bias is not None or not bias_needed, "it has no bias")
    if bias is not None:
        plain = bias.quant is not None and bias.quant.axis == 0 and not any(bias.quant.zero_points)
        need(operands, plain, "its bias has no scale, or a zero point")
    _need_inside_int32(operands, axis, weights, bias)


def _takes_weights(weights: Tensor, axis: int) -> bool:
    """One scale for all, or one a channel; uint8 weights have one, and say that it belongs to dimension 0."""
    quant = weights.quant
    if quant is None or min(quant.scales) < SMALLEST_SCALE:
        return False
    if weights.dtype is DType.UINT8:
        return takes(weights)
    return len(quant.scales) == 1 or quant.axis == axis


def _need_inside_int32(operands: Operands, axis: int, weights: Tensor, bias: Tensor | None) -> None:
    """Refuse a scaled accumulator that can pass int32: there AVX-512's kernels wrap, the others saturate.

    Overflow: |acc| <= 255 * sum|weights| + |bias|; times the multiplier it must be below 2**31.
    """
    ifm, ofm = operands.inputs[0], operands.outputs[0]
    assert ifm is not None and ifm.quant and weights.quant and ofm.quant and weights.data is not None
    wide = weights.data.astype(np.int64) - weights.quant.zero_points[0]
    reach = 255 * np.abs(wide).sum(axis=tuple(i for i in range(wide.ndim) if i != axis))
    if bias is not None and bias.data is not None:
        reach = reach + np.abs(bias.data.astype(np.int64).reshape(-1))
    multipliers = ifm.quant.scale * np.array(weights.quant.scales) / ofm.quant.scale
    small = bool(multipliers.max() < LARGEST_MULTIPLIER)
    operands.need(
        small, "its output's scale is less than 1/256 of input times weights, which XNNPACK refuses"
    )
    inside = bool((reach * multipliers).max() < INT32_END)
    need(operands, inside, "scaled, its accumulators may pass int32, where processors differ")
