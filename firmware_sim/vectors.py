"""Vectors of sixteen channels for compiled loops: what LLVM keeps in registers when it is told so.

LLVM vectorizes a loop that numba gives it, but keeps no block of accumulators in registers across a sum, and
that decides the speed of a matrix product. These steps are the words in which firmware_sim/tiles.py says what
stays there. They mean the same on every machine: where a processor has an instruction for a sum of two
products (pmaddwd, vpdpwssd on x86-64), LLVM finds it. Sums of four are the exception: see HAS_QUADS.

Overflow: products of int16 are exact in int32, their sums wrap at 32 bits as a register does, so the order of
a sum does not matter. A pair of products fits int32 unless all four factors are -2**15.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba import config, types
from numba.extending import intrinsic as numba_intrinsic
from numba.extending import models, register_model

intrinsic: Any = numba_intrinsic  # its stub types what numba calls when it compiles, not what a loop calls

LANES = 16
"""Output channels of a vector: int32 in one register of AVX-512, two of AVX2, four of NEON."""

_OVERRIDDEN = any(getattr(config, name) for name in ("CPU_NAME", "CPU_FEATURES"))
HAS_QUADS = not _OVERRIDDEN and bool(get_host_cpu_features().get("avx512vnni"))
"""Whether this processor sums four products of uint8 and int8 at once, which LLVM does not find itself."""

INT8, INT16, INT32 = ir.IntType(8), ir.IntType(16), ir.IntType(32)
_EVEN, _ODD, _FIRST = range(0, 2 * LANES, 2), range(1, 2 * LANES, 2), [0] * LANES


class _Vector(types.Type):
    """A vector as numba's type system knows it."""

    def __init__(self, element: ir.Type, lanes: int) -> None:
        self.llvm = ir.VectorType(element, lanes)
        super().__init__(name=f"vector({self.llvm})")


@register_model(_Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, vector: _Vector) -> None:
        super().__init__(manager, vector, vector.llvm)


SUMS = _Vector(INT32, LANES)
_PAIRS = _Vector(INT16, 2 * LANES)
_QUADS = _Vector(INT8, 4 * LANES)


def _words(array: Any) -> _Vector:
    """The vector of sixteen words of 32 bits that an array's elements make."""
    return _PAIRS if array.dtype == types.int16 else _QUADS


def place_of(context: Any, builder: Any, array: Any, arguments: Sequence[Any], kind: ir.Type) -> ir.Value:
    """A pointer to a `kind` that begins with an element of a flat array; arguments: array, index, ..."""
    data = arguments[0]
    if not isinstance(array, types.CPointer):
        data = context.make_array(array)(context, builder, data).data
    return builder.bitcast(builder.gep(data, [arguments[1]]), kind.as_pointer())


def everywhere(builder: Any, value: ir.Value) -> ir.Value:
    """Sixteen times one value."""
    undefined = ir.Constant(ir.VectorType(value.type, LANES), ir.Undefined)
    return _shuffle(builder, builder.insert_element(undefined, value, ir.Constant(INT32, 0)), _FIRST)


def _shuffle(builder: Any, vector: ir.Value, lanes: Sequence[int]) -> ir.Value:
    mask = ir.Constant(ir.VectorType(INT32, len(lanes)), list(lanes))
    return builder.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), mask)


@intrinsic
def pointer(_: Any, array: Any) -> Any:
    """An array's elements, without the count of references that arrays carry; the array must outlive it.

    To keep that count costs more than a tile does.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
        return context.make_array(array)(context, builder, arguments[0]).data

    return types.CPointer(array.dtype)(array), codegen


@intrinsic
def words_at(_: Any, array: Any, at: Any) -> Any:
    """Sixteen words from array[at] on: two int16 or four int8 each."""
    kind = _words(array)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
        return builder.load(place_of(context, builder, signature.args[0], arguments, kind.llvm), align=1)

    return kind(array, types.int64), codegen


@intrinsic
def word_for_all(_: Any, array: Any, at: Any) -> Any:
    """The one word from array[at] on, sixteen times: two int16 or four uint8."""
    kind = _words(array)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
        word = builder.load(place_of(context, builder, signature.args[0], arguments, INT32), align=1)
        return builder.bitcast(everywhere(builder, word), kind.llvm)

    return kind(array, types.int64), codegen


@intrinsic
def plus_words(_: Any, sums: Any, left: Any, right: Any) -> Any:
    """sums[i] + sum(left[i,j] * right[i,j] for j in word i): int16 by int16, or uint8 by int8.

    Source: of the latter, Intel's VPDPBUSD, the form that does not saturate.
    """

    def pairs(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
        wide = ir.VectorType(INT32, 2 * LANES)
        products = builder.mul(builder.sext(arguments[1], wide), builder.sext(arguments[2], wide))
        both = builder.add(_shuffle(builder, products, _EVEN), _shuffle(builder, products, _ODD))
        return builder.add(arguments[0], both)

    def quads(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
        kind = ir.FunctionType(SUMS.llvm, [SUMS.llvm] * 3)
        step = builder.module.declare_intrinsic("llvm.x86.avx512.vpdpbusd.512", fnty=kind)
        return builder.call(step, [builder.bitcast(a, SUMS.llvm) for a in arguments])

    return SUMS(SUMS, left, right), pairs if left == _PAIRS else quads


@intrinsic
def zipped_at(_: Any, array: Any, at: Any, other: Any) -> Any:
    """Sixteen words of two int16: array[at + i] and array[other + i]."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
        kind = ir.VectorType(INT16, LANES)
        first, second = (
            builder.load(place_of(context, builder, array, (arguments[0], place), kind), align=2)
            for place in arguments[1:]
        )
        lanes = [lane for i in range(LANES) for lane in (i, LANES + i)]
        mask = ir.Constant(ir.VectorType(INT32, len(lanes)), lanes)
        return builder.shuffle_vector(first, second, mask)

    return _PAIRS(array, types.int64, types.int64), codegen


@intrinsic
def copy_less(_: Any, array: Any, at: Any, flip: Any, taken: Any, out: Any, to: Any) -> Any:
    """out[to : to + 16] = (array[at : at + 16] ^ flip) - taken: int8 into uint8 or int16."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
        narrow, wide = ir.VectorType(INT8, LANES), ir.VectorType(INT16, LANES)
        values = builder.load(place_of(context, builder, array, arguments[:2], narrow), align=1)
        flipped = builder.xor(values, everywhere(builder, builder.trunc(arguments[2], INT8)))
        taken = everywhere(builder, builder.trunc(arguments[3], INT16))
        less = builder.sub(builder.sext(flipped, wide), taken)
        if out.dtype == types.uint8:
            less = builder.trunc(less, narrow)
        builder.store(less, place_of(context, builder, out, arguments[4:], less.type), align=1)
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64, types.int64, out, types.int64), codegen


@intrinsic
def sums_at(_: Any, array: Any, at: Any) -> Any:
    """array[at : at + 16], int32."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
        return builder.load(place_of(context, builder, signature.args[0], arguments, SUMS.llvm), align=4)

    return SUMS(array, types.int64), codegen


@intrinsic
def put(_: Any, array: Any, at: Any, sums: Any) -> Any:
    """array[at : at + 16] = sums"""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
        place = place_of(context, builder, signature.args[0], arguments, SUMS.llvm)
        builder.store(arguments[2], place, align=4)
        return context.get_dummy_value()

    return types.void(array, types.int64, SUMS), codegen
