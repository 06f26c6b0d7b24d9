"""From 32-bit accumulators back to 8 bits: multipliers, zero point, fused activation, and who was cut off."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from firmware_sim.fixed_point import (
    INT32_MAX,
    INT32_MIN,
    multiply_by_quantized_multiplier,
    multiply_wide_by_quantized_multiplier,
    quantize_multiplier,
    wrap_int32,
)
from graph.attrs import Activation
from graph.types import DType, QuantParams, Tensor

_BOUNDS_OF = {
    Activation.NONE: (None, None),
    Activation.RELU: (0.0, None),
    Activation.RELU6: (0.0, 6.0),
    Activation.RELU_N1_TO_1: (-1.0, 1.0),
}
CLAMPING = frozenset(_BOUNDS_OF)
"""The fused activations that are a clamp; the runtimes' integer kernels know no others."""


def limits(dtype: DType) -> tuple[int, int]:
    """The smallest and the largest value of an integer type."""
    info = np.iinfo(dtype.numpy)
    return int(info.min), int(info.max)


def clamped(values: np.ndarray, activation: Activation) -> np.ndarray:
    """Numbers without a scale, inside what `activation` leaves of their type: min(max(x, low), high).

    As C compares: NaN and -0.0 pass. Without activation, infinities become the largest numbers.

    >>> clamped(np.array([-2.0, -0.0, np.inf], np.float32), Activation.RELU6).tolist()
    [0.0, -0.0, 6.0]

    Source: TFLite common.h ActivationFunctionWithMinMax; kernel_util.h CalculateActivationRange.
    """
    info = np.finfo(values.dtype) if values.dtype.kind == "f" else np.iinfo(values.dtype)
    asked = _BOUNDS_OF[activation]
    low, high = (
        values.dtype.type(end if real is None else real)
        for real, end in zip(asked, (info.min, info.max), strict=True)
    )
    raised = np.where(values < low, low, values)
    return np.where(high < raised, high, raised)


@dataclass(frozen=True, slots=True)
class Clamp:
    """The output's range; `saturates_*` says that the type, not the activation, sets that end.

    A value beyond an end that saturates is a loss that quantization caused, and is counted as one.
    """

    low: int
    high: int
    saturates_low: bool
    saturates_high: bool

    def apply(self, values: np.ndarray, dtype: DType) -> tuple[np.ndarray, int]:
        """Clamped values in the output's type, and how many saturated."""
        below = np.count_nonzero(values < self.low) if self.saturates_low else 0
        above = np.count_nonzero(values > self.high) if self.saturates_high else 0
        return np.clip(values, self.low, self.high).astype(dtype.numpy), int(below + above)

    def saturates(self, values: np.ndarray) -> np.ndarray:
        """Which of the values saturate.

        >>> Clamp(-128, 9, True, False).saturates(np.array([-129, -128, 10])).tolist()
        [True, False, False]
        """
        return (values < self.low) & self.saturates_low | (values > self.high) & self.saturates_high


def quantized(value: float, quant: QuantParams) -> int:
    """A real number in the tensor's own steps, divided in float32, rounded half away from zero.

    >>> quantized(6.0, QuantParams((0.023528477177023888,), (-128,)))
    127

    Source: TFLite kernel_util.cc CalculateActivationRangeQuantized.
    """
    steps = float(np.float32(value) / np.float32(quant.scale))
    return int(math.copysign(math.floor(abs(steps) + 0.5), steps)) + quant.zero_point


def clamp_of(activation: Activation, output: Tensor) -> Clamp:
    """The range that `activation` leaves of the output's type.

    >>> clamp_of(Activation.RELU6, Tensor(0, "y", (1,), DType.INT8, QuantParams((0.0625,), (-128,))))
    Clamp(low=-128, high=-32, saturates_low=False, saturates_high=False)
    """
    low, high = limits(output.dtype)
    real_low, real_high = _BOUNDS_OF[activation]
    quant = output.quant or QuantParams((1.0,), (0,))
    asked_low = low - 1 if real_low is None else quantized(real_low, quant)
    asked_high = high + 1 if real_high is None else quantized(real_high, quant)
    return Clamp(max(low, asked_low), min(high, asked_high), asked_low < low, asked_high > high)


def half_even_clamp_of(activation: Activation, output: Tensor) -> Clamp:
    """The range that `activation` leaves, as numerics `xnnpack` rounds it.

        end = rint(real / scale + zero_point)                        # in float32, ties to even

    >>> tensor = Tensor(0, "y", (1,), DType.INT8, QuantParams((12.0,), (-128,)))       # 6 / 12 = 0.5
    >>> half_even_clamp_of(Activation.RELU6, tensor).high, clamp_of(Activation.RELU6, tensor).high
    (-128, -127)

    Source: XNNPACK src/xnnpack/requantization.h xnn_qs8_quantize, xnn_qu8_quantize.
    """
    low, high = limits(output.dtype)
    quant = output.quant or QuantParams((1.0,), (0,))
    scale, zero_point = np.float32(quant.scale), np.float32(quant.zero_point)
    real_low, real_high = _BOUNDS_OF[activation]
    asked_low = low - 1 if real_low is None else float(np.float32(real_low) / scale + zero_point)
    asked_high = high + 1 if real_high is None else float(np.float32(real_high) / scale + zero_point)
    first, last = (int(np.rint(np.clip(asked, low, high))) for asked in (asked_low, asked_high))
    return Clamp(first, last, asked_low < low, asked_high > high)


@dataclass(frozen=True, slots=True, eq=False)
class Requantization:
    """ofm = clamp(acc * multiplier * 2**(shift - 31) + zero_point), rounded as numerics `tflm` does.

    Shapes: multipliers, shifts (C,) int64, one per output channel.
    """

    multipliers: np.ndarray
    shifts: np.ndarray
    zero_point: int
    clamp: Clamp
    dtype: DType

    def apply(self, acc: np.ndarray) -> tuple[np.ndarray, int]:
        """The output for accumulators (..., C) that hold int32, and how many of its elements saturated."""
        scaled = multiply_by_quantized_multiplier(acc, self.multipliers, self.shifts)
        return self.clamp.apply(scaled + self.zero_point, self.dtype)

    def wide(self) -> WideRequantization:
        """The same multipliers for int64 accumulators; the runtimes add no zero point there."""
        return WideRequantization(self.multipliers, self.shifts, self.clamp, self.dtype)


@dataclass(frozen=True, slots=True, eq=False)
class FloatRequantization:
    """ofm = clamp(round(acc * scales) + zero_point) in float64, ties away from zero: once, not twice.

    Numerics `tflite-ref` scales FULLY_CONNECTED so.

    Shapes: scales (C,) float64.
    Overflow: a product beyond int32 becomes -2**31, as x86-64 converts it, and the zero point's addition
        wraps; in C both are undefined.
    Source: TFLite reference/integer_ops/fully_connected.h, the forms that take scales.
    """

    scales: np.ndarray
    zero_point: int
    clamp: Clamp
    dtype: DType

    def apply(self, acc: np.ndarray) -> tuple[np.ndarray, int]:
        """The output for accumulators (..., C) of 32 or 64 bits, and how many of its elements saturated."""
        real = acc.astype(np.float64) * self.scales
        steps = np.copysign(np.floor(np.abs(real) + 0.5), real)
        inside = (steps >= INT32_MIN) & (steps <= INT32_MAX)
        values = wrap_int32(np.where(inside, steps, INT32_MIN).astype(np.int64) + self.zero_point)
        return self.clamp.apply(values, self.dtype)


@dataclass(frozen=True, slots=True, eq=False)
class HalfEvenRequantization:
    """ofm = clamp(round(acc * scales) + zero_point) in float32, ties to even.

    Numerics `xnnpack` scales so.

    Shapes: scales (C,) float32.
    Overflow: accumulators beyond 2**24 are rounded to float32 first, ties to even; a product of any size is
        clamped, never converted out of range.
    Source: XNNPACK src/qs8-gemm/MRx16c8-avx512vnni.c.in, src/qs8-dwconv/unipass-avx512skx-mul32.c.in.
    """

    scales: np.ndarray
    zero_point: int
    clamp: Clamp
    dtype: DType

    def apply(self, acc: np.ndarray) -> tuple[np.ndarray, int]:
        """The output for accumulators (..., C) that hold int32, and how many of its elements saturated."""
        real = wrap_int32(acc).astype(np.float32) * self.scales.astype(np.float32)
        return self.clamp.apply(np.rint(real).astype(np.float64) + self.zero_point, self.dtype)


@dataclass(frozen=True, slots=True, eq=False)
class WideRequantization:
    """ofm = clamp(acc * multiplier * 2**(shift - 31)) for int64 accumulators, with 15 bits of the multiplier.

    Shapes: multipliers, shifts (C,) int64, one per output channel.
    """

    multipliers: np.ndarray
    shifts: np.ndarray
    clamp: Clamp
    dtype: DType

    def apply(self, acc: np.ndarray) -> tuple[np.ndarray, int]:
        """The output for int64 accumulators (..., C), and how many of its elements saturated."""
        scaled = multiply_wide_by_quantized_multiplier(acc, self.multipliers, self.shifts)
        return self.clamp.apply(scaled, self.dtype)


@dataclass(frozen=True, slots=True)
class FloatClamp:
    """ofm = clamped(acc): what stands in a requantization's place where numbers are float32."""

    activation: Activation

    def apply(self, acc: np.ndarray) -> tuple[np.ndarray, int]:
        """The output for float32 sums; none of its elements saturates."""
        return clamped(acc, self.activation), 0


def in_float(
    ifm: Tensor, weights: Tensor, ofm: Tensor, activation: Activation, channels: int
) -> FloatRequantization:
    """scales = ifm.scale * weights.scale / ofm.scale, in float64 and in this order."""
    assert ifm.quant and weights.quant and ofm.quant
    scales = [ifm.quant.scale * scale / ofm.quant.scale for scale in weights.quant.scales]
    wide = np.broadcast_to(np.array(scales), (channels,))
    return FloatRequantization(wide, ofm.quant.zero_point, clamp_of(activation, ofm), ofm.dtype)


def half_even(
    ifm: Tensor, weights: Tensor, ofm: Tensor, activation: Activation, channels: int
) -> HalfEvenRequantization:
    """scales = ifm.scale * weights.scale / ofm.scale, in float32 and in this order.

    Source: XNNPACK operators/convolution-nhwc.c, operators/fully-connected-nc.c (requantization_scale).
    """
    assert ifm.quant and weights.quant and ofm.quant
    scales = np.float32(ifm.quant.scale) * np.array(weights.quant.scales, np.float32)
    wide = np.broadcast_to(scales / np.float32(ofm.quant.scale), (channels,))
    clamp = half_even_clamp_of(activation, ofm)
    return HalfEvenRequantization(wide, ofm.quant.zero_point, clamp, ofm.dtype)


def per_channel(
    ifm: Tensor, weights: Tensor, ofm: Tensor, activation: Activation, channels: int
) -> Requantization:
    """The requantization of a convolution; one scale of the weights serves every channel.

        real = ifm.scale * weights.scale[c] / ofm.scale          # in float64, in this order

    Source: TFLite kernel_util.cc PopulateConvolutionQuantizationParams.
    """
    assert ifm.quant and weights.quant and ofm.quant
    scales = weights.quant.scales if len(weights.quant.scales) > 1 else weights.quant.scales * channels
    pairs = [quantize_multiplier(ifm.quant.scale * scale / ofm.quant.scale) for scale in scales]
    return _requantization(pairs, ofm, activation)


def per_tensor(
    ifm: Tensor, weights: Tensor, ofm: Tensor, activation: Activation, channels: int
) -> Requantization:
    """The requantization of uint8 convolutions and of BATCH_MATMUL: the scales are multiplied in float32.

    Source: TFLite kernel_util.cc GetQuantizedConvolutionMultipler.
    """
    assert ifm.quant and weights.quant and ofm.quant
    product = float(np.float32(ifm.quant.scale) * np.float32(weights.quant.scale))
    return _requantization([quantize_multiplier(product / ofm.quant.scale)] * channels, ofm, activation)


def _requantization(pairs: list[tuple[int, int]], ofm: Tensor, activation: Activation) -> Requantization:
    assert ofm.quant
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return Requantization(
        multipliers=table[:, 0].copy(),
        shifts=table[:, 1].copy(),
        zero_point=ofm.quant.zero_point,
        clamp=clamp_of(activation, ofm),
        dtype=ofm.dtype,
    )
