"""What LOGISTIC and TANH share, in operators of their own and inside LSTM: scales, range, int16's table."""

from __future__ import annotations

import numpy as np

from firmware_sim import fixed_functions as ff
from firmware_sim import fixed_point as fp
from firmware_sim.lookup import SIGMOID
from firmware_sim.ops import unary
from firmware_sim.ops.kernel import Kernel, Operands
from graph.types import Tensor

INPUT_BITS = 4  # int8 is scaled to Q4.27
LAST = len(SIGMOID) - 1


def int8_in_fixed_point(operands: Operands, ifm: Tensor, ofm: Tensor, function: unary.Rule) -> Kernel:
    """ofm = function(x) for x = ifm.scale * (ifm - ifm.zero_point) in Q4.27; the type's ends beyond +-15.

    A scale of 8 or more leaves nothing inside: 0 itself becomes the lowest value.

    Source: TFLite Micro logistic_common.cc, tanh.cc.
    """
    before = operands.quant(ifm)
    multiplier, shift = fp.quantize_multiplier(before.scale * (1 << (31 - INPUT_BITS)))
    operands.need(shift >= 0, f"its input's scale {before.scale:g} is too small for the fixed-point range")
    radius = ff.input_radius(INPUT_BITS, shift)
    low, high = np.iinfo(ofm.dtype.numpy).min, np.iinfo(ofm.dtype.numpy).max

    def rule(q: np.ndarray) -> np.ndarray:
        x = q - before.zero_point
        inside = np.abs(x) < radius
        value = function(fp.multiply_by_quantized_multiplier(np.where(inside, x, 0), multiplier, shift))
        return np.select([x <= -radius, x >= radius], [low, high], np.clip(value, low, high))

    return unary.tabulated(ifm.dtype, ofm.dtype, rule)


def int16_scale(operands: Operands, ifm: Tensor, ofm: Tensor, most_exact_shift: int) -> tuple[int, int]:
    """(multiplier, right shift) that bring the ifm to steps of 1 / (3 * 4096).

    A scale that is nearly 2**-12 (for TANH also 2**-11) counts as that power of two.

    Overflow: multiplier < 2**16 keeps the product inside 32 bits.
    Source: TFLite Micro logistic_common.cc, tanh.cc; TFLite activations.cc.
    """
    unary.need_no_zero_points(operands, ifm, ofm)
    scale, out_scale = operands.quant(ifm).scale, operands.quant(ofm).scale
    operands.need(
        fp.rounded_log2(out_scale) == (-15, True), f"its output's scale is {out_scale:g}, not 1/32768"
    )
    log2, is_power = fp.rounded_log2(scale)
    if is_power and 0 <= 12 + log2 <= most_exact_shift:
        return 3 << (12 + log2), 0
    multiplier, shift = scale * 4096.0 * 3.0, 0
    while multiplier <= 32767.0 / 2 and shift <= 30:
        multiplier, shift = multiplier * 2, shift + 1
    operands.need(1 <= multiplier < 1 << 16, f"its input's scale {scale:g} is out of the runtimes' range")
    return int(multiplier), shift


def logistic(q: np.ndarray, multiplier: int, shift: int) -> np.ndarray:
    """1 / (1 + exp(-x)) in Q0.15 for x = q * multiplier / 2**shift in steps of 1 / (3 * 4096).

    Interpolated between two entries of the sigmoid's table, 512 steps apart.

    Shapes: q (...) int16 held in int64.
    Source: TFLite reference/integer_ops/logistic.h.
    """
    x = _rescaled(q, multiplier, shift)
    at, fraction = np.abs(x) >> 9, np.abs(x) & 0x1FF
    value = np.where(at >= LAST, 0x7FFF << 10, (_entry(at) << 9) + fraction * (_entry(at + 1) - _entry(at)))
    return np.where(x >= 0, value + (1 << 9), (1 << 25) - value + (1 << 9) - 1) >> 10


def tanh(q: np.ndarray, multiplier: int, shift: int) -> np.ndarray:
    """tanh(x) = 2 / (1 + exp(-2x)) - 1 in Q0.15, as `logistic`; the table's entries are 256 steps apart.

    Source: TFLite reference/integer_ops/tanh.h.
    """
    x = _rescaled(q, multiplier, shift)
    at, fraction = np.abs(x) >> 8, np.abs(x) & 0xFF
    value = np.where(at >= LAST, 0xFFFF << 8, (_entry(at) << 8) + fraction * (_entry(at + 1) - _entry(at)))
    one, half = 1 << 23, 1 << 7
    return np.where(x >= 0, value - one + half, one - value + half - 1) >> 8


def _rescaled(q: np.ndarray, multiplier: int, shift: int) -> np.ndarray:
    return (q * multiplier + ((1 << shift) >> 1)) >> shift


def _entry(at: np.ndarray) -> np.ndarray:
    return SIGMOID[np.minimum(at, LAST)]
