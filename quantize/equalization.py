"""Channels of an activation brought to one range: multiplied by the layer before, divided by the layer after.

ReLU, max, mean and zero padding let a positive factor of a channel pass, so the network computes what it did.
ReLU6 lets it pass up to 6: a channel may only grow, and no further than to where its largest value meets 6.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from graph.attrs import Activation
from graph.op_kind import OpKind
from graph.types import Graph, Op
from quantize.draft import Array, Draft, Layer, by_channel
from quantize.statistics import Statistics

PASSING = frozenset(
    {OpKind.MEAN, OpKind.AVERAGE_POOL_2D, OpKind.MAX_POOL_2D, OpKind.PAD, OpKind.RESHAPE, OpKind.SQUEEZE}
)
SWEEPS = 5  # a layer after shares its inputs' channels; the factors settle in a few rounds
SMALLEST = 2.0**-24


@dataclass(frozen=True, slots=True)
class Chain:
    """A layer, what lets factors pass, and the layer that reads it all: operators of the int8 graph."""

    before: int
    passing: tuple[Op, ...]
    after: int


def chains(draft: Draft) -> Iterator[Chain]:
    """The places where channels can be scaled: one reader at each step, and no border between."""
    graph = draft.graph
    for index in sorted(draft.layers):
        op, passing = graph.ops[index], list[Op]()
        if op.kind is OpKind.FULLY_CONNECTED or _activation(op) not in (
            Activation.NONE,
            Activation.RELU,
            Activation.RELU6,
        ):
            continue
        while (reader := _only_reader(graph, op)) is not None:
            if reader.index in draft.layers and reader.inputs[0] == op.outputs[0]:
                yield Chain(index, tuple(passing), reader.index)
                break
            if not _passes(graph, reader):
                break
            passing.append(reader)
            op = reader


def equalized(draft: Draft, seen: Statistics, into: frozenset[OpKind], limit: float) -> Draft:
    """The draft with scaled layers, and `gains`: what each float activation is multiplied with, by channel.

    Before a depthwise layer, which has a scale for each channel, every channel is brought to the widest one's
    range. Before another layer, small activations meet large weights half way.

        depthwise:  factor = widest / own range
        else:       factor = sqrt(own weights' range / own range), weights in units of their output channel's

    No factor is larger than `limit`; `into` says which layers after are taken.
    """
    for chain in chains(draft):
        after = draft.layers[chain.after]
        if after.op.kind not in into:
            continue
        factors = _factors(draft, chain, seen, limit)
        if factors is None or np.allclose(factors, 1):
            continue
        draft = scaled(draft, chain, factors)
    return draft


def scaled(draft: Draft, chain: Chain, factors: Array) -> Draft:
    """The draft in which the channels between two layers are multiplied with `factors`.

    Shapes: factors (C,).
    """
    before, after = draft.layers[chain.before], draft.layers[chain.after]
    layers, gains = dict(draft.layers), dict(draft.gains)
    layers[chain.before] = _output_scaled(before, factors)
    layers[chain.after] = _input_scaled(after, factors)
    for op in (before.op, *chain.passing):
        index = draft.pairs[op.outputs[0]]
        gains[index] = gains.get(index, 1.0) * factors
    return replace(draft, layers=layers, gains=gains)


def _factors(draft: Draft, chain: Chain, seen: Statistics, limit: float) -> Array | None:
    before, after = draft.layers[chain.before], draft.layers[chain.after]
    source = draft.pairs.get(before.op.outputs[0])
    if source is None or any(op.outputs[0] not in draft.pairs for op in chain.passing):
        return None
    own = np.maximum(np.abs(seen.lows[source]), np.abs(seen.highs[source]))
    if len(own) != len(before.bias) or _input_channels(after) != len(own):
        return None
    alive = own > own.max() * SMALLEST
    own = np.where(alive, own, 1.0)
    capped = _activation(before.op) is Activation.RELU6
    top = 6.0 if capped else float(own[alive].max(initial=SMALLEST))
    factors: Array = top / own
    if after.op.kind is not OpKind.DEPTHWISE_CONV_2D:
        factors = _half_way(after, own)
        if capped:
            factors = np.minimum(factors, top / own)
        else:
            factors = factors / (factors * own)[alive].max(initial=SMALLEST) * top
    least = 1.0 if capped else 1 / limit
    return np.where(alive, np.clip(factors, least, limit), 1.0)


def _half_way(after: Layer, own: Array) -> Array:
    """Factors that make activations and weights of an input channel equally wide, in their layer's units."""
    over = tuple(range(1, after.weights.ndim))
    weights, factors = np.abs(after.weights), np.ones(len(own))
    for _ in range(SWEEPS):
        scaled = weights / factors
        rows = np.maximum(scaled.max(axis=over, keepdims=True), SMALLEST)
        reach = np.maximum((scaled / rows).max(axis=over[:-1]).max(axis=0), SMALLEST)
        factors = factors * np.sqrt(reach / (factors * own) * np.median(factors * own))
    return factors


def _output_scaled(layer: Layer, factors: Array) -> Layer:
    weights = layer.weights * by_channel(factors, layer.op)
    return replace(layer, weights=weights, bias=layer.bias * factors)


def _input_scaled(layer: Layer, factors: Array) -> Layer:
    if layer.op.kind is OpKind.DEPTHWISE_CONV_2D:
        factors = np.repeat(factors, layer.weights.shape[3] // len(factors))
    return replace(layer, weights=layer.weights / factors)


def _input_channels(layer: Layer) -> int:
    if layer.op.kind is OpKind.DEPTHWISE_CONV_2D:
        multiplier = getattr(layer.op.attrs, "depth_multiplier", 1) or 1
        return layer.weights.shape[3] // multiplier
    return layer.weights.shape[-1]


def _activation(op: Op) -> Activation | None:
    return getattr(op.attrs, "activation", Activation.NONE)


def _only_reader(graph: Graph, op: Op) -> Op | None:
    (index,) = op.outputs
    readers = [other for other in graph.ops if index in other.inputs]
    return readers[0] if len(readers) == 1 and index not in graph.outputs else None


def _passes(graph: Graph, op: Op) -> bool:
    """Whether each output channel is made of the input channel of its number alone, whatever its factor."""
    source, target = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    if op.kind not in PASSING or _activation(op) is not Activation.NONE:
        return False
    if not source.shape or not target.shape or source.shape[-1] != target.shape[-1]:
        return False
    if op.kind is OpKind.PAD:
        pads: NDArray[np.generic] | None = graph.tensors[op.inputs[1]].data
        return pads is not None and not np.any(pads[-1])
    if op.kind is OpKind.MEAN:
        axes = graph.tensors[op.inputs[1]].data
        rank = len(source.shape)
        return axes is not None and all(int(axis) % rank != rank - 1 for axis in np.ravel(axes))
    return True


def gained(values: Array, gains: Mapping[int, Array], index: int) -> Array:
    """A float activation, or its mean or range, as the scaled network has it.

    Shapes: values (..., C).
    """
    return values * gains[index] if index in gains else values
