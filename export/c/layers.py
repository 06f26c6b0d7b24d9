"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED in C."""

from __future__ import annotations

import numpy as np

from export.c.emitted import Array, Call, Emitted, Value
from firmware_sim.fixed_point import INT32_MAX
from firmware_sim.ops import conv_2d, depthwise_conv_2d, fully_connected
from firmware_sim.ops.kernel import Operands
from firmware_sim.ops.layer import Layer
from firmware_sim.requantization import Requantization
from graph.types import DType
from graph.windows import Window

INT8_MIN, INT8_MAX = -128, 127
SMALL = 1 << 30
LARGEST = 255
"""The largest size of an int8 number, centred or not."""


def need_int8(operands: Operands) -> None:
    """Refuse activations of another type, which the emitted kernels do not take."""
    tensors = [t for t in (*operands.inputs[:1], *operands.outputs) if t is not None]
    other = next((t for t in tensors if t.dtype is not DType.INT8), None)
    operands.need(
        other is None,
        f"tensor {other.index if other else 0} is {other.dtype.value if other else ''};"
        " the emitted C has kernels for int8 alone: quantize the model to full-integer int8",
    )


def need_one_picture(operands: Operands) -> None:
    ifm = operands.inputs[0]
    operands.need(ifm is not None and ifm.shape[0] == 1, "a batch of pictures; the emitted C takes one")


def windowed(window: Window) -> dict[str, Value]:
    """The members of a window in C."""
    rows, cols = window.rows, window.cols
    return {
        "ifm_h": window.ifm_h,
        "ifm_w": window.ifm_w,
        "ofm_w": cols.outputs,
        "size_h": rows.size,
        "size_w": cols.size,
        "stride_h": rows.stride,
        "stride_w": cols.stride,
        "dilation_h": rows.dilation,
        "dilation_w": cols.dilation,
        "before_h": rows.before,
        "before_w": cols.before,
    }


def _channels(layer: Layer, weights: np.ndarray, index: int) -> tuple[dict[str, Value], list[Array]]:
    """The way from sums to the output; weights (O,K).

    The bias takes in -zero_point * sum(weights). A channel without weights, whose bias may be as large as
    can be, gets one that makes the same output by a shift of 1. Refused where a sum might pass 32 bits.
    """
    operands, made = layer.operands, layer.rescaling
    assert isinstance(made, Requantization)
    heaviest = np.abs(layer.bias) + LARGEST * np.abs(weights).sum(axis=1)
    operands.need(int(heaviest.max(initial=0)) <= INT32_MAX - LARGEST, "its sums can pass 32 bits")
    bias = layer.bias - layer.zero_point * weights.sum(axis=1)
    multipliers, shifts = made.multipliers.copy(), made.shifts.copy()
    dead = ~weights.any(axis=1)
    bias[dead] = 2 * (made.apply(layer.bias[None])[0][0, dead].astype(np.int64) - made.zero_point)
    multipliers[dead], shifts[dead] = INT32_MAX, -1
    heaviest[dead] = np.abs(bias[dead])
    arrays = [
        Array(f"bias_{index}", "int32_t", bias.astype(np.int32)),
        Array(f"multiplier_{index}", "int32_t", multipliers.astype(np.int32)),
        Array(f"shift_{index}", "int8_t", shifts.astype(np.int8)),
    ]
    names: dict[str, Value] = {a.name.rsplit("_", 1)[0]: a.name for a in arrays}
    positive = (made.zero_point, made.clamp.low, made.clamp.high) == (INT8_MIN, INT8_MIN, INT8_MAX)
    ends = {
        "zero_point": made.zero_point,
        "low": made.clamp.low,
        "high": made.clamp.high,
        "simple": int(positive and bool(np.all(shifts < 0)) and int(heaviest.max(initial=0)) < SMALL),
    }
    return {**names, **ends}, arrays


def _weights(layer: Layer) -> np.ndarray:
    """Weights as they count, which must be constant and fit int8."""
    operands, weights = layer.operands, layer.weights
    operands.need(weights is not None, "its weights are computed; the emitted C takes constant ones")
    assert weights is not None
    fits = bool(np.array_equal(weights, weights.astype(np.int8)))
    operands.need(fits, "its weights less their zero point do not fit int8")
    return weights


def convolution(operands: Operands) -> Emitted:
    need_int8(operands)
    need_one_picture(operands)
    layer, window = conv_2d.prepared(operands)
    weights = _weights(layer)
    operands.need(weights.shape[3] == layer.ifm.shape[3], "its channels are in groups")
    index, rows = operands.op.index, weights.reshape(layer.channels, -1)
    taps = window.rows.size * window.cols.size
    to, arrays = _channels(layer, rows, index)
    arrays.insert(0, Array(f"weights_{index}", "int8_t", weights.astype(np.int8).reshape(-1)))
    return Emitted(
        calls=(Call("conv_2d"),),
        sections=("conv_2d",),
        c_type="conv_2d_op",
        members={
            "window": windowed(window),
            "to": to,
            "weights": arrays[0].name,
            "inputs": layer.ifm.shape[3],
            "outputs": layer.channels,
            "input_zero_point": layer.zero_point,
        },
        arrays=arrays,
        taps=taps,
        depth=rows.shape[1],
    )


def depthwise(operands: Operands) -> Emitted:
    need_int8(operands)
    need_one_picture(operands)
    layer, window = depthwise_conv_2d.prepared(operands)
    weights = _weights(layer)
    index, taps = operands.op.index, weights.reshape(-1, layer.channels)
    to, arrays = _channels(layer, taps.T, index)
    arrays.insert(0, Array(f"weights_{index}", "int8_t", taps.astype(np.int8).reshape(-1)))
    multiplier = layer.channels // layer.ifm.shape[3]
    one = multiplier == 1 and int(taps.min(initial=0)) > INT8_MIN
    kernel = "depthwise_conv_2d" if one else "depthwise_multiplied"
    return Emitted(
        calls=(Call(kernel),),
        sections=(kernel,),
        c_type=f"{kernel}_op",
        members={
            "window": windowed(window),
            "to": to,
            "weights": arrays[0].name,
            "outputs": layer.channels,
            **({} if one else {"multiplier": multiplier}),
            "input_zero_point": layer.zero_point,
        },
        arrays=arrays,
        taps=len(taps),
        channels=layer.channels if one else 0,
    )


def dense(operands: Operands) -> Emitted:
    need_int8(operands)
    layer = fully_connected.prepared(operands)
    weights = _weights(layer)
    index, (channels, depth) = operands.op.index, weights.shape
    to, arrays = _channels(layer, weights, index)
    arrays.insert(0, Array(f"weights_{index}", "int8_t", weights.astype(np.int8).reshape(-1)))
    return Emitted(
        calls=(Call("fully_connected"),),
        sections=("fully_connected",),
        c_type="fully_connected_op",
        members={"to": to, "weights": arrays[0].name, "inputs": depth, "outputs": channels},
        arrays=arrays,
    )
