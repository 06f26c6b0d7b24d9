"""SOFTMAX."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim import fixed_point as fp
from firmware_sim.ops.kernel import Kernel, Operands, RuntimeAbortError, Workspace
from graph.attrs import SoftmaxAttrs
from graph.types import DType

SCALED_DIFF_BITS = 5  # differences are scaled to Q5.26
OFM_BITS = 8
MOST_BITS_OVER_UNIT = OFM_BITS
SUM_BITS = 12  # exponentials are summed in Q12.19


def exponentials(beta: float, scale: float) -> np.ndarray:
    """exp(-d * scale * beta) in Q0.31 for the differences d = 0..255 from a row's largest; 0 where too small.

        real       = min(beta * scale * 2**26, 2**31 - 1)
        multiplier, shift = quantize_multiplier(real)
        smallest   = -floor((2**5 - 1) * 2**26 / 2**shift)         # below it nothing is added

    Shapes: gives (256,) int64.
    Source: TFLite quantization_util.cc PreprocessSoftmaxScaling, CalculateInputRadius.
    """
    real = min(beta * scale * (1 << (31 - SCALED_DIFF_BITS)), (1 << 31) - 1.0)
    multiplier, shift = fp.quantize_multiplier(real)
    radius = (((1 << SCALED_DIFF_BITS) - 1) << (31 - SCALED_DIFF_BITS)) >> shift
    diffs = -np.arange(256, dtype=np.int64)
    scaled = fp.multiply_by_quantized_multiplier(np.where(diffs >= -radius, diffs, 0), multiplier, shift)
    return np.where(diffs >= -radius, fp.exp_on_negative_values(scaled, SCALED_DIFF_BITS), 0)


def softmax_row(row: np.ndarray, table: np.ndarray) -> np.ndarray:
    """One row: exp(x - max) / sum, in steps of 1/256 above -128.

    Shapes: row (C,) int8, table (256,) int64; gives (C,) int64.
    Overflow: C * 2**19 < 2**31, so rows of up to 4095 elements.
    Raises: RuntimeAbortError where the exponentials sum to 512 or more: the runtimes shift by at most 31.
    Source: TFLite reference/softmax.h Softmax.
    """
    exps = table[int(row.max()) - row.astype(np.int64)]
    total = int(fp.rounding_divide_by_pot(exps, SUM_BITS).sum())
    scale, bits_over_unit = fp.reciprocal(total, SUM_BITS)
    if bits_over_unit > MOST_BITS_OVER_UNIT:
        raise RuntimeAbortError(
            "SOFTMAX: a row whose exponentials sum to 512 or more, on which the runtimes abort"
        )
    shares = fp.saturating_rounding_doubling_high_mul(exps, scale)
    return np.minimum(fp.rounding_divide_by_pot(shares, bits_over_unit + 31 - OFM_BITS) - 128, 127)


def plain(operands: Operands) -> Kernel:
    """Row by row along the last axis."""
    attrs = operands.attrs(SoftmaxAttrs)
    ifm, ofm = operands.input(0, (DType.INT8,)), operands.output((DType.INT8,))
    after = operands.quant(ofm)
    fixed = after.scale == 1 / 256 and after.zero_point == -128
    operands.need(
        fixed, f"its output has the scale {after.scale:g} and zero point {after.zero_point}, not 1/256, -128"
    )
    scale = operands.quant(ifm).scale
    operands.need(attrs.beta * scale * 2**26 > 1, "its input's scale is too small for the fixed-point range")
    operands.need(ifm.shape[-1] < 4096, f"rows of {ifm.shape[-1]} elements overflow the runtimes' 12-bit sum")
    table = exponentials(attrs.beta, scale)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        assert inputs[0] is not None
        depth = inputs[0].shape[-1]
        rows, out = inputs[0].reshape(-1, depth), outputs[0].reshape(-1, depth)
        for i, row in enumerate(rows):
            out[i] = softmax_row(row, table)
        return 0

    return kernel
