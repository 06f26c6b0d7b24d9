"""The layers of a draft made int8 one after the other: each sees what the simulator makes of those before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from firmware_sim.by_operator import drop_unread, run_operator
from graph.types import Tensor
from quantize import rounding
from quantize.bias_correction import corrected, mean_sums
from quantize.draft import Draft, Layer, bias_tensor, by_channel, least_scales, scales_of, weights_tensor
from quantize.equalization import gained
from quantize.recipe import Recipe
from quantize.statistics import Statistics


def settled(draft: Draft, inputs: NDArray[np.int8], seen: Statistics, recipe: Recipe) -> Draft:
    """The draft with weights and biases as the recipe says, from its layers' float ones.

    Shapes: inputs (N, RES, RES, C) int8, the pictures that `seen` is of.
    """
    for each in draft.layers.values():
        draft = draft.with_tensors(_nearest(draft, each))
    if recipe.rounding == "nearest" and not recipe.bias_correction:
        return draft
    stacks: dict[int, np.ndarray] = {draft.graph.inputs[0]: inputs[:, None]}
    for op in draft.graph.ops:
        layer = draft.layers.get(op.index)
        if layer is not None:
            ifm = stacks[op.inputs[0]]
            if recipe.rounding == "compensated":
                draft = draft.with_tensors(_compensated(draft, layer, ifm, recipe.damping))
            if recipe.bias_correction and layer.has_bias:
                source = layer.float_op.inputs[0]
                mean = mean_sums(layer, gained(seen.means[source], draft.gains, source))
                draft = draft.with_tensors(corrected(draft, layer, ifm, mean))
        written, _ = run_operator(draft.graph, op, stacks)
        stacks |= written
        drop_unread(draft.graph, stacks, op)
    return draft


def _nearest(draft: Draft, layer: Layer) -> dict[int, Tensor]:
    """Weights and bias rounded to the nearest, as the converter does."""
    source, weights = (draft.graph.tensors[i] for i in layer.op.inputs[:2])
    assert source.quant is not None
    made = weights_tensor(weights, layer, least_scales(layer, layer.bias, source.quant.scale))
    if not layer.has_bias:
        return {made.index: made}
    bias = draft.graph.tensors[layer.op.inputs[2]]
    steps = source.quant.scale * scales_of(made, len(layer.bias))
    return {made.index: made, bias.index: bias_tensor(bias, layer.bias, steps)}


def _compensated(draft: Draft, layer: Layer, ifm: np.ndarray, damping: float) -> dict[int, Tensor]:
    """The same scales, other roundings; none where the layer has too many taps."""
    source, weights = (draft.graph.tensors[i] for i in layer.op.inputs[:2])
    assert source.quant is not None
    second = rounding.moments(layer.op, weights.shape, ifm, source.quant.zero_point)
    if second is None:
        return {}
    steps = by_channel(scales_of(weights, len(layer.bias)), layer.op)
    data = rounding.compensated(layer.op, layer.weights, steps, second, damping)
    return {weights.index: replace(weights, data=data)}
