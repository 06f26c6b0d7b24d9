"""Sixteen sums become sixteen outputs: the scalings that decide the speed, in the vectors of vectors.py.

`lanes` is what they need of a form, by name: LIMITS, and pointers to what the channels have. Each gives how
many of the sixteen saturated, out[to : to + 16] being the outputs of the channels from o on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types

from firmware_sim.vectors import INT8, INT16, INT32, LANES, SUMS, everywhere, intrinsic, place_of

LIMITS = ("lowest", "highest", "zero", "low", "high", "below_low", "above_high")
"""Where floating point is cut off, float32; zero point, ends, and those beyond which it counts, int32."""

_FLOATS, _BYTES = ir.VectorType(ir.FloatType(), LANES), ir.VectorType(INT8, LANES)
_DOUBLES = ir.VectorType(ir.DoubleType(), LANES)


def _function(builder: Any, name: str, result: ir.Type, arguments: Sequence[ir.Value]) -> ir.Value:
    """One of LLVM's functions on vectors."""
    kinds = [a.type for a in arguments]
    suffixes = [f"v{LANES}{_SUFFIX[str(kind.element)]}" for kind in dict.fromkeys([result, kinds[0]])]
    kind = ir.FunctionType(result, kinds)
    return builder.call(
        builder.module.declare_intrinsic(".".join(["llvm", name, *suffixes]), fnty=kind), arguments
    )


_SUFFIX = {"float": "f32", "double": "f64", "i32": "i32"}


def _between(builder: Any, value: ir.Value, ends: Sequence[ir.Value], compare: Callable) -> ir.Value:
    low, high = ends
    raised = builder.select(compare("<", value, low), low, value)
    return builder.select(compare(">", raised, high), high, raised)


class _Lanes:
    """What a step reads of `lanes`; arguments: lanes, o."""

    def __init__(self, context: Any, builder: Any, kind: Any, arguments: Sequence[Any]) -> None:
        self._context, self._builder, self._kind, self._o = context, builder, kind, arguments[1]
        self._values = {name: builder.extract_value(arguments[0], i) for i, name in enumerate(kind.fields)}
        self.ends = [everywhere(builder, self._values[name]) for name in LIMITS]

    def row(self, name: str, kind: ir.Type) -> ir.Value:
        """A value for each channel; nothing changes them, so a register keeps them from tile to tile."""
        array = self._kind.types[self._kind.fields.index(name)]
        place = place_of(self._context, self._builder, array, (self._values[name], self._o), kind)
        load = self._builder.load(place, align=4)
        load.set_metadata("invariant.load", self._builder.module.add_metadata([]))
        return load


def _put_line(general: bool) -> Any:
    def typed(_: Any, sums: Any, lanes: Any, o: Any, out: Any, to: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
            made = _Lanes(context, builder, lanes, arguments[1:3])
            sums = arguments[0]
            is_odd = builder.icmp_signed("==", sums, made.row("odd_sums", SUMS.llvm))
            sums = builder.select(is_odd, builder.add(sums, made.row("step", SUMS.llvm)), sums)
            addends = made.row("above", _FLOATS)
            if general:
                is_below = builder.icmp_signed("<", sums, ir.Constant(SUMS.llvm, None))
                addends = builder.select(is_below, made.row("below", _FLOATS), addends)
            factors = (builder.sitofp(sums, _FLOATS), made.row("line_scales", _FLOATS), addends)
            real = _function(builder, "fma", _FLOATS, factors)
            inside = _between(builder, real, made.ends[:2], builder.fcmp_ordered)
            values = _function(builder, "lrint", SUMS.llvm, [inside])
            place = place_of(context, builder, out, arguments[3:], _BYTES)
            return _store(builder, values, made.ends[3:] if general else None, place)

        return types.int32(sums, lanes, types.int64, out, types.int64), codegen

    return intrinsic(typed)


put_line, put_line_uncounted = _put_line(True), _put_line(False)
"""See lines.py; `uncounted` has one addend and counts nothing."""


@intrinsic
def put_exact(_: Any, sums: Any, lanes: Any, o: Any, out: Any, to: Any) -> Any:
    """See scaling.Twice; in float64."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
        made = _Lanes(context, builder, lanes, arguments[1:3])
        lowest, highest, zero = made.ends[:3]
        half = ir.Constant(_DOUBLES, [0.5] * LANES)
        total = builder.sitofp(arguments[0], _DOUBLES)
        nudge = _function(builder, "copysign", _DOUBLES, [made.row("nudges", _DOUBLES), total])
        real = builder.fmul(total, made.row("scales", _DOUBLES))
        steps = _function(builder, "floor", _DOUBLES, [builder.fadd(real, builder.fadd(nudge, half))])
        value = builder.fadd(steps, builder.sitofp(zero, _DOUBLES))
        ends = [builder.fpext(end, _DOUBLES) for end in (lowest, highest)]
        inside = _between(builder, value, ends, builder.fcmp_ordered)
        place = place_of(context, builder, out, arguments[3:], _BYTES)
        return _store(builder, builder.fptosi(inside, SUMS.llvm), made.ends[3:], place)

    return types.int32(sums, lanes, types.int64, out, types.int64), codegen


@intrinsic
def put_half_even(_: Any, sums: Any, lanes: Any, o: Any, out: Any, to: Any) -> Any:
    """rint(float32(sums) * scales32[o : o + 16]) + zero, clamped."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
        made = _Lanes(context, builder, lanes, arguments[1:3])
        real = builder.fmul(builder.sitofp(arguments[0], _FLOATS), made.row("scales32", _FLOATS))
        inside = _between(builder, real, made.ends[:2], builder.fcmp_ordered)
        values = builder.add(_function(builder, "lrint", SUMS.llvm, [inside]), made.ends[2])
        return _store(builder, values, made.ends[3:], place_of(context, builder, out, arguments[3:], _BYTES))

    return types.int32(sums, lanes, types.int64, out, types.int64), codegen


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
