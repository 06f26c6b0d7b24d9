"""Operators in C that compute a pixel from a pixel, or move pixels."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from export.c.emitted import Array, Call, Emitted, Value
from export.c.layers import need_int8, need_one_picture
from firmware_sim import ops
from firmware_sim.ops import concatenation as concatenation_
from firmware_sim.ops import (
    elementwise,
    pad,
    resize_bilinear,
    resize_nearest_neighbor,
    resizing,
    rows,
    sums,
    unary,
)
from firmware_sim.ops.kernel import Operands, Workspace
from firmware_sim.requantization import clamp_of
from graph.attrs import (
    Activation,
    AddAttrs,
    ConcatenationAttrs,
    MulAttrs,
    ResizeAttrs,
    SoftmaxAttrs,
    SubAttrs,
)
from graph.op_kind import OpKind
from graph.types import DType, Tensor
from memory_planner.reach import pixels_of

MOST_PADDED = 4
MOST_SIDE = (1 << 15) - 1
"""Of a picture that is resized: its rows and columns are int16 in tables."""


def looked_up(operands: Operands) -> Emitted:
    """By a table of what the simulator's kernel makes of each byte."""
    need_int8(operands)
    ops.KERNELS[operands.op.kind](operands)  # refuses what does not fit
    ifm, ofm = operands.inputs[0], operands.outputs[0]
    assert ifm is not None
    values = unary.values_of(DType.INT8).astype(np.int8)
    shaped = replace(
        operands,
        inputs=(replace(ifm, shape=values.shape), *operands.inputs[1:]),
        outputs=(replace(ofm, shape=values.shape),),
    )
    table = np.empty_like(values)
    ops.KERNELS[operands.op.kind](shaped)([values], [table], Workspace())
    array = Array(f"table_{operands.op.index}", "int8_t", table)
    return Emitted((Call("lookup", first=array.name),), ("lookup",), arrays=(array,))


def _pairs(operands: Operands) -> dict[str, Value]:
    """How two inputs meet pixel by pixel."""
    need_int8(operands)
    ofm = operands.outputs[0]
    channels = ofm.shape[-1] if ofm.shape else 1
    members: dict[str, Value] = {}
    for letter, tensor in zip("ab", operands.inputs, strict=True):
        assert tensor is not None
        operands.need(tensor.dtype is DType.INT8, f"tensor {tensor.index} is {tensor.dtype.value}, not int8")
        count, last = pixels_of(tensor), tensor.shape[-1] if tensor.shape else 1
        padded = (1,) * (len(ofm.shape) - len(tensor.shape)) + tensor.shape
        alike = count == 1 or padded[:-1] == ofm.shape[:-1]
        operands.need(
            alike and last in (1, channels),
            f"an input of the shape {list(tensor.shape)} for an output of {list(ofm.shape)};"
            " the emitted C broadcasts one pixel, or one channel",
        )
        members[f"{letter}_pixels"] = int(count > 1)
        members[f"{letter}_step"] = int(last > 1)
    return {**members, "channels": channels}


def _scaled(prefix: str, term: elementwise.Term) -> dict[str, Value]:
    return {
        f"{prefix}zero_point": term.zero_point,
        f"{prefix}multiplier": term.multiplier,
        f"{prefix}shift": term.shift,
    }


def _clamped(operands: Operands, real: float, activation: Activation) -> dict[str, Value]:
    ofm = operands.outputs[0]
    clamp = clamp_of(activation, ofm)
    out = elementwise.Term.of(operands.quant(ofm), 0, real)
    return {**_scaled("", out), "low": clamp.low, "high": clamp.high}


def added(operands: Operands) -> Emitted:
    """ADD and SUB."""
    pairs = _pairs(operands)
    ops.KERNELS[operands.op.kind](operands)
    attrs = operands.op.attrs
    assert isinstance(attrs, AddAttrs | SubAttrs)
    left_shift = sums.LEFT_SHIFT[DType.INT8]
    a, b, common = elementwise.terms_on_twice_the_larger_scale(operands, left_shift)
    out = common / ((1 << left_shift) * operands.quant(operands.outputs[0]).scale)
    members = {
        "pairs": pairs,
        **_scaled("a_", a),
        **_scaled("b_", b),
        "sign": -1 if operands.op.kind is OpKind.SUB else 1,
        **_clamped(operands, out, attrs.activation),
    }
    return Emitted((Call("add", (0, 1)),), ("add",), "add_op", members)


def multiplied(operands: Operands) -> Emitted:
    pairs = _pairs(operands)
    ops.KERNELS[operands.op.kind](operands)
    a, b = (operands.quant(t) for t in operands.inputs if t is not None)
    real = a.scale * b.scale / operands.quant(operands.outputs[0]).scale
    activation = operands.attrs(MulAttrs).activation
    members = {
        "pairs": pairs,
        "a_zero_point": a.zero_point,
        "b_zero_point": b.zero_point,
        **_clamped(operands, real, activation),
    }
    return Emitted((Call("mul", (0, 1)),), ("mul",), "mul_op", members)


def extreme(operands: Operands) -> Emitted:
    """MAXIMUM and MINIMUM."""
    pairs = _pairs(operands)
    ops.KERNELS[operands.op.kind](operands)
    least = int(operands.op.kind is OpKind.MINIMUM)
    return Emitted((Call("extreme", (0, 1)),), ("extreme",), "extreme_op", {"pairs": pairs, "least": least})


def copied(operands: Operands) -> Emitted:
    """RESHAPE and its kin, of any type."""
    ifm, ofm = operands.inputs[0], operands.outputs[0]
    operands.need(ifm is not None and ifm.size_bytes == ofm.size_bytes, "its output is of another size")
    alike = ifm is not None and ifm.shape[-1:] == ofm.shape[-1:]
    return Emitted((Call("copy"),), ("copy",), pixels=None if alike else 1)


def softmax(operands: Operands) -> Emitted:
    need_int8(operands)
    ops.KERNELS[operands.op.kind](operands)
    ifm = operands.inputs[0]
    assert ifm is not None
    exps = rows.exponentials(operands, operands.attrs(SoftmaxAttrs).beta, operands.quant(ifm).scale)
    array = Array(f"exps_{operands.op.index}", "int32_t", exps.astype(np.int32))
    return Emitted((Call("softmax"),), ("softmax",), "softmax_op", {"exps": array.name}, (array,))


def joined(operands: Operands) -> Emitted:
    """CONCATENATION: of the last axis pixel by pixel, of another with all that follows it as a pixel."""
    need_int8(operands)
    concatenation_.plain(operands)
    axis = operands.attrs(ConcatenationAttrs).axis % len(operands.outputs[0].shape)
    calls, at = [], 0
    for position, tensor in enumerate(operands.inputs):
        assert tensor is not None
        calls.append(Call("concatenation", (position,), str(at)))
        at += math.prod(tensor.shape[axis:])
    return Emitted(tuple(calls), ("concatenation",), pixels=math.prod(operands.outputs[0].shape[:axis]))


def padded(operands: Operands) -> Emitted:
    need_int8(operands)
    pad.plain(operands)
    ifm, ofm = operands.inputs[0], operands.outputs[0]
    assert ifm is not None
    amounts = operands.constant(1, (DType.INT32, DType.INT64), "paddings").reshape(-1, 2)
    missing = MOST_PADDED - len(ifm.shape)
    operands.need(
        missing >= 0, f"it pads a tensor of rank {len(ifm.shape)}; the emitted C takes {MOST_PADDED}"
    )
    before = [0] * missing + [int(amount) for amount in amounts[:, 0]]
    ifm_sides, ofm_sides = ((1,) * missing + t.shape for t in (ifm, ofm))
    value = pad.zero_of(ofm, operands.numerics)
    if len(operands.inputs) > 2:
        value = int(operands.constant(2, (DType.INT8,), "padding value").reshape(-1)[0])
    members: dict[str, Value] = {
        **dict(zip(("ifm_n", "ifm_h", "ifm_w"), ifm_sides, strict=False)),
        **dict(zip(("ofm_h", "ofm_w"), ofm_sides[1:], strict=False)),
        **dict(zip(("before_n", "before_h", "before_w", "before_c"), before, strict=True)),
        "value": value,
    }
    return Emitted((Call("pad"),), ("pad",), "pad_op", members)


def _resized(operands: Operands, name: str, arrays: tuple[Array, Array], ifm: Tensor) -> Emitted:
    ofm = operands.outputs[0]
    operands.need(max(*ifm.shape, *ofm.shape) <= MOST_SIDE, "sides beyond 32,767")
    members: dict[str, Value] = {
        "rows": arrays[0].name,
        "cols": arrays[1].name,
        "ifm_w": ifm.shape[2],
        "ofm_w": ofm.shape[2],
    }
    return Emitted((Call(name),), (name,), f"{name}_op", members, arrays)


def nearest(operands: Operands) -> Emitted:
    need_int8(operands)
    need_one_picture(operands)
    attrs, index = operands.attrs(ResizeAttrs), operands.op.index
    ifm, size = resizing.prepared(operands, (DType.INT8,))
    tables = (
        resize_nearest_neighbor.nearest(ifm.shape[1 + axis], size[axis], attrs).astype(np.int16)
        for axis in (0, 1)
    )
    first, second = (
        Array(f"{word}_{index}", "int16_t", table)
        for word, table in zip(("rows", "cols"), tables, strict=True)
    )
    return _resized(operands, "resize_nearest_neighbor", (first, second), ifm)


def bilinear(operands: Operands) -> Emitted:
    need_int8(operands)
    need_one_picture(operands)
    ifm, down, across = resize_bilinear.prepared(operands)
    first, second = (
        Array(
            f"{word}_{operands.op.index}",
            "between",
            np.stack([axis.low, axis.high, axis.there], axis=1).astype(np.int16),
        )
        for word, axis in (("rows", down), ("cols", across))
    )
    return _resized(operands, "resize_bilinear", (first, second), ifm)


def chosen(operands: Operands) -> Emitted:
    """ARG_MAX and ARG_MIN of the last axis."""
    ops.KERNELS[operands.op.kind](operands)
    ifm = operands.input(0, (DType.INT8,))
    axis = int(operands.constant(1, (DType.INT32, DType.INT64), "axis").reshape(-1)[0])
    operands.need(axis % len(ifm.shape) == len(ifm.shape) - 1, "it chooses along another axis than the last")
    least = int(operands.op.kind is OpKind.ARG_MIN)
    return Emitted((Call("arg", first=str(least)),), ("arg",), pixels=pixels_of(ifm))
