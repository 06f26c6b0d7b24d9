"""ADD."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim import fixed_point as fp
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.requantization import clamp_of
from graph.attrs import AddAttrs
from graph.types import DType

LEFT_SHIFT = 20


def plain(operands: Operands) -> Kernel:
    """Both inputs on a common scale with 20 more bits, added, scaled to the output's.

        common = 2 * max(a.scale, b.scale)
        sum    = scale(a << 20, a.scale / common) + scale(b << 20, b.scale / common)
        ofm    = clamp(scale(sum, common / (2**20 * ofm.scale)) + ofm.zero_point)

    Shapes: inputs broadcast as numpy's do.
    Overflow: |a - zero_point| <= 255, so each term is below 2**28.
    Source: TFLite Micro add_common.cc; reference/integer_ops/add.h.
    """
    if operands.input(0, (DType.INT8, DType.INT32)).dtype is DType.INT32:
        return _of_int32(operands)
    tensors = [operands.input(i, (DType.INT8,)) for i in (0, 1)]
    ofm = operands.output((DType.INT8,))
    attrs = operands.attrs(AddAttrs)
    quants = [operands.quant(tensor) for tensor in tensors]
    common = 2 * max(quant.scale for quant in quants)
    terms = [(quant.zero_point, *fp.quantize_multiplier(quant.scale / common)) for quant in quants]
    after = operands.quant(ofm)
    multiplier, shift = fp.quantize_multiplier(common / ((1 << LEFT_SHIFT) * after.scale))
    operands.need(shift <= 0, "its output's scale is a millionth of its inputs', which the runtimes refuse")
    clamp = clamp_of(operands.activation(attrs.activation), ofm)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        total = np.zeros((), np.int64)
        for values, (zero_point, factor, down) in zip(inputs, terms, strict=True):
            assert values is not None
            shifted = (values.astype(np.int64) - zero_point) << LEFT_SHIFT
            total = total + fp.multiply_by_quantized_multiplier(shifted, factor, down)
        scaled = fp.multiply_by_quantized_multiplier(total, multiplier, shift) + after.zero_point
        outputs[0][...], saturated = clamp.apply(scaled, DType.INT8)
        return saturated

    return kernel


def _of_int32(operands: Operands) -> Kernel:
    """Shapes and indices: plain int32 addition, which wraps."""
    operands.input(1, (DType.INT32,))
    operands.output((DType.INT32,))

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        a, b = inputs
        assert a is not None and b is not None
        np.add(a, b, out=outputs[0])
        return 0

    return kernel
