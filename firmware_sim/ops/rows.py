"""What SOFTMAX and LOG_SOFTMAX share: rows along the last axis, their exponentials and sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from firmware_sim import fixed_functions as ff
from firmware_sim import fixed_point as fp
from firmware_sim.ops.kernel import Kernel, Operands, Workspace

DIFF_BITS = 5  # differences from a row's largest element are scaled to Q5.26
SUM_BITS = 12  # exponentials are summed in Q12.19


def by_row(rule: Callable[[np.ndarray], np.ndarray]) -> Kernel:
    """ofm = rule(ifm), with the last axis as rows; integers in int64. Saturates nothing that counts.

    Shapes: rule takes and gives (R,C).
    """

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        (x,) = inputs
        assert x is not None
        wide = x if x.dtype.kind == "f" else x.astype(np.int64)
        if x.size:
            with np.errstate(all="ignore"):
                outputs[0][...] = rule(wide.reshape(-1, x.shape[-1])).reshape(x.shape)
        return 0

    return kernel


def scaling(operands: Operands, beta: float, scale: float) -> tuple[int, int]:
    """(multiplier, left shift) of beta * scale from a row's 8 bits to Q5.26.

    Raises: UnsupportedOperatorError where the runtimes' checks fail.
    Source: TFLite quantization_util.cc PreprocessSoftmaxScaling.
    """
    real = min(beta * scale * (1 << (31 - DIFF_BITS)), (1 << 31) - 1.0)
    operands.need(real > 1, "its input's scale is too small for the fixed-point range")
    depth = operands.outputs[0].shape[-1]
    operands.need(depth < 1 << SUM_BITS, f"rows of {depth} elements overflow the runtimes' 12-bit sum")
    return fp.quantize_multiplier(real)


def exponentials(operands: Operands, beta: float, scale: float) -> np.ndarray:
    """exp(-d * scale * beta) in Q0.31 for the differences d = 0..255 from a row's largest; 0 where too small.

    Shapes: gives (256,) int64.
    Source: TFLite reference/softmax.h.
    """
    multiplier, shift = scaling(operands, beta, scale)
    diffs = -np.arange(256, dtype=np.int64)
    counts = diffs >= -ff.input_radius(DIFF_BITS, shift)
    scaled = fp.multiply_by_quantized_multiplier(np.where(counts, diffs, 0), multiplier, shift)
    return np.where(counts, ff.exp_on_negative_values(scaled, DIFF_BITS), 0)


def sum_in_q12(exps: np.ndarray) -> np.ndarray:
    """Shapes: (R,C) int64 in Q0.31; gives (R,1) in Q12.19."""
    return fp.rounding_divide_by_pot(exps, SUM_BITS).sum(axis=1, keepdims=True)


def largest(x: np.ndarray) -> np.ndarray:
    """The largest float32 of each row; NaN counts for nothing."""
    return np.fmax.reduce(x, axis=1, keepdims=True, initial=np.finfo(np.float32).min)


def sum_in_order(x: np.ndarray) -> np.ndarray:
    """The sum of each row of float32, rounded at each element, from the first to the last."""
    return np.cumsum(x, axis=1, dtype=np.float32)[:, -1:]
