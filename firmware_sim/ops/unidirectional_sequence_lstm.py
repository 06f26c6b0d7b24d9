"""UNIDIRECTIONAL_SEQUENCE_LSTM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from firmware_sim import fixed_point as fp
from firmware_sim.numerics import Numerics
from firmware_sim.ops import gates
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.requantization import limits
from graph.attrs import Activation, UnidirectionalSequenceLstmAttrs
from graph.types import DType, Tensor

# Positions of the inputs, by gate: weights of the input, weights of the hidden state, bias.
INPUT, FORGET, CELL, OUTPUT = ((1, 5, 12), (2, 6, 13), (3, 7, 14), (4, 8, 15))
LEFT_OUT = (*range(9, 12), 16, 17, *range(20, 24))
HIDDEN_STATE, CELL_STATE, MOST_INPUTS = 18, 19, 24

BIAS_OF = {DType.INT8: DType.INT32, DType.INT16: DType.INT64}
GATE_LOG2 = -12  # sums of products are Q3.12
ONE_LOG2 = -15  # what sigmoid and tanh give is Q0.15


def plain(operands: Operands) -> Kernel:
    """The LSTM cell, once for each time step, of int8 or int16 with int8 weights and an int16 cell state:

        gate(x, h) = sat16(fc(x, W, b) + fc(h, R, 0))                  # each in Q3.12, int16
        i, f, o    = sigmoid(gate_i), sigmoid(gate_f), sigmoid(gate_o)  # Q0.15
        cell       = clip(sat16(scale(f * cell) + scale(i * tanh(gate_c))))
        hidden     = scale(tanh(cell) * o) + hidden.zero_point

    When an inference begins the hidden state is at its zero point and the cell state at 0. The output
    holds every step's hidden state.

    Shapes: x (batch, time, K), or (time, batch, K) by `time_major`; W (C,K), R (C,C), b (C,);
        states (batch, C).
    Overflow: sums of products wrap at 32 bits (of int16, 64, scaled by 15 bits of the multiplier).
    Source: TFLite Micro lstm_eval.h LstmStep, lstm_eval_common.cc.
    """
    attrs = operands.attrs(UnidirectionalSequenceLstmAttrs)
    operands.need(
        operands.numerics is Numerics.TFLM,
        "TFLite computes its gates by a rule that is not known here; use --numerics tflm",
    )
    cell = _Cell.of(operands, attrs)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        x, hidden, state = inputs[0], inputs[HIDDEN_STATE], inputs[CELL_STATE]
        assert x is not None and hidden is not None and state is not None
        steps = (x, outputs[0]) if attrs.time_major else (x.swapaxes(0, 1), outputs[0].swapaxes(0, 1))
        h, c = (a.reshape(steps[0].shape[1], -1) for a in (hidden, state))
        saturated = 0
        for before, after in zip(*steps, strict=True):
            saturated += cell.step(before, h, c)
            after[...] = h
        return saturated

    return kernel


@dataclass(frozen=True, slots=True, eq=False)
class _Product:
    """fc(x, W, b): accumulators scaled to Q3.12 and cut off at int16's ends."""

    weights: np.ndarray
    bias: np.ndarray
    zero_point: int
    multiplier: int
    shift: int
    is_wide: bool

    @classmethod
    def of(cls, operands: Operands, x: Tensor, position: int, bias_at: int | None, channels: int) -> _Product:
        values = operands.constant(position, (DType.INT8,), "weights")
        weights = operands.input(position, (DType.INT8,))
        quant = operands.quant(weights)
        operands.need(quant.zero_point == 0, "its weights have a zero point")
        bias = np.zeros(channels, np.int64)
        if bias_at is not None:
            bias = operands.constant(bias_at, (BIAS_OF[x.dtype],), "bias").astype(np.int64)
        operands.need(
            weights.shape == (channels, x.shape[-1]) and bias.shape == (channels,),
            f"weights {position} have the shape {list(weights.shape)}",
        )
        before = operands.quant(x)
        real = before.scale * quant.scale / 2.0**GATE_LOG2
        return cls(
            values.astype(np.int64),
            bias,
            before.zero_point,
            *fp.quantize_multiplier(real),
            x.dtype is DType.INT16,
        )

    def values(self, x: np.ndarray) -> np.ndarray:
        acc = (x.astype(np.int64) - self.zero_point) @ self.weights.T + self.bias
        if self.is_wide:
            return _sat16(fp.multiply_wide_by_quantized_multiplier(acc, self.multiplier, self.shift))
        return _sat16(fp.multiply_by_quantized_multiplier(fp.wrap_int32(acc), self.multiplier, self.shift))


@dataclass(frozen=True, slots=True, eq=False)
class _Cell:
    """One step of the cell; changes the states that it is given."""

    products: tuple[tuple[_Product, _Product], ...]  # in the order of INPUT, FORGET, CELL, OUTPUT
    kept: tuple[int, int]
    learned: tuple[int, int]
    shown: tuple[int, int]
    hidden_zero_point: int
    dtype: DType
    cell_log2: int
    clip: int | None

    @classmethod
    def of(cls, operands: Operands, attrs: UnidirectionalSequenceLstmAttrs) -> _Cell:
        x, hidden, state = _checked(operands, attrs)
        channels = state.shape[-1]
        products = tuple(
            (
                _Product.of(operands, x, of_input, of_bias, channels),
                _Product.of(operands, hidden, of_state, None, channels),
            )
            for of_input, of_state, of_bias in (INPUT, FORGET, CELL, OUTPUT)
        )
        one, scale = 2.0**ONE_LOG2, operands.quant(state).scale
        after = operands.quant(hidden)
        return cls(
            products=products,
            kept=fp.quantize_multiplier(one * scale / scale),
            learned=fp.quantize_multiplier(one * one / scale),
            shown=fp.quantize_multiplier(one * one / after.scale),
            hidden_zero_point=after.zero_point,
            dtype=hidden.dtype,
            cell_log2=fp.rounded_log2(scale)[0],
            clip=int(min(attrs.cell_clip / scale, 32767.0)) if attrs.cell_clip > 0 else None,
        )

    def step(self, x: np.ndarray, hidden: np.ndarray, state: np.ndarray) -> int:
        gate = [_sat16(of_input.values(x) + of_state.values(hidden)) for of_input, of_state in self.products]
        admit, keep, show = (gates.logistic(gate[i], 3, 0) for i in (0, 1, 3))
        learned = _sat16(
            fp.multiply_by_quantized_multiplier(admit * gates.tanh(gate[2], 3, 0), *self.learned)
        )
        kept = _sat16(fp.multiply_by_quantized_multiplier(keep * state.astype(np.int64), *self.kept))
        cell = _sat16(kept + learned)
        if self.clip is not None:
            cell = np.clip(cell, -self.clip, self.clip)
        state[...] = cell
        product = self._tanh(cell) * show
        shown = fp.multiply_by_quantized_multiplier(product, *self.shown) + self.hidden_zero_point
        low, high = limits(self.dtype)
        hidden[...] = np.clip(shown, low, high)
        return int(np.count_nonzero((shown < low) | (shown > high)))

    def _tanh(self, cell: np.ndarray) -> np.ndarray:
        left = self.cell_log2 - GATE_LOG2
        return gates.tanh(cell, 3 << max(left, 0), max(-left, 0))


def _sat16(values: np.ndarray) -> np.ndarray:
    return np.clip(values, *limits(DType.INT16))


def _checked(operands: Operands, attrs: UnidirectionalSequenceLstmAttrs) -> tuple[Tensor, Tensor, Tensor]:
    """The input and both states."""
    operands.need(attrs.activation is Activation.TANH, f"its activation {attrs.activation.value} is not TANH")
    operands.need(len(operands.inputs) == MOST_INPUTS, f"{len(operands.inputs)} inputs, not {MOST_INPUTS}")
    variant = any(operands.inputs[i] is not None for i in LEFT_OUT)
    operands.need(not variant, "peepholes, projection and layer normalization, which tflite-micro leaves out")
    x = operands.input(0, tuple(BIAS_OF))
    hidden = operands.input(HIDDEN_STATE, (x.dtype,), "hidden state")
    state = operands.input(CELL_STATE, (DType.INT16,), "cell state")
    operands.output((x.dtype,))
    operands.need(hidden.is_variable and state.is_variable, "its states are no variables")
    batch = x.shape[1 if attrs.time_major else 0]
    channels = state.shape[-1]
    operands.need(
        hidden.shape == state.shape == (batch, channels), "its states' shapes are not (batch, channels)"
    )
    operands.need_shape((*x.shape[:2], channels))
    return x, hidden, state
