"""What both forms say the same way: windows, weights, and operators that move integers and compute none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from export.onnx.network import PICTURE, Layout, Network
from firmware_sim.ops import concatenation, conv_2d, depthwise_conv_2d, fully_connected, pad
from firmware_sim.ops.kernel import Operands
from firmware_sim.ops.layer import Layer
from graph.op_kind import OpKind
from graph.types import DType, Tensor
from graph.windows import Window

Write = Callable[[Network, Operands], None]
BYTES = (DType.INT8, DType.UINT8)


def need_bytes(operands: Operands) -> None:
    """Refuse quantized tensors of other types than 8 bits."""
    for tensor in (*operands.inputs[:1], *operands.outputs[:1]):
        operands.need(
            tensor is not None and tensor.dtype in BYTES,
            f"a tensor of {tensor.dtype.value if tensor else 'nothing'}; the ONNX forms take int8 and uint8",
        )


def first(operands: Operands) -> tuple[Tensor, Tensor]:
    """The first input and the output."""
    ifm = operands.inputs[0]
    assert ifm is not None
    return ifm, operands.outputs[0]


def windowed(window: Window) -> dict[str, Any]:
    """Attributes of Conv and the pools, but for dilations."""
    rows, cols = window.rows, window.cols
    return {
        "kernel_shape": [rows.size, cols.size],
        "strides": [rows.stride, cols.stride],
        "pads": [rows.before, cols.before, rows.after(window.ifm_h), cols.after(window.ifm_w)],
    }


@dataclass(frozen=True, slots=True, eq=False)
class Weighted:
    """An operator with weights: stored as (O,I,KH,KW), or (O,I) of FULLY_CONNECTED, less `zero_point`."""

    layer: Layer
    stored: np.ndarray
    zero_point: int
    attributes: dict[str, Any]

    @property
    def most(self) -> int:
        """The largest sum that any input can give, in size."""
        axes = tuple(range(1, self.stored.ndim))
        weights = np.abs(self.stored.astype(np.int64) - self.zero_point)
        return int((np.abs(self.layer.bias) + 255 * weights.sum(axis=axes)).max(initial=0))


def weighted(operands: Operands) -> Weighted:
    """CONV_2D, DEPTHWISE_CONV_2D or FULLY_CONNECTED, checked."""
    need_bytes(operands)
    if operands.op.kind is OpKind.FULLY_CONNECTED:
        layer = fully_connected.prepared(operands)
        stored, zero_point = _stored(layer)
        return Weighted(layer, stored, zero_point, {})
    if operands.op.kind is OpKind.CONV_2D:
        layer, window = conv_2d.prepared(operands)
        stored, zero_point = _stored(layer)
        stored, groups = stored.transpose(0, 3, 1, 2), layer.ifm.shape[3] // stored.shape[3]
    else:
        layer, window = depthwise_conv_2d.prepared(operands)
        stored, zero_point = _stored(layer)
        stored, groups = stored.transpose(3, 0, 1, 2), layer.ifm.shape[3]
    dilations = [window.rows.dilation, window.cols.dilation]
    attributes = {**windowed(window), "dilations": dilations, "group": groups}
    return Weighted(layer, np.ascontiguousarray(stored), zero_point, attributes)


def _stored(layer: Layer) -> tuple[np.ndarray, int]:
    """8-bit weights of the file's shape, and what is to be taken off them."""
    operands, centred, data = layer.operands, layer.weights, layer.filter.data
    operands.need(
        centred is not None and data is not None, "its weights are computed; the forms take constant ones"
    )
    assert centred is not None and data is not None
    centred = centred.reshape(layer.filter.shape)
    if np.array_equal(centred, centred.astype(np.int8)):
        return centred.astype(np.int8), 0
    stored = data.reshape(layer.filter.shape)
    return stored, int(stored.reshape(-1)[0]) - int(centred.reshape(-1)[0])


def reshaped(network: Network, operands: Operands) -> None:
    """RESHAPE, SQUEEZE, EXPAND_DIMS: the file's order of elements under another shape."""
    ifm, ofm = first(operands)
    operands.need(ifm.size_bytes == ofm.size_bytes, "its output is of another size")
    shape = network.constant(ofm.shape, np.int64)
    network.give(ofm, network.node("Reshape", network.value(ifm), shape))


def transposed(network: Network, operands: Operands) -> None:
    ifm, ofm = first(operands)
    perm = operands.constant(1, (DType.INT32,), "permutation").reshape(-1)
    network.give(ofm, network.node("Transpose", network.value(ifm), perm=[int(axis) for axis in perm]))


def padded(network: Network, operands: Operands) -> None:
    """PAD and PADV2: integers around a picture."""
    need_bytes(operands)
    pad.plain(operands)
    ifm, ofm = first(operands)
    amounts = operands.constant(1, (DType.INT32, DType.INT64), "paddings").reshape(-1, 2)
    value = pad.zero_of(ofm, operands.numerics)
    if len(operands.inputs) > 2:
        value = int(operands.constant(2, BYTES, "padding value").reshape(-1)[0])
    layout = network.layout_of([ifm])
    order = layout.value if len(ifm.shape) == PICTURE else range(len(ifm.shape))
    ends = [int(amounts[axis][end]) for end in (0, 1) for axis in order]
    filling = network.constant(value, ofm.dtype.numpy)
    made = network.node("Pad", network.value(ifm, layout), network.constant(ends, np.int64), filling)
    network.give(ofm, made, layout)


def joined(network: Network, operands: Operands) -> None:
    """CONCATENATION of inputs on one scale."""
    need_bytes(operands)
    concatenation.plain(operands)
    from graph.attrs import ConcatenationAttrs

    ofm = operands.outputs[0]
    tensors = [t for t in operands.inputs if t is not None]
    operands.need(all(t.quant == ofm.quant for t in tensors), "inputs of another scale than its output")
    rank = len(ofm.shape)
    axis = operands.attrs(ConcatenationAttrs).axis % rank
    layout = network.layout_of(tensors)
    at = layout.axis(axis) if rank == PICTURE else axis
    network.give(ofm, network.node("Concat", *(network.value(t, layout) for t in tensors), axis=at), layout)


def chosen(network: Network, operands: Operands) -> None:
    """ARG_MAX and ARG_MIN; of equals, the first."""
    from firmware_sim.ops import arg_max

    arg_max.plain(operands)
    ifm, ofm = first(operands)
    operands.need(ifm.dtype in BYTES, "it chooses among other numbers than bytes")
    axis = int(operands.constant(1, (DType.INT32, DType.INT64), "axis").reshape(-1)[0]) % len(ifm.shape)
    last = len(ifm.shape) == PICTURE and axis == PICTURE - 1
    layout = network.layout_of([ifm]) if last else Layout.FILE
    kind = "ArgMax" if operands.op.kind is OpKind.ARG_MAX else "ArgMin"
    at = layout.axis(axis) if last else axis
    wide = network.node("Cast", network.value(ifm, layout), to=6)
    made = network.node(kind, wide, axis=at, keepdims=0, select_last_index=0)
    to = 6 if ofm.dtype is DType.INT32 else 7
    network.give(ofm, network.node("Cast", made, to=to))


def read_as_float(network: Network, operands: Operands) -> None:
    """DEQUANTIZE: scale * (q - zero_point) in float32."""
    ifm, ofm = first(operands)
    operands.need(
        ifm.dtype in BYTES and ofm.dtype is DType.FLOAT32, "it takes other types than bytes to float"
    )
    quant = operands.quant(ifm)
    scale, zero = (
        network.constant(quant.scale, np.float32),
        network.constant(quant.zero_point, ifm.dtype.numpy),
    )
    layout = network.layout_of([ifm])
    network.give(ofm, network.node("DequantizeLinear", network.value(ifm, layout), scale, zero), layout)


MOVES: dict[OpKind, Write] = {
    **dict.fromkeys((OpKind.RESHAPE, OpKind.SQUEEZE, OpKind.EXPAND_DIMS), reshaped),
    **dict.fromkeys((OpKind.ARG_MAX, OpKind.ARG_MIN), chosen),
    OpKind.TRANSPOSE: transposed,
    OpKind.DEQUANTIZE: read_as_float,
}
