"""A firmware that runs layers element by element and can be told to make a mistake.

Its layers share nothing with the simulator but the graph: plain Python integers, written to be read beside a
bug. Operators that are as they should be are the simulator's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from firmware_sim.causes.trial import run
from firmware_sim.numerics import Numerics
from firmware_sim.ops.kernel import Operands
from graph.attrs import Activation, Padding
from graph.op_kind import OpKind
from graph.types import Graph, Op, QuantParams

Wrong = Callable[..., np.ndarray]
"""(graph, op, *inputs) -> the operator's output, with a mistake in it."""


def right(graph: Graph, op: Op, *inputs: np.ndarray, numerics: Numerics = Numerics.TFLM) -> np.ndarray:
    """The operator's output as it should be."""
    return run(Operands.of(graph, op, numerics), inputs)[0]


def dump(
    graph: Graph,
    inputs: tuple[np.ndarray, ...],
    wrong: Mapping[int, Wrong],
    numerics: Numerics = Numerics.TFLM,
) -> dict[int, np.ndarray]:
    """Every activation, where the operators in `wrong` compute otherwise and the others as they should."""
    values: dict[int, np.ndarray] = {t.index: t.data for t in graph.tensors if t.data is not None}
    values |= dict(zip(graph.inputs, inputs, strict=True))
    for op in graph.ops:
        given = [values[i] for i in op.inputs]
        made = run(Operands.of(graph, op, numerics), given)
        if op.index in wrong:
            made = (wrong[op.index](graph, op, *given).reshape(made[0].shape).astype(made[0].dtype),)
        values |= dict(zip(op.outputs, made, strict=True))
    return {i: v for i, v in values.items() if graph.tensors[i].data is None}


def twice(acc: int, multiplier: int, shift: int) -> int:
    """gemmlowp's two roundings."""
    product = (acc << max(shift, 0)) * multiplier
    nudge = 1 << 30 if product >= 0 else 1 - (1 << 30)
    high = int(abs(product + nudge) >> 31) * (1 if product + nudge >= 0 else -1)
    down = max(-shift, 0)
    rest, half = high & ((1 << down) - 1), (1 << down) >> 1
    return (high >> down) + (rest > half - (0 if high < 0 or not down else 1) if down else 0)


def once(acc: int, multiplier: int, shift: int) -> int:
    return (acc * multiplier + (1 << (30 - shift))) >> (31 - shift)


def twice_half_up(acc: int, multiplier: int, shift: int) -> int:
    high = ((acc << max(shift, 0)) * multiplier + (1 << 30)) >> 31
    down = max(-shift, 0)
    return (high + ((1 << down) >> 1)) >> down


def cut_off(acc: int, multiplier: int, shift: int) -> int:
    return (acc * multiplier) >> (31 - shift)


def in_float(acc: int, multiplier: int, shift: int) -> int:
    return int(np.rint(np.float32(acc) * np.float32(multiplier * 2.0 ** (shift - 31))))


@dataclass(frozen=True)
class Firmware:
    """Convolutions and matrix products of one sample; every field is a place for a mistake.

    None: as it should be.
    """

    scale: Callable[[int, int, int], int] = twice
    odd_row_first: bool = False
    padding: int | None = None
    ifm_zero_point: int | None = None
    weights_zero_point: int | None = None
    ofm_zero_point: int | None = None
    wraps: bool = False
    activation: Activation | None = None
    scales: Callable[[tuple[float, ...]], tuple[float, ...]] = lambda scales: scales
    weights: Callable[[np.ndarray], np.ndarray] = lambda weights: weights
    bias: Callable[[np.ndarray], np.ndarray] = lambda bias: bias
    ifm: Callable[[np.ndarray], np.ndarray] = lambda ifm: ifm

    def __call__(
        self, graph: Graph, op: Op, ifm: np.ndarray, weights: np.ndarray, bias: np.ndarray
    ) -> np.ndarray:
        quants = [graph.tensors[i].quant for i in (op.inputs[0], op.inputs[1], op.outputs[0])]
        before, filters, after = (quant for quant in quants if quant is not None)
        ofm = np.zeros(graph.tensors[op.outputs[0]].shape, ifm.dtype)
        ifm, bias, weights = self.ifm(ifm), self.bias(bias), self.weights(weights)
        zero = before.zero_point if self.ifm_zero_point is None else self.ifm_zero_point
        of_weights = filters.zero_points[0] if self.weights_zero_point is None else self.weights_zero_point
        padding = (zero if self.padding is None else self.padding) - zero
        scales = self.scales(filters.scales)
        for at in np.ndindex(ofm.shape):
            channel = at[-1]
            acc = int(bias[channel])
            for value, weight in self._taps(op, ifm, weights, at):
                acc += (padding if value is None else value - zero) * (weight - of_weights)
            scale = scales[channel if len(scales) > 1 else 0]
            fraction, shift = math.frexp(before.scale * scale / after.scale)
            scaled = self.scale(acc, round(fraction * (1 << 31)), shift)
            ofm[at] = self._byte(scaled, op, after, np.iinfo(ofm.dtype))
        return ofm

    def _taps(
        self, op: Op, ifm: np.ndarray, weights: np.ndarray, at: tuple[int, ...]
    ) -> Iterator[tuple[int | None, int]]:
        """What a window covers, None for padding, and the weights."""
        if op.kind is OpKind.FULLY_CONNECTED:
            yield from zip(ifm.reshape(-1).tolist(), weights[at[-1]].tolist(), strict=True)
            return
        a: Any = op.attrs
        _, y, x, channel = at
        size, (_, h, w, _) = weights.shape[1:3], ifm.shape
        top = self._before(a.padding, h, size[0] + (size[0] - 1) * (a.dilation_h - 1), a.stride_h)
        left = self._before(a.padding, w, size[1] + (size[1] - 1) * (a.dilation_w - 1), a.stride_w)
        depthwise = op.kind is OpKind.DEPTHWISE_CONV_2D
        for ky, kx in np.ndindex(*size):
            iy, ix = y * a.stride_h - top + ky * a.dilation_h, x * a.stride_w - left + kx * a.dilation_w
            inside = 0 <= iy < h and 0 <= ix < w
            for c in [channel // a.depth_multiplier] if depthwise else range(ifm.shape[3]):
                weight = weights[0, ky, kx, channel] if depthwise else weights[channel, ky, kx, c]
                yield (int(ifm[0, iy, ix, c]) if inside else None), int(weight)

    def _before(self, padding: Padding, side: int, size: int, stride: int) -> int:
        if padding is Padding.VALID:
            return 0
        missing = max(0, (-(-side // stride) - 1) * stride + size - side)
        return missing - missing // 2 if self.odd_row_first else missing // 2

    def _byte(self, scaled: int, op: Op, quant: QuantParams, ends: Any) -> int:
        attrs: Any = op.attrs
        activation = self.activation or attrs.activation
        value = scaled + (quant.zero_point if self.ofm_zero_point is None else self.ofm_zero_point)
        if self.wraps:
            return (value - ends.min) % 256 + ends.min
        low = ends.min if activation is Activation.NONE else max(ends.min, quant.zero_point)
        six = quant.zero_point + round(6 / quant.scale)
        high = min(ends.max, six) if activation is Activation.RELU6 else ends.max
        return min(max(value, low), high)
