"""SVDF: a dense layer of low rank over what the last inferences gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from firmware_sim.fixed_point import multiply_by_quantized_multiplier, quantize_multiplier, wrap_int32
from firmware_sim.numerics import Numerics
from firmware_sim.ops.kernel import Kernel, Operands, Workspace
from firmware_sim.requantization import Clamp, clamped, limits
from graph.attrs import Activation, SvdfAttrs
from graph.types import DType, Tensor

FEATURES, TIME, BIAS, STATE = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class _Sizes:
    """F filters of M remembered values each; `rank` filters add up to one unit."""

    batch: int
    filters: int
    memory: int
    rank: int

    @classmethod
    def of(cls, operands: Operands, ifm: Tensor) -> _Sizes:
        rank = operands.attrs(SvdfAttrs).rank
        features, time = (operands.input(i, tuple(DType), "weights") for i in (FEATURES, TIME))
        state = operands.input(STATE, tuple(DType), "state")
        flat = len(ifm.shape) == len(features.shape) == len(time.shape) == 2
        operands.need(flat, "its input and weights are no matrices")
        sizes = cls(batch=ifm.shape[0], filters=time.shape[0], memory=time.shape[1], rank=rank)
        operands.need(rank > 0 and sizes.filters % rank == 0, f"{sizes.filters} filters of rank {rank}")
        operands.need(
            features.shape == (sizes.filters, ifm.shape[1]), "its weights fit neither each other nor input"
        )
        held = (sizes.batch, sizes.filters * sizes.memory)
        operands.need(state.is_variable and state.shape == held, f"its state is no variable of {list(held)}")
        operands.need_shape((sizes.batch, sizes.filters // rank))
        bias = operands.optional(BIAS)
        operands.need(bias is None or bias.shape == (sizes.filters // rank,), "its bias fits no units")
        return sizes

    def advance(self, state: np.ndarray) -> np.ndarray:
        """The state as (B,F,M), every value one step older; the newest, [..., -1], is to be written."""
        state.reshape(-1)[:-1] = state.reshape(-1)[1:].copy()
        return state.reshape(self.batch, self.filters, self.memory)


def plain(operands: Operands) -> Kernel:
    """Older values move up by one; then, with f over filters, m over memory, u over units, r over ranks:

        state[b,f,-1] = clamp(scale_1(sum((ifm[b] - ifm.zero_point) * features[f]))) + state.zero_point
        filtered[b,f] = sum((state[b,f,m] - state.zero_point) * time[f,m] for m)
        ofm[b,u]      = clamp(scale_2(bias[u] + sum(filtered[b,u*rank+r] for r)) + ofm.zero_point)
        scale_1 = ifm.scale * features.scale / state.scale                    # both in float32, in this order
        scale_2 = state.scale * time.scale / ofm.scale

    The fused activation of an integer layer is what the output's zero point makes of it; no runtime applies
    it. LiteRT takes RELU alone, int16 state alone, and its zero point for 0.

    Shapes: ifm (B,I), features (F,I), time (F,M), bias (F/rank,), state (B,F*M), ofm (B,F/rank).
    Overflow: int32, wrapping as the register does.
    Source: TFLite Micro svdf_common.cc; TFLite svdf.cc, reference/svdf.h.
    """
    ifm = operands.input(0, (DType.INT8, DType.FLOAT32))
    operands.output((ifm.dtype,))
    return _of_floats(operands, ifm) if ifm.dtype is DType.FLOAT32 else _of_integers(operands, ifm)


def _of_integers(operands: Operands, ifm: Tensor) -> Kernel:
    tflm = operands.numerics is Numerics.TFLM
    sizes, activation = _Sizes.of(operands, ifm), operands.attrs(SvdfAttrs).activation
    features = operands.input(FEATURES, (DType.INT8,), "weights")
    state = operands.input(STATE, (DType.INT16, DType.INT8) if tflm else (DType.INT16,), "state")
    time = operands.input(TIME, (state.dtype,), "weights")
    ofm, dtype = operands.outputs[0], state.dtype
    before, kept, after = operands.quant(ifm), operands.quant(state), operands.quant(ofm)
    wanted = np.float32(kept.scale) * np.float32(operands.quant(time).scale)
    if operands.optional(BIAS) is not None:
        bias = operands.input(BIAS, (DType.INT32,), "bias")
        fits = not tflm or abs(float(operands.quant(bias).scale) - float(wanted)) < 1e-5
        operands.need(fits, "its bias has another scale than state * time weights")
    operands.need(tflm or activation is Activation.RELU, f"the fused activation {activation.value}, not RELU")
    operands.need(not tflm or operands.optional(BIAS) is not None, "its bias is missing, which TFLM reads")
    product = np.float32(before.scale) * np.float32(operands.quant(features).scale)
    first = quantize_multiplier(float(product / np.float32(kept.scale)))
    second = quantize_multiplier(float(wanted / np.float32(after.scale)))
    zero_point = kept.zero_point if tflm else 0
    held = Clamp(*limits(dtype), saturates_low=True, saturates_high=True)
    clamp = Clamp(*limits(DType.INT8), saturates_low=activation is Activation.NONE, saturates_high=True)

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        x, weights, times, bias, memory = inputs
        assert x is not None and weights is not None and times is not None and memory is not None
        remembered = sizes.advance(memory)
        acc = wrap_int32((x.astype(np.int64) - before.zero_point) @ weights.T.astype(np.int64))
        newest, cut = held.apply(multiply_by_quantized_multiplier(acc, *first), dtype)
        remembered[..., -1] = (newest.astype(np.int64) + zero_point).astype(dtype.numpy)
        filtered = np.sum((remembered.astype(np.int64) - zero_point) * times, axis=2)
        units = filtered.reshape(sizes.batch, -1, sizes.rank).sum(axis=2)
        units = wrap_int32(units + (0 if bias is None else bias))
        scaled = multiply_by_quantized_multiplier(units, *second) + after.zero_point
        outputs[0][...], saturated = clamp.apply(scaled, DType.INT8)
        return cut + saturated

    return kernel


def _of_floats(operands: Operands, ifm: Tensor) -> Kernel:
    """float32; TFLM begins a unit's sum with the bias, LiteRT ends it so and multiplies in four lanes."""
    tflm = operands.numerics is Numerics.TFLM
    sizes, activation = _Sizes.of(operands, ifm), operands.attrs(SvdfAttrs).activation
    for position in (FEATURES, TIME, STATE):
        operands.input(position, (DType.FLOAT32,), "weights")
    operands.activation(activation)
    operands.need(not tflm or operands.optional(BIAS) is not None, "its bias is missing, which TFLM reads")
    if operands.optional(BIAS) is not None:
        operands.input(BIAS, (DType.FLOAT32,), "bias")
    dot = running_sum if tflm else sum_in_lanes

    def kernel(inputs: Sequence[np.ndarray | None], outputs: Sequence[np.ndarray], _: Workspace) -> int:
        x, weights, times, bias, memory = inputs
        assert x is not None and weights is not None and times is not None and memory is not None
        remembered = sizes.advance(memory)
        remembered[..., -1] = dot(x[:, None, :] * weights)
        parts = dot(remembered * times).reshape(sizes.batch, -1, sizes.rank)
        start = np.zeros(parts.shape[1], np.float32) if bias is None else bias
        units = running_sum(parts, start) if tflm else dot(parts) + start
        outputs[0][...] = clamped(units, activation)
        return 0

    return kernel


def running_sum(terms: np.ndarray, start: np.ndarray | float = 0) -> np.ndarray:
    """float32 added one after the other along the last axis, to `start`."""
    total = np.zeros(terms.shape[:-1], np.float32) + np.float32(start)
    for i in range(terms.shape[-1]):
        total += terms[..., i]
    return total


def sum_in_lanes(terms: np.ndarray) -> np.ndarray:
    """float32 summed as four lanes of every fourth term, lane after lane, then what is left over.

    >>> running_sum(np.array([2**24, 1, 1, 1, 0, 0, 0, 1], np.float32)).item()
    16777216.0
    >>> sum_in_lanes(np.array([2**24, 1, 1, 1, 0, 0, 0, 1], np.float32)).item()
    16777218.0

    Source: TFLite optimized/neon_tensor_utils.cc NeonVectorVectorDotProduct, which x86-64 runs in SSE.
    """
    whole = terms.shape[-1] // 4 * 4
    lanes = [running_sum(terms[..., lane:whole:4]) for lane in range(4)]
    return running_sum(terms[..., whole:], running_sum(np.stack(lanes, axis=-1)))
