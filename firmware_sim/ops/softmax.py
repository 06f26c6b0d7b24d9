"""SOFTMAX."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_sim import fixed_functions as ff
from firmware_sim import fixed_point as fp
from firmware_sim import libm, lookup
from firmware_sim.numerics import Numerics
from firmware_sim.ops import rows
from firmware_sim.ops.kernel import Kernel, Operands, RuntimeAbortError, Workspace
from firmware_sim.requantization import limits
from graph.attrs import SoftmaxAttrs
from graph.types import DType, QuantParams, Tensor

MOST_SHIFT = 31
NEARLY = 0.001
ABORTS = "SOFTMAX: a row whose exponentials sum to 512 or more, on which the runtimes abort"

_TO = {
    DType.INT8: (DType.INT8, DType.INT16),
    DType.UINT8: (DType.UINT8, DType.INT16),
    DType.INT16: (DType.INT16,),
    DType.FLOAT32: (DType.FLOAT32,),
}


def plain(operands: Operands) -> Kernel:
    """exp(beta * ifm) / sum(exp(beta * ifm)) along the last axis.

    Integers: in steps of 1/256 (1/65536 for 16 bits from 8, 1/32768 for 16 from 16) above the type's lowest
    value, or above 0 for 16 bits from 16.
    """
    attrs = operands.attrs(SoftmaxAttrs)
    ifm = operands.input(0, tuple(_TO))
    ofm = operands.output(_TO[ifm.dtype])
    operands.need_shape(ifm.shape)
    if ifm.dtype is DType.FLOAT32:
        return rows.by_row(lambda x: of_floats(x, np.float32(attrs.beta)))
    _need_scale(operands, ifm, ofm)
    scale = operands.quant(ifm).scale
    if ifm.dtype is DType.INT16:
        tables = Int16Tables(operands.numerics, attrs.beta, scale)
        return rows.by_row(tables.softmax)
    table = rows.exponentials(operands, attrs.beta, scale)
    return rows.by_row(lambda x: of_bytes(x, table, ofm.dtype))


def fast(operands: Operands) -> Kernel:
    """The same of 8 bits by a compiled loop."""
    definition = plain(operands)
    ifm, ofm = operands.input(0, tuple(_TO)), operands.output(tuple(DType))
    if ifm.dtype not in (DType.INT8, DType.UINT8):
        return definition
    from firmware_sim import compiled_softmax  # numba: only when something is simulated

    table = rows.exponentials(operands, operands.attrs(SoftmaxAttrs).beta, operands.quant(ifm).scale)
    low, high = limits(ofm.dtype)
    bits, shape = 8 * ofm.dtype.numpy.itemsize, (-1, ifm.shape[-1])

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], space: Workspace) -> int:
        assert inputs[0] is not None
        x, made = inputs[0].astype(np.int16).reshape(shape), space.take("shares", ifm.shape, np.int64)
        if not compiled_softmax.shares(x, table, bits, MOST_SHIFT, made.reshape(x.shape)):
            raise RuntimeAbortError(ABORTS)
        outputs[0][...] = np.minimum(made + low, high)
        return 0

    return kernel if ifm.elements else definition


def _need_scale(operands: Operands, ifm: Tensor, ofm: Tensor) -> None:
    """Refuse an output in other steps than the kernels give, as far as the runtimes do."""
    after, is_tflm = operands.quant(ofm), operands.numerics is Numerics.TFLM
    low, _ = limits(ofm.dtype)
    if ifm.dtype is DType.INT16:
        wanted = QuantParams((2**-15,), (0,))
        operands.need(operands.quant(ifm).zero_point == 0, "its int16 input has a zero point")
    elif ofm.dtype is DType.INT8 or (is_tflm and ifm.dtype is DType.INT8):
        wanted = QuantParams((2.0 ** -(8 * ofm.dtype.numpy.itemsize),), (low,))
    else:
        return  # LiteRT takes any and leaves them out
    exact = is_tflm and ofm.dtype is DType.INT8
    near = abs(after.scale - wanted.scale) <= (0 if exact else NEARLY * wanted.scale)
    operands.need(
        near and after.zero_point == wanted.zero_point,
        f"its output has the scale {after.scale:g} and zero point {after.zero_point},"
        f" not 1/{1 / wanted.scale:g}, {wanted.zero_point}",
    )


def of_bytes(x: np.ndarray, table: np.ndarray, ofm: DType) -> np.ndarray:
    """Rows of 8 bits, by the table of exponentials.

    Shapes: x (R,C) int64, table (256,) int64; gives (R,C) int64.
    Overflow: C * 2**19 < 2**31, so rows of up to 4095 elements.
    Raises: RuntimeAbortError where the exponentials of a row sum to 512 or more and the ofm has 8 bits: the
        runtimes shift by at most 31.
    Source: TFLite reference/softmax.h Softmax.
    """
    low, high = limits(ofm)
    exps = table[x.max(axis=1, keepdims=True) - x]
    scale, bits_over_unit = ff.reciprocal(rows.sum_in_q12(exps), rows.SUM_BITS)
    shift = bits_over_unit + 31 - 8 * ofm.numpy.itemsize
    if (shift > MOST_SHIFT).any():
        raise RuntimeAbortError(ABORTS)
    shares = fp.saturating_rounding_doubling_high_mul(exps, scale)
    return np.minimum(fp.rounding_divide_by_pot(shares, shift) + low, high)


class Int16Tables:
    """Rows of 16 bits, by tables of exp(x) for -10 <= x <= 0 and of 1 / (1 + x) for 0 <= x <= 1.

    The tables, and the ifm's scale times beta, are made in float32 by one runtime, in float64 by the other.

    Overflow: sums of up to 2**16 exponentials of 15 bits stay below 2**31.
    Source: TFLite activations.cc SoftmaxPrepare; TFLite Micro softmax_common.cc; reference/softmax.h
        SoftmaxInt16.
    """

    def __init__(self, numerics: Numerics, beta: float, scale: float) -> None:
        real = np.float32 if numerics is Numerics.TFLM else np.float64
        exp = libm.exp if numerics is Numerics.TFLM else libm.exp_of_doubles
        span = real(1 << 16) - real(1)
        low, high, unit = real(-(1 << 15)), real((1 << 15) - 1), real(2) / span
        ten, one = real(10) / span, real(1) / span
        whole = unit * high - unit * low
        self._exp = lookup.sampled(exp, (ten * (low - high), ten * real(0)), whole)
        self._inverse = lookup.sampled(
            lambda x: real(1) / (real(1) + x), (one * real(0), one * (high - low)), whole
        )
        product = scale * beta if numerics is Numerics.TFLM else float(np.float32(scale) * np.float32(beta))
        self._multiplier = fp.quantize_multiplier(product / (10.0 / 65535.0))

    def softmax(self, x: np.ndarray) -> np.ndarray:
        """Shapes: x (R,C) int64 that hold int16; gives the same."""
        diffs = fp.multiply_by_quantized_multiplier(x - x.max(axis=1, keepdims=True), *self._multiplier)
        exps = lookup.interpolated(self._exp, np.clip(fp.wrap_int32(diffs + 32767), -32768, 32767))
        total = exps.sum(axis=1, keepdims=True)
        headroom = 31 - ff.bit_length(total)
        above_one = ((total << headroom) + (1 << 13)) >> 14
        inverse = lookup.interpolated(
            self._inverse, np.clip(above_one - (1 << 15) - (1 << 16), -32768, 32767)
        )
        right = 30 - headroom
        return np.clip((exps * inverse + (np.int64(1) << (right - 1))) >> right, 0, 32767)


def of_floats(x: np.ndarray, beta: np.float32) -> np.ndarray:
    """Rows of float32; summed one after the other.

    Source: TFLite reference/softmax.h.
    """
    exps = libm.exp((x - rows.largest(x)) * beta)
    return exps / rows.sum_in_order(exps)
