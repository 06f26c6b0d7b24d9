"""What operators with weights have in common: their checked operands, and the way from sums to the output."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import numpy as np

from firmware_sim import requantization as rq
from firmware_sim.fixed_point import INT32_MAX, wrap_int32
from firmware_sim.numerics import Numerics
from firmware_sim.ops.accumulators import centred
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.ops.scaling import AnyRequantization
from graph.attrs import Activation
from graph.op_kind import OpKind
from graph.types import DType, Tensor

WEIGHTS_OF = {
    DType.INT8: DType.INT8,
    DType.UINT8: DType.UINT8,
    DType.INT16: DType.INT8,
    DType.FLOAT32: DType.FLOAT32,
}
"""The weights' type by the activations'."""

UNPACKING = frozenset({OpKind.CONV_2D, OpKind.DEPTHWISE_CONV_2D, OpKind.FULLY_CONNECTED})
"""The operators whose int8 activations also meet int4 weights."""

LARGEST_8_BIT = 255
LARGEST_SHIFT = 7
LARGEST_WIDE_SUM = 1 << 47
SCALE_TOLERANCE = 0.02


class Rescaling(Protocol):
    """From sums to the output, and how many elements saturated."""

    def apply(self, acc: np.ndarray) -> tuple[np.ndarray, int]: ...


Rule = Callable[[Tensor, Tensor, Tensor, Activation, int], Rescaling]
"""(ifm, weights, ofm, activation, channels) -> rescaling."""


class Layer:
    """Checked operands of one operator.

        ofm = rescaling(sum((ifm - zero_point) * weights) + bias)

    `weights` are int64, their own zero point taken off, or float32; None where an operator computes them.
    `is_wide`: sums of 64 bits, else of 32.

    Shapes: weights as in the file; bias (O,) int64 or float32, zeros where it is left out.
    """

    def __init__(
        self,
        operands: Operands,
        activation: Activation,
        *,
        ifm: int = 0,
        weights: int = 1,
        bias: int = 2,
        axis: int = 0,
        bias_type: str = "",
        rule: Rule | None = None,
    ) -> None:
        """`ifm`, `weights`, `bias`: their positions; `axis`: the weights' output channels; `bias_type`: the
        option quantized_bias_type; `rule`: where the rescaling is not that of a convolution.
        """
        self.operands = operands
        self._axis = axis
        self.positions = (ifm, weights)
        self.ifm = operands.input(ifm, WEIGHTS_OF)
        self.ofm = operands.output((self.ifm.dtype,))
        self.filter = operands.input(weights, self._weight_types(), "weights")
        self.channels = self.filter.shape[axis]
        self._check_quantization(axis)
        data = self.filter.data
        if self.filter.dtype is DType.INT4:
            operands.need(data is not None, "int4 weights must be constant")
            assert data is not None
            data = unpacked(data, self.filter.shape)
        self.weights = None if data is None else self.centred_weights(data)
        self.is_wide = False
        self.bias = self._bias(bias, bias_type)
        self.rescaling = self._rescaling(rule, operands.activation(activation), bias)

    def _weight_types(self) -> tuple[DType, ...]:
        packed = self.ifm.dtype is DType.INT8 and self.operands.op.kind in UNPACKING
        return (WEIGHTS_OF[self.ifm.dtype], *((DType.INT4,) if packed else ()))

    @property
    def dtype(self) -> DType:
        return self.ifm.dtype

    @property
    def zero_point(self) -> int:
        return 0 if self.ifm.quant is None or self.dtype is DType.FLOAT32 else self.ifm.quant.zero_point

    @property
    def compiled_rescaling(self) -> AnyRequantization | None:
        """The rescaling, where products.py has a compiled loop for it: 8-bit numbers, sums inside int32."""
        made, weights = self.rescaling, self.weights
        if self.dtype not in (DType.INT8, DType.UINT8) or weights is None:
            return None
        others = tuple(axis for axis in range(weights.ndim) if axis != self._axis)
        heaviest = int(np.abs(weights).sum(axis=others).max(initial=0)) * LARGEST_8_BIT
        return made if heaviest <= INT32_MAX and isinstance(made, AnyRequantization) else None

    def centred_weights(self, data: np.ndarray) -> np.ndarray:
        """Weights as they count: int8's convolutions leave out a zero point, as the runtimes' do."""
        quant = self.filter.quant
        leaves_out = self.dtype is DType.FLOAT32 or self.operands.op.kind is not OpKind.FULLY_CONNECTED
        if quant is None or len(quant.scales) > 1 or (leaves_out and self.dtype is not DType.UINT8):
            return centred(data, 0)
        return centred(data, quant.zero_point)

    def finish(self, acc: np.ndarray, ofm: np.ndarray) -> int:
        """Fill `ofm` from the sums; gives how many elements saturated."""
        if acc.dtype == np.float64:
            acc = acc.astype(np.int64)
        if self.dtype is not DType.FLOAT32 and not self.is_wide:
            acc = wrap_int32(acc)
        values, saturated = self.rescaling.apply(acc)
        ofm[...] = values.reshape(ofm.shape)
        return saturated

    def _check_quantization(self, axis: int) -> None:
        if self.dtype is DType.FLOAT32:
            return
        operands, quant = self.operands, self.filter.quant
        activations = [operands.quant(tensor) for tensor in (self.ifm, self.ofm)]
        if self.dtype is DType.INT16:
            operands.need(not any(q.zero_point for q in activations), "int16 activations with a zero point")
        operands.need(quant is not None, "the weights have no scale")
        assert quant is not None
        count = len(quant.scales)
        operands.need(count in (1, self.channels), "the weights' scales fit no channel")
        operands.need(
            count == 1 or quant.axis == axis, f"the weights' scales lie along axis {quant.axis}, not {axis}"
        )
        operands.need(count == 1 or self.dtype is not DType.UINT8, "uint8 weights have one scale, not many")

    def _bias(self, position: int, stated: str) -> np.ndarray:
        types = self._bias_types(stated)
        operands = self.operands
        tensor = operands.optional(position)
        if tensor is None:
            narrow = stated == DType.INT32 and DType.INT32 in types
            self.is_wide = self.dtype is DType.INT16 and not narrow
            return np.zeros(self.channels, np.float32 if self.dtype is DType.FLOAT32 else np.int64)
        data = operands.constant(position, types, "bias")
        self.is_wide = self.dtype is DType.INT16 and tensor.dtype is not DType.INT32
        operands.need(data.size == self.channels, f"its bias has {data.size} elements, not {self.channels}")
        return centred(data, 0).reshape(self.channels)

    def _bias_types(self, stated: str) -> Collection[DType]:
        """The types that the numerics' runtime reads a bias as.

        Source: conv_common.cc, fully_connected.cc, depthwise_conv.cc, transpose_conv.cc of both runtimes.
        """
        if self.dtype is DType.FLOAT32:
            return (DType.FLOAT32,)
        if self.dtype is not DType.INT16:
            return (DType.INT32,)
        kind, tflm = self.operands.op.kind, self.operands.numerics is Numerics.TFLM
        if kind is OpKind.DEPTHWISE_CONV_2D:
            return (DType.INT64,)
        if tflm:
            return (DType.INT64, DType.INT16 if kind is OpKind.TRANSPOSE_CONV else DType.INT32)
        return (DType.INT32 if stated == DType.INT32 else DType.INT64,)

    def _rescaling(self, rule: Rule | None, activation: Activation, bias: int) -> Rescaling:
        if self.dtype is DType.FLOAT32:
            return rq.FloatClamp(activation)
        rule = rule or (rq.per_tensor if self.dtype is DType.UINT8 else rq.per_channel)
        if self.operands.numerics is Numerics.XNNPACK:
            rule = rq.half_even
        if self.dtype is DType.UINT8 or self.operands.op.kind is OpKind.FULLY_CONNECTED:
            self._check_scale_of_bias(bias)
        made = rule(self.ifm, self.filter, self.ofm, activation, self.channels)
        if self.is_wide and isinstance(made, rq.Requantization):
            largest = int(np.abs(self.bias).max(initial=0)) + self.filter.elements * (1 << 22)
            return widened(self.operands, made, largest)
        return made

    def _check_scale_of_bias(self, position: int) -> None:
        """Where one multiplier serves all channels, the runtimes ask for a bias in its steps.

        Source: TFLite kernel_util.cc GetQuantizedConvolutionMultipler.
        """
        tensor = self.operands.optional(position)
        if tensor is None or (self.filter.quant and len(self.filter.quant.scales) > 1):
            return
        assert self.ifm.quant and self.filter.quant and self.ofm.quant
        scale = tensor.quant.scale if tensor.quant else 0.0
        off = abs(self.ifm.quant.scale * self.filter.quant.scale - scale) / self.ofm.quant.scale
        self.operands.need(
            off <= SCALE_TOLERANCE, f"its bias has the scale {scale}, not that of input times weights"
        )


def unpacked(data: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """int4 as int8: two in a byte, the first in the low half.

    >>> unpacked(np.array([0x7F, 0x08], np.uint8), (3,)).tolist()
    [-1, 7, -8]

    Source: TFLite portable_tensor_utils.cc UnpackDenseInt4IntoInt8.
    """
    halves = np.stack([data << 4, data & 0xF0], axis=-1).reshape(-1).view(np.int8)
    return (halves[: math.prod(shape)] >> 4).reshape(shape)


def widened(operands: Operands, made: rq.Requantization, largest: int) -> rq.WideRequantization:
    """The rescaling of 64-bit sums that are at most `largest`; refused where the runtimes' ends."""
    shift = int(made.shifts.max(initial=0))
    operands.need(shift <= LARGEST_SHIFT, f"its scales ask for a multiplier of 2**{shift - 1} or more")
    operands.need(largest < LARGEST_WIDE_SUM, "its sums can pass 47 bits, where the runtimes' scaling ends")
    return made.wide()


Accumulate = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""(ifm, weights, bias) -> sums."""


def kernel_of(layer: Layer, accumulate: Accumulate, *, in_float64: bool = False) -> Kernel:
    """A kernel that sums as `accumulate` does: in int64 or float32.

    `in_float64` holds integers in float64, so that BLAS multiplies them; see accumulators.add_product for the
    bound that makes it exact.
    """
    at_ifm, at_weights = layer.positions
    held = np.float64 if in_float64 and layer.dtype is not DType.FLOAT32 else None
    constant = None if layer.weights is None else layer.weights.astype(held or layer.weights.dtype)
    bias = layer.bias.astype(held or layer.bias.dtype)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        ifm, weights = inputs[at_ifm], constant
        assert ifm is not None
        if weights is None:
            computed = inputs[at_weights]
            assert computed is not None
            weights = layer.centred_weights(computed)
        return layer.finish(accumulate(ifm.astype(held) if held else ifm, weights, bias), outputs[0])

    return kernel
