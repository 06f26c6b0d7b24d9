"""MEAN, AVERAGE_POOL_2D and MAX_POOL_2D in C."""

from __future__ import annotations

import math

from export.c.emitted import Call, Emitted
from export.c.layers import need_int8, need_one_picture, windowed
from firmware_sim.fixed_point import INT32_MAX
from firmware_sim.ops import mean as mean_
from firmware_sim.ops import pooling
from firmware_sim.ops.kernel import Operands
from firmware_sim.ops.reduction import reduction
from graph.op_kind import OpKind
from graph.types import DType

LARGEST = 255


def pool(operands: Operands) -> Emitted:
    need_int8(operands)
    need_one_picture(operands)
    made = pooling.prepared(operands)
    average = operands.op.kind is OpKind.AVERAGE_POOL_2D
    name = "average_pool_2d" if average else "max_pool_2d"
    return Emitted(
        calls=(Call(name),),
        sections=(name,),
        c_type="pool_2d_op",
        members={
            "window": windowed(made.window),
            "channels": operands.outputs[0].shape[3],
            "low": made.clamp.low,
            "high": made.clamp.high,
        },
        of_sums=Call("average_of_sums") if average else None,
    )


def mean(operands: Operands) -> Emitted:
    need_int8(operands)
    over = reduction(operands, (DType.INT8,))
    axes, shape = over.axes, over.ifm.shape
    operands.need(over.count > 0, "the mean of no elements")
    apart = axes != tuple(range(axes[0], axes[-1] + 1)) if axes else True
    operands.need(not apart, f"axes {list(axes)} that do not follow one another")
    operands.need(over.count * LARGEST <= INT32_MAX, "its sums can pass 32 bits")
    multiplier, shift = mean_.multiplier_of(operands, over)
    return Emitted(
        calls=(Call("mean", whole=True),),
        sections=("mean",),
        c_type="mean_op",
        members={
            "outer": math.prod(shape[: axes[0]]),
            "count": over.count,
            "inner": math.prod(shape[axes[-1] + 1 :]),
            "multiplier": multiplier,
            "shift": shift,
            "input_zero_point": operands.quant(over.ifm).zero_point * over.count,
            "zero_point": operands.quant(over.ofm).zero_point,
        },
        of_sums=Call("mean_of_sums"),
    )
