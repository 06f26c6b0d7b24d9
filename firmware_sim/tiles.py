"""Sums of products with their accumulators in registers; import this module only when something is simulated.

LLVM vectorizes a loop that numba gives it, but keeps no block of accumulators in registers across a sum, and
that decides the speed of a matrix product. So the innermost steps are LLVM vectors of 16 channels here, and
the loops around them say what stays in registers. They mean the same on every machine: nothing asks which
processor it is, and where one has an instruction for such a sum (pmaddwd, vpdpwssd on x86-64), LLVM finds it.

Overflow: products of int16 are exact in int32, their sums wrap at 32 bits as a register does, so the order of
a sum does not matter. A pair of products fits int32 unless all four factors are -2**15.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic as numba_intrinsic
from numba.extending import models, register_model

Integer = int | np.signedinteger
intrinsic: Any = numba_intrinsic  # its stub types what is called at compile time, not in a loop

LANES = 16
"""Output channels of a tile: int32 in one register of AVX-512, two of AVX2, four of NEON."""
ROWS = 7
"""Pixels of a product's tile; seven divide the pictures of MobileNets (7 * 7, 14 * 14, 28 * 28, ...)."""

_INT16, _INT32 = ir.IntType(16), ir.IntType(32)
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


_SUMS = _Vector(_INT32, LANES)
_SINGLES = _Vector(_INT16, LANES)
_PAIRS = _Vector(_INT16, 2 * LANES)


def _place(context: Any, builder: Any, array: Any, arguments: Sequence[Any], kind: ir.Type) -> ir.Value:
    """A pointer to a `kind` that begins with an element of a flat array; arguments: array, index, ..."""
    data = context.make_array(array)(context, builder, arguments[0]).data
    return builder.bitcast(builder.gep(data, [arguments[1]]), kind.as_pointer())


def _shuffle(builder: ir.IRBuilder, vector: ir.Value, lanes: Sequence[int]) -> ir.Value:
    mask = ir.Constant(ir.VectorType(_INT32, len(lanes)), list(lanes))
    return builder.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), mask)


@intrinsic
def _zeros(_: Any) -> Any:
    """16 sums that are 0."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        return ir.Constant(_SUMS.llvm, None)

    return _SUMS(), codegen


def _loads(kind: _Vector) -> Any:
    def typed(_: Any, array: Any, at: Any) -> Any:
        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
            place = _place(context, builder, signature.args[0], arguments, kind.llvm)
            return builder.load(place, align=2)

        return kind(array, types.int64), codegen

    return intrinsic(typed)


_singles_at = _loads(_SINGLES)
_pairs_at = _loads(_PAIRS)


@intrinsic
def _pair_for_all(_: Any, array: Any, at: Any) -> Any:
    """The pair array[at], array[at + 1], sixteen times."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        place = _place(context, builder, signature.args[0], arguments, _INT32)
        undefined = ir.Constant(_SUMS.llvm, ir.Undefined)
        first = builder.insert_element(undefined, builder.load(place, align=2), ir.Constant(_INT32, 0))
        return builder.bitcast(_shuffle(builder, first, _FIRST), _PAIRS.llvm)

    return _PAIRS(array, types.int64), codegen


@intrinsic
def _plus_pairs(_: Any, sums: Any, left: Any, right: Any) -> Any:
    """sums[i] + left[2 * i] * right[2 * i] + left[2 * i + 1] * right[2 * i + 1]"""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        wide = ir.VectorType(_INT32, 2 * LANES)
        products = builder.mul(builder.sext(arguments[1], wide), builder.sext(arguments[2], wide))
        both = builder.add(_shuffle(builder, products, _EVEN), _shuffle(builder, products, _ODD))
        return builder.add(arguments[0], both)

    return _SUMS(_SUMS, _PAIRS, _PAIRS), codegen


@intrinsic
def _plus_singles(_: Any, sums: Any, left: Any, right: Any) -> Any:
    """sums[i] + left[i] * right[i]"""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        left, right = (builder.sext(a, _SUMS.llvm) for a in arguments[1:])
        return builder.add(arguments[0], builder.mul(left, right))

    return _SUMS(_SUMS, _SINGLES, _SINGLES), codegen


@intrinsic
def _put(_: Any, array: Any, at: Any, sums: Any) -> Any:
    """array[at : at + 16] = sums"""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        place = _place(context, builder, signature.args[0], arguments, _SUMS.llvm)
        builder.store(arguments[2], place, align=4)
        return context.get_dummy_value()

    return types.void(array, types.int64, _SUMS), codegen


def panels(weights: np.ndarray) -> np.ndarray:
    """Weights (K,O) in the order in which `multiply` reads them, zeros where K is odd or O no multiple of 16.

    Shapes: gives (O/16,K/2,32) int16: for 16 outputs and two inputs, w[k,o] and w[k+1,o] side by side.
    """
    inputs, outputs = weights.shape
    padded = np.pad(weights.astype(np.int16), ((0, -inputs % 2), (0, -outputs % LANES)))
    split = padded.reshape(len(padded) // 2, 2, -1, LANES)
    return np.ascontiguousarray(split.transpose(2, 0, 3, 1)).reshape(-1, len(split), 2 * LANES)


@njit(nogil=True, cache=True)
def multiply(rows: np.ndarray, panels: np.ndarray, acc: np.ndarray) -> None:
    """acc = rows @ weights, seven pixels and sixteen channels at a time.

    Shapes: rows (P,K) int16, P a multiple of ROWS and K even; panels (O/16,K/2,32) int16 of `panels`; acc
        (P,O) int32.
    """
    pixels, inputs = rows.shape
    outputs = acc.shape[1]
    pairs = inputs // 2
    flat, packed, sums = rows.reshape(-1), panels.reshape(-1), acc.reshape(-1)
    for o in range(panels.shape[0]):
        panel = o * pairs * 2 * LANES
        for p in range(0, pixels, ROWS):
            at = p * inputs
            s0 = s1 = s2 = s3 = s4 = s5 = s6 = _zeros()
            for k in range(pairs):
                w = _pairs_at(packed, panel + k * 2 * LANES)
                s0 = _plus_pairs(s0, _pair_for_all(flat, at + 2 * k), w)
                s1 = _plus_pairs(s1, _pair_for_all(flat, at + inputs + 2 * k), w)
                s2 = _plus_pairs(s2, _pair_for_all(flat, at + 2 * inputs + 2 * k), w)
                s3 = _plus_pairs(s3, _pair_for_all(flat, at + 3 * inputs + 2 * k), w)
                s4 = _plus_pairs(s4, _pair_for_all(flat, at + 4 * inputs + 2 * k), w)
                s5 = _plus_pairs(s5, _pair_for_all(flat, at + 5 * inputs + 2 * k), w)
                s6 = _plus_pairs(s6, _pair_for_all(flat, at + 6 * inputs + 2 * k), w)
            to = p * outputs + o * LANES
            _put(sums, to, s0)
            _put(sums, to + outputs, s1)
            _put(sums, to + 2 * outputs, s2)
            _put(sums, to + 3 * outputs, s3)
            _put(sums, to + 4 * outputs, s4)
            _put(sums, to + 5 * outputs, s5)
            _put(sums, to + 6 * outputs, s6)


@njit(nogil=True, cache=True)
def depthwise(
    padded: np.ndarray,
    taps: np.ndarray,
    weights: np.ndarray,
    stride_h: Integer,
    stride_w: Integer,
    acc: np.ndarray,
) -> None:
    """The sums of a depthwise convolution over rows that hold their padding, sixteen channels at a time.

        acc[r,x,c] = sum(padded.flat[at(r * stride_h, x * stride_w, c) + taps[t]] * weights[t,c] for t)

    Shapes: padded (H,W,C) int16, C a multiple of 16; taps (T,) int64; weights (T,C) int16; acc (R,OW,C)
        int32.
    """
    _, width, channels = padded.shape
    rows, columns, _ = acc.shape
    flat, packed, sums = padded.reshape(-1), weights.reshape(-1), acc.reshape(-1)
    step = stride_w * channels
    for r in range(rows):
        for x in range(0, columns, 4):
            at = r * stride_h * width * channels + x * step
            to = (r * columns + x) * channels
            for c in range(0, channels, LANES):
                s0 = s1 = s2 = s3 = _zeros()
                if x + 4 <= columns:
                    for t in range(taps.shape[0]):
                        w = _singles_at(packed, t * channels + c)
                        pixel = at + c + taps[t]
                        s0 = _plus_singles(s0, _singles_at(flat, pixel), w)
                        s1 = _plus_singles(s1, _singles_at(flat, pixel + step), w)
                        s2 = _plus_singles(s2, _singles_at(flat, pixel + 2 * step), w)
                        s3 = _plus_singles(s3, _singles_at(flat, pixel + 3 * step), w)
                    _put(sums, to + c, s0)
                    _put(sums, to + c + channels, s1)
                    _put(sums, to + c + 2 * channels, s2)
                    _put(sums, to + c + 3 * channels, s3)
                    continue
                for rest in range(columns - x):
                    s0 = _zeros()
                    for t in range(taps.shape[0]):
                        w = _singles_at(packed, t * channels + c)
                        s0 = _plus_singles(s0, _singles_at(flat, at + c + taps[t] + rest * step), w)
                    _put(sums, to + c + rest * channels, s0)
