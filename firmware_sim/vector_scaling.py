"""Sixteen sums become sixteen outputs: the scalings that decide the speed, in the vectors of vectors.py.

In each, `limits` is (lowest, highest, zero, low, high, below, above): where floating point is cut off,
float32; the zero point, the output's ends, and those beyond which it counts as saturated, int32.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types

from firmware_sim.vectors import INT8, INT16, INT32, LANES, SUMS, everywhere, intrinsic, place_of

NEAR = 8
"""Parts of 2**16: float32's error on numbers up to 256 is at most five."""

_FLOATS, _BYTES = ir.VectorType(ir.FloatType(), LANES), ir.VectorType(INT8, LANES)


def _int32(value: int) -> ir.Constant:
    return ir.Constant(SUMS.llvm, [value] * LANES)


def _function(builder: Any, name: str, arguments: int) -> ir.Value:
    kind = ir.FunctionType(_FLOATS, [_FLOATS] * arguments)
    return builder.module.declare_intrinsic(f"llvm.{name}.v{LANES}f32", fnty=kind)


def _between(builder: Any, value: ir.Value, low: ir.Value, high: ir.Value, compare: Callable) -> ir.Value:
    raised = builder.select(compare("<", value, low), low, value)
    return builder.select(compare(">", raised, high), high, raised)


def _products(context: Any, builder: Any, signature: Any, arguments: Any, at: int) -> ir.Value:
    """float32(sums + bias) * scales; the first three arguments, at the index that is argument `at`."""
    bias, scales = (
        builder.load(
            place_of(context, builder, signature.args[i], (arguments[i], arguments[at]), kind), align=4
        )
        for i, kind in ((1, SUMS.llvm), (2, _FLOATS))
    )
    return builder.fmul(builder.sitofp(builder.add(arguments[0], bias), _FLOATS), scales)


def _store(context: Any, builder: Any, values: ir.Value, ends: Any, ofm: Any, place: Any) -> ir.Value:
    """Values clamped and stored; how many saturated, int32."""
    low, high, below, above = ends
    beyond = builder.or_(builder.icmp_signed("<", values, below), builder.icmp_signed(">", values, above))
    final = builder.trunc(_between(builder, values, low, high, builder.icmp_signed), _BYTES)
    builder.store(final, place_of(context, builder, ofm, place, _BYTES), align=1)
    return builder.zext(builder.ctpop(builder.bitcast(beyond, INT16)), INT32)


@intrinsic
def put_twice(
    _: Any, sums: Any, bias: Any, scales: Any, nudges: Any, at: Any, limits: Any, ofm: Any, to: Any
) -> Any:
    """ofm[to : to + 16] = requantize(sums + bias[at : at + 16]) as scaling.Twice says it, in Q16 numbers.

        real  = float32(sums + bias) * scales + nudges                # each nudge with its product's sign
        steps = int32(between(lowest, real, highest)) + zero          # the output is steps >> 16

    Gives how many saturated, or -1 where one of them is nearer to a tie than float32's error.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
        lowest, highest, zero, *ends = (
            everywhere(builder, builder.extract_value(arguments[5], i)) for i in range(7)
        )
        product = _products(context, builder, signature, arguments, 4)
        nudge = builder.load(place_of(context, builder, nudges, arguments[3:5], _FLOATS), align=4)
        signed = builder.call(_function(builder, "copysign", 2), [nudge, product])
        real = _between(builder, builder.fadd(product, signed), lowest, highest, builder.fcmp_ordered)
        steps = builder.add(builder.fptosi(real, SUMS.llvm), zero)
        above_tie = builder.and_(builder.add(steps, _int32(NEAR)), _int32((1 << 16) - 1))
        near = builder.icmp_signed("<", above_tie, _int32(2 * NEAR))
        saturated = _store(context, builder, builder.ashr(steps, _int32(16)), ends, ofm, arguments[6:])
        doubt = builder.icmp_unsigned("!=", builder.bitcast(near, INT16), ir.Constant(INT16, 0))
        return builder.select(doubt, ir.Constant(INT32, -1), saturated)

    given = (SUMS, bias, scales, nudges, types.int64, limits, ofm, types.int64)
    return types.int32(*given), codegen


@intrinsic
def put_half_even(_: Any, sums: Any, bias: Any, scales: Any, at: Any, limits: Any, ofm: Any, to: Any) -> Any:
    """ofm[to : to + 16] = rint(float32(sums + bias) * scales) + zero, clamped; gives how many saturated."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
        lowest, highest, zero, *ends = (
            everywhere(builder, builder.extract_value(arguments[4], i)) for i in range(7)
        )
        product = _products(context, builder, signature, arguments, 3)
        rounded = builder.call(_function(builder, "rint", 1), [product])
        inside = _between(builder, rounded, lowest, highest, builder.fcmp_ordered)
        values = builder.add(builder.fptosi(inside, SUMS.llvm), zero)
        return _store(context, builder, values, ends, ofm, arguments[5:])

    return types.int32(SUMS, bias, scales, types.int64, limits, ofm, types.int64), codegen
