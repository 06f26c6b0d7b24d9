"""HARD_SWISH."""

from __future__ import annotations

import numpy as np

from firmware_sim import fixed_point as fp
from firmware_sim.ops import unary
from firmware_sim.ops.kernel import Kernel, Operands
from graph.types import DType

INT16_MIN, INT16_MAX = -(1 << 15), (1 << 15) - 1
HIGH_BITS = 7  # the ifm is shifted up by them, as far as int16 holds it


def plain(operands: Operands) -> Kernel:
    """ofm = ifm * min(max(ifm + 3, 0), 6) / 6, each step in float32                            # float32

    Integers go through int16:

        x     = (ifm - ifm.zero_point) << 7
        gate  = x on a scale where 3.0 is 2**15, saturated, then (gate + 2**15) >> 1
        ofm   = clamp(trunc(gate * high(x * output_multiplier) / 2**15) / 2**shift + ofm.zero_point)

    Overflow: |x| <= 255 * 128 < 2**15. The sum with the zero point wraps at 16 bits.
    Source: TFLite reference/hard_swish.h; activations.cc HardSwishPrepare.
    """
    ifm, ofm = unary.of_one_type(operands, (DType.INT8, DType.UINT8, DType.FLOAT32))
    if ifm.dtype is DType.FLOAT32:
        return unary.computed(_of_floats)
    before, after = operands.quant(ifm), operands.quant(ofm)
    hires = np.float32(1 / 128) * np.float32(before.scale)
    real = np.float64 if unary.is_firmware(operands, ifm) else np.float32
    out_multiplier, out_shift = _short_multiplier(float(real(hires) / real(after.scale)))
    gate_multiplier, gate_shift = _short_multiplier(float(real(hires) / real(np.float32(3 / 32768))))
    operands.need(
        -15 <= out_shift <= 0, f"its output's scale {after.scale:g} is out of what the runtimes shift by"
    )
    operands.need(-15 <= gate_shift <= 31, f"its input's scale {before.scale:g} is out of what they shift by")

    def rule(q: np.ndarray) -> np.ndarray:
        x = (q - before.zero_point) << HIGH_BITS
        gate = (_gate(x, gate_multiplier, gate_shift) + (1 << 15)) >> 1
        product = gate * _high_mul(x, out_multiplier)
        cut = np.sign(product) * (np.abs(product) >> 15)
        return _wrap(fp.rounding_divide_by_pot(cut, -out_shift) + after.zero_point)

    return unary.tabulated(ifm.dtype, ofm.dtype, rule)


def _of_floats(x: np.ndarray) -> np.ndarray:
    raised = x + np.float32(3)
    raised = np.where(raised > 0, raised, np.float32(0))
    return x * np.where(raised < 6, raised, np.float32(6)) / np.float32(6)


def _gate(x: np.ndarray, multiplier: int, shift: int) -> np.ndarray:
    """x * multiplier * 2**shift in int16, saturated at the last bit of a shift to the left alone."""
    if shift > 0:
        return _saturate(_high_mul(_saturate(x << (shift - 1)), multiplier) << 1)
    return fp.rounding_divide_by_pot(_high_mul(x, multiplier), -shift)


def _short_multiplier(real: float) -> tuple[int, int]:
    """Q0.15 and its shift; see TFLite cppmath's DownScaleInt32ToInt16Multiplier."""
    multiplier, shift = fp.quantize_multiplier(real)
    return min((multiplier + (1 << 15)) >> 16, INT16_MAX), shift


def _high_mul(a: np.ndarray, b: int) -> np.ndarray:
    """The high 16 bits of 2 * a * b, rounded to nearest, ties up; b is never -2**15."""
    return (a * b + (1 << 14)) >> 15


def _saturate(x: np.ndarray) -> np.ndarray:
    return np.clip(x, INT16_MIN, INT16_MAX)


def _wrap(x: np.ndarray) -> np.ndarray:
    return x.astype(np.int16).astype(np.int64)
