"""Known mistakes, ready to be planted in an operator of any model: docs/localizing.md's causes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks.firmware import Firmware, Wrong, cut_off, in_float, once, right, twice_half_up
from firmware_sim.numerics import Numerics
from graph.attrs import Activation, Padding
from graph.op_kind import OpKind
from graph.types import Graph, Op, QuantParams

CONVOLUTIONS = (OpKind.CONV_2D, OpKind.DEPTHWISE_CONV_2D)
LAYERS = (*CONVOLUTIONS, OpKind.FULLY_CONNECTED)


@dataclass(frozen=True, slots=True)
class Plant:
    """A cause, and a firmware that makes this mistake in one operator of one of `kinds`.

    `wrong` gives None where the operator cannot have it. `numerics`: what the firmware should have had.
    """

    cause: str
    kinds: tuple[OpKind, ...]
    wrong: Callable[[Graph, Op], Wrong | None]
    numerics: Numerics = Numerics.TFLM


@dataclass(frozen=True, slots=True)
class Tampering:
    """A cause outside every operator: in the model's input, or in a dump of what was right."""

    cause: str
    change: Callable[[np.ndarray], np.ndarray]


def layer(
    cause: str, kinds: tuple[OpKind, ...] = LAYERS, numerics: Numerics = Numerics.TFLM, **mistake: Any
) -> Plant:
    """A mistake that is the same in every layer."""
    return Plant(cause, kinds, lambda graph, op: Firmware(**mistake), numerics)


def quant(graph: Graph, tensor: int) -> QuantParams:
    found = graph.tensors[tensor].quant
    assert found is not None
    return found


def zero_point_added(graph: Graph, op: Op) -> Wrong:
    return Firmware(ifm_zero_point=-quant(graph, op.inputs[0]).zero_point)


def weights_zero_point_left_out(graph: Graph, op: Op) -> Wrong | None:
    return Firmware(weights_zero_point=0) if any(quant(graph, op.inputs[1]).zero_points) else None


def activation_missing(graph: Graph, op: Op) -> Wrong | None:
    attrs: Any = op.attrs
    return None if attrs.activation is Activation.NONE else Firmware(activation=Activation.NONE)


def with_scales(
    change: Callable[[tuple[float, ...]], tuple[float, ...]], graph: Graph, op: Op
) -> Wrong | None:
    return Firmware(scales=change) if len(set(quant(graph, op.inputs[1]).scales)) > 1 else None


def read_in_another_layout(graph: Graph, op: Op) -> Wrong:
    """OHWI's bytes taken for HWIO, 1HWC's for C1HW, OI's for IO."""

    def of_conv(w: np.ndarray) -> np.ndarray:
        return w.reshape(w.shape[1:] + w.shape[:1]).transpose(3, 0, 1, 2)

    def of_depthwise(w: np.ndarray) -> np.ndarray:
        return w.reshape(w.shape[3:] + w.shape[:3]).transpose(1, 2, 3, 0)

    def of_matrix(w: np.ndarray) -> np.ndarray:
        return w.reshape(w.shape[::-1]).T

    layouts = {OpKind.CONV_2D: of_conv, OpKind.DEPTHWISE_CONV_2D: of_depthwise}
    return Firmware(weights=layouts.get(op.kind, of_matrix))


def nchw(x: np.ndarray) -> np.ndarray:
    """An NHWC picture's bytes taken for NCHW."""
    n, h, w, c = x.shape
    return np.ascontiguousarray(x.reshape(n, c, h, w).transpose(0, 2, 3, 1))


def reversed_channels(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(x[..., ::-1])


def written_as_nchw(graph: Graph, op: Op) -> Wrong:
    return lambda *given: right(*given).transpose(0, 3, 1, 2)


def softmax_in_float(graph: Graph, op: Op) -> Wrong:
    """Cut off, as (int) does."""

    def wrong(graph: Graph, op: Op, ifm: np.ndarray) -> np.ndarray:
        attrs: Any = op.attrs
        real = np.exp(ifm.astype(np.float64) * quant(graph, op.inputs[0]).scale * attrs.beta)
        steps = np.floor(real / real.sum(axis=-1, keepdims=True) * 256)
        ends = np.iinfo(ifm.dtype)
        return np.clip(steps + quant(graph, op.outputs[0]).zero_point, ends.min, ends.max)

    return wrong


def padding_counted(graph: Graph, op: Op) -> Wrong | None:
    """SAME's padding taken for zeros of the picture, rounded half away from zero."""
    attrs: Any = op.attrs
    if attrs.padding is not Padding.SAME:
        return None

    def wrong(graph: Graph, op: Op, ifm: np.ndarray) -> np.ndarray:
        zero, (_, h, w, c) = quant(graph, op.inputs[0]).zero_point, ifm.shape
        _, out_h, out_w, _ = graph.tensors[op.outputs[0]].shape
        down, right = (
            max(0, (outputs - 1) * stride + size - side)
            for outputs, stride, size, side in (
                (out_h, attrs.stride_h, attrs.filter_h, h),
                (out_w, attrs.stride_w, attrs.filter_w, w),
            )
        )
        amounts = ((0, 0), (down // 2, down - down // 2), (right // 2, right - right // 2), (0, 0))
        padded = np.pad(ifm.astype(int) - zero, amounts) + zero
        total, taps = np.zeros((1, out_h, out_w, c), int), attrs.filter_h * attrs.filter_w
        for y, x in np.ndindex(attrs.filter_h, attrs.filter_w):
            window = padded[:, y :: attrs.stride_h, x :: attrs.stride_w]
            total += window[:, :out_h, :out_w]
        return np.sign(total) * ((np.abs(total) + taps // 2) // taps)

    return wrong


def as_computed_by(numerics: Numerics, graph: Graph, op: Op) -> Wrong:
    return partial(right, numerics=numerics)


PLANTS = (
    layer("single_rounding", scale=once),
    layer("double_rounding", CONVOLUTIONS, Numerics.XNNPACK),
    layer("double_rounding", (OpKind.FULLY_CONNECTED,), Numerics.TFLITE_REF),
    layer("rounding_half_up", scale=twice_half_up),
    layer("rounding_cut_off", scale=cut_off),
    layer("float_requantization", scale=in_float),
    layer("saturation_missing", wraps=True),
    layer("padding_on_the_wrong_side", CONVOLUTIONS, odd_row_first=True),
    layer("padding_with_zero", CONVOLUTIONS, padding=0),
    Plant("padding_counted", (OpKind.AVERAGE_POOL_2D,), padding_counted),
    layer("input_zero_point_left_out", ifm_zero_point=0),
    Plant("input_zero_point_added", LAYERS, zero_point_added),
    Plant("weights_zero_point_left_out", LAYERS, weights_zero_point_left_out),
    layer("output_zero_point_left_out", ofm_zero_point=0),
    Plant("activation_missing", LAYERS, activation_missing),
    layer("bias_missing", bias=np.zeros_like),
    layer("bias_shifted", bias=lambda bias: np.roll(bias, 1)),
    Plant("scales_as_per_tensor", LAYERS, partial(with_scales, lambda scales: scales[:1])),
    Plant("scales_shifted", LAYERS, partial(with_scales, lambda scales: scales[-1:] + scales[:-1])),
    Plant("weights_transposed", LAYERS, read_in_another_layout),
    layer("input_as_nchw", CONVOLUTIONS, ifm=nchw),
    layer("input_channels_reversed", CONVOLUTIONS, ifm=reversed_channels),
    Plant("output_as_nchw", CONVOLUTIONS, written_as_nchw),
    Plant("softmax_in_float", (OpKind.SOFTMAX,), softmax_in_float),
    Plant(
        "other_numerics",
        (OpKind.ADD, OpKind.AVERAGE_POOL_2D, OpKind.MEAN, OpKind.SOFTMAX),
        partial(as_computed_by, Numerics.XNNPACK),
    ),
)

OF_THE_INPUT = (
    Tampering("input_off_by_128", lambda x: (x.view(np.uint8) ^ 0x80).view(x.dtype)),
    Tampering("input_channels_reversed", reversed_channels),
    Tampering("input_as_nchw", nchw),
)


def overwritten(x: np.ndarray) -> np.ndarray:
    """The middle rows are another tensor's by now."""
    later = x.copy()
    flat = later.reshape(-1)
    flat[len(flat) // 3 : len(flat) // 2] = np.iinfo(x.dtype).max // 2
    return later


OF_THE_DUMP = (Tampering("overwritten_before_the_dump", overwritten),)
