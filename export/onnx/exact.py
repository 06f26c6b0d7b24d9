"""The runtimes' fixed-point arithmetic as nodes on int64, which ONNX defines to the bit."""

from __future__ import annotations

import numpy as np

from export.onnx.network import Network
from firmware_sim.fixed_point import INT32_MAX
from firmware_sim.requantization import Clamp
from graph.types import Tensor

_HIGH = 1 << 31


class Exact:
    """Arithmetic in a network; every name is one of an int64 value."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def wide(self, name: str) -> str:
        """Any integers in int64."""
        return self.network.node("Cast", name, to=7)

    def number(self, values: np.ndarray | int) -> str:
        return self.network.constant(values, np.int64)

    def plus(self, a: str, b: str | np.ndarray | int) -> str:
        return self.network.node("Add", a, b if isinstance(b, str) else self.number(b))

    def minus(self, a: str, b: str | int) -> str:
        return self.network.node("Sub", a, b if isinstance(b, str) else self.number(b))

    def times(self, a: str, b: str | np.ndarray | int) -> str:
        return self.network.node("Mul", a, b if isinstance(b, str) else self.number(b))

    def cut_off(self, a: str, b: str | np.ndarray | int) -> str:
        """a / b, cut off towards zero."""
        return self.network.node("Div", a, b if isinstance(b, str) else self.number(b))

    def sign(self, a: str) -> str:
        return self.network.node("Sign", a)

    def clipped(self, a: str, low: int, high: int) -> str:
        return self.network.node("Clip", a, self.number(low), self.number(high))

    def looked_up(self, table: np.ndarray, index: str) -> str:
        """table[index]; a table of int64 gives int64."""
        return self.network.node("Gather", self.network.constant(table), index, axis=0)

    def divided(self, a: str, by: np.ndarray | int) -> str:
        """a / by to the nearest, ties away from zero; by >= 1."""
        half = np.asarray(by) // 2
        return self.cut_off(self.plus(a, self.times(self.sign(a), half)), by)

    def high_mul(self, a: str, b: str | np.ndarray | int) -> str:
        """floor((a * b + 2**30) / 2**31) for int32 values that are not both -2**31.

        A division that cuts off is a floor where nothing is below zero: 2**62 are added before it.
        """
        lifted = self.plus(self.times(a, b), (1 << 62) + (1 << 30))
        return self.minus(self.cut_off(lifted, _HIGH), _HIGH)

    def scaled(self, acc: str, multipliers: np.ndarray, shifts: np.ndarray, most: int) -> str:
        """multiply_by_quantized_multiplier; `most` is the largest |acc|.

        Shapes: multipliers, shifts broadcast against acc.
        """
        left, right = np.maximum(shifts, 0) & 31, np.maximum(-shifts, 0)
        if left.any():
            acc = self.times(acc, np.int64(1) << left)
        if most << int(left.max()) > INT32_MAX:
            acc = self.wrapped(acc)
        high = self.high_mul(acc, multipliers)
        return self.divided(high, np.int64(1) << right) if right.any() else high

    def wrapped(self, acc: str) -> str:
        """The int32 that the low 32 bits say."""
        raised = self.network.node("Mod", self.plus(acc, _HIGH), self.number(_HIGH * 2), fmod=0)
        return self.minus(raised, _HIGH)

    def narrow(self, values: str, ofm: Tensor, clamp: Clamp, zero_point: int = 0) -> str:
        """values + zero_point inside the clamp, in the output's type."""
        moved = self.plus(values, zero_point) if zero_point else values
        return self.typed(self.clipped(moved, clamp.low, clamp.high), ofm)

    def typed(self, values: str, ofm: Tensor) -> str:
        from onnx import helper

        to = helper.np_dtype_to_tensor_dtype(ofm.dtype.numpy)
        return self.network.node("Cast", values, to=to)
