"""Sixteen sums become sixteen outputs: the scalings that decide the speed, in the vectors of vectors.py.

In each, `limits` is (lowest, highest, zero, low, high, below, above): where floating point is cut off,
float32; the zero point, the output's ends, and those beyond which it counts as saturated, int32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


def _between(builder: Any, value: ir.Value, ends: Sequence[ir.Value], compare: Callable) -> ir.Value:
    low, high = ends
    raised = builder.select(compare("<", value, low), low, value)
    return builder.select(compare(">", raised, high), high, raised)


def _put_twice(counts: bool) -> Any:
    def typed(
        _: Any, sums: Any, bias: Any, scales: Any, nudges: Any, o: Any, limits: Any, ofm: Any, to: Any
    ) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
            def row(i: int, kind: ir.Type) -> ir.Value:
                given = (arguments[i], arguments[4])
                return builder.load(place_of(context, builder, signature.args[i], given, kind), align=4)

            ends = [everywhere(builder, builder.extract_value(arguments[5], i)) for i in range(7)]
            total = builder.sitofp(builder.add(arguments[0], row(1, SUMS.llvm)), _FLOATS)
            nudge = builder.call(_function(builder, "copysign", 2), [row(3, _FLOATS), total])
            real = builder.call(_function(builder, "fmuladd", 3), [total, row(2, _FLOATS), nudge])
            inside = _between(builder, real, ends[:2], builder.fcmp_ordered)
            steps = builder.add(builder.fptosi(inside, SUMS.llvm), ends[2])
            above_tie = builder.and_(builder.add(steps, _int32(NEAR)), _int32((1 << 16) - 1))
            near = builder.icmp_signed("<", above_tie, _int32(2 * NEAR))
            values = builder.ashr(steps, _int32(16))
            place = place_of(context, builder, ofm, arguments[6:], _BYTES)
            saturated = _store(builder, values, ends[3:] if counts else None, place)
            doubt = builder.icmp_unsigned("!=", builder.bitcast(near, INT16), ir.Constant(INT16, 0))
            return builder.select(doubt, ir.Constant(INT32, -1), saturated)

        given = (SUMS, bias, scales, nudges, types.int64, limits, ofm, types.int64)
        return types.int32(*given), codegen

    return intrinsic(typed)


put_twice, put_twice_uncounted = _put_twice(True), _put_twice(False)
"""ofm[to : to + 16] = requantize(sums + bias[o : o + 16]), as scaling.Twice says it, in Q16 numbers.

    total = float32(sums + bias)
    real  = total * scales + nudges                               # each nudge with its total's sign
    steps = int32(between(lowest, real, highest)) + zero          # the output is steps >> 16

Gives how many saturated, or -1 where one of them is nearer to a tie than float32's error.
"""


@intrinsic
def put_half_even(_: Any, sums: Any, bias: Any, scales: Any, o: Any, limits: Any, ofm: Any, to: Any) -> Any:
    """ofm[to : to + 16] = rint(float32(sums + bias[o : o + 16]) * scales[o : o + 16]) + zero, clamped.

    Gives how many saturated.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
        def row(i: int, kind: ir.Type) -> ir.Value:
            given = (arguments[i], arguments[3])
            return builder.load(place_of(context, builder, signature.args[i], given, kind), align=4)

        ends = [everywhere(builder, builder.extract_value(arguments[4], i)) for i in range(7)]
        total = builder.sitofp(builder.add(arguments[0], row(1, SUMS.llvm)), _FLOATS)
        rounded = builder.call(_function(builder, "rint", 1), [builder.fmul(total, row(2, _FLOATS))])
        inside = _between(builder, rounded, ends[:2], builder.fcmp_ordered)
        values = builder.add(builder.fptosi(inside, SUMS.llvm), ends[2])
        return _store(builder, values, ends[3:], place_of(context, builder, ofm, arguments[5:], _BYTES))

    return types.int32(SUMS, bias, scales, types.int64, limits, ofm, types.int64), codegen


def _store(builder: Any, values: ir.Value, ends: Sequence[ir.Value] | None, place: ir.Value) -> ir.Value:
    """Values clamped and stored; gives how many saturated. Without ends they are inside already: 0."""
    if ends is None:
        builder.store(builder.trunc(values, _BYTES), place, align=1)
        return ir.Constant(INT32, 0)
    low, high, below, above = ends
    beyond = builder.or_(builder.icmp_signed("<", values, below), builder.icmp_signed(">", values, above))
    final = builder.trunc(_between(builder, values, (low, high), builder.icmp_signed), _BYTES)
    builder.store(final, place, align=1)
    return builder.zext(builder.ctpop(builder.bitcast(beyond, INT16)), INT32)
