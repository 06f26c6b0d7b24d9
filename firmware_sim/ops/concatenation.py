"""CONCATENATION."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.ops.moves import ANY
from firmware_sim.requantization import Clamp, limits
from graph.attrs import Activation, ConcatenationAttrs
from graph.types import DType, QuantParams


def rescaled(values: np.ndarray, before: QuantParams, after: QuantParams) -> np.ndarray:
    """uint8 steps of one scale in those of another, not cut off yet; float32 at each step.

        scale = before.scale * (1 / after.scale)
        steps = round(values * scale + -before.zero_point * scale) + after.zero_point   # half away from zero

    Source: TFLite reference/concatenation.h ConcatenationWithScaling.
    """
    if before == after:
        return values.astype(np.int64)
    scale = np.float32(before.scale) * (np.float32(1) / np.float32(after.scale))
    real = values.astype(np.float32) * scale + np.float32(-before.zero_point) * scale
    rounded = np.copysign(np.floor(np.abs(real.astype(np.float64)) + 0.5), real)
    return rounded.astype(np.int64) + after.zero_point


def plain(operands: Operands) -> Kernel:
    """The inputs one after the other along an axis; uint8 inputs of another scale are rescaled.

    int8 inputs have the output's scale and zero point, int16 ones zero points of 0, or both runtimes refuse.
    """
    attrs = operands.attrs(ConcatenationAttrs)
    operands.need(attrs.activation is Activation.NONE, f"a fused activation {attrs.activation.value}")
    ofm = operands.output(ANY)
    tensors = [operands.input(i, (ofm.dtype,)) for i in range(len(operands.inputs))]
    if ofm.dtype is DType.INT8:
        operands.need(
            all(t.quant == ofm.quant for t in tensors), "int8 inputs of another scale than its output"
        )
    if ofm.dtype is DType.INT16:
        zero_points = [q.zero_point for q in (t.quant for t in (*tensors, ofm)) if q is not None]
        operands.need(not any(zero_points), "int16 with a zero point")
    clamp = Clamp(*limits(DType.UINT8), saturates_low=True, saturates_high=True)
    operands.need_shape(np.concatenate([np.empty(t.shape, np.bool_) for t in tensors], attrs.axis).shape)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        arrays = [v for v in inputs if v is not None]
        if ofm.dtype is not DType.UINT8 or ofm.quant is None:
            np.concatenate(arrays, attrs.axis, out=outputs[0])
            return 0
        after = ofm.quant
        parts = [
            rescaled(values, tensor.quant or after, after)
            for values, tensor in zip(arrays, tensors, strict=True)
        ]
        outputs[0][...], saturated = clamp.apply(np.concatenate(parts, attrs.axis), ofm.dtype)
        return saturated

    return kernel
