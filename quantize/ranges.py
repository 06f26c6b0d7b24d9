"""Scales and zero points of the activations of a draft, from what the float network's are like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from graph.op_kind import OpKind
from graph.types import DType, Graph, QuantParams, Tensor
from quantize.calibrators import CALIBRATORS, Range, percentile, quant_of
from quantize.draft import Array, Draft
from quantize.equalization import gained
from quantize.recipe import Recipe
from quantize.statistics import Statistics

# Operators whose kernels take any scales, as they are written at their inputs and outputs.
FREE = frozenset(
    {
        *(OpKind.CONV_2D, OpKind.DEPTHWISE_CONV_2D, OpKind.FULLY_CONNECTED, OpKind.QUANTIZE),
        *(OpKind.ADD, OpKind.SUB, OpKind.MUL, OpKind.MEAN, OpKind.RELU, OpKind.RELU6),
    }
)
# Operators that move or choose values: output and input have one scale.
TIED = frozenset(
    {
        *(OpKind.AVERAGE_POOL_2D, OpKind.MAX_POOL_2D, OpKind.PAD, OpKind.RESHAPE, OpKind.SQUEEZE),
        *(OpKind.EXPAND_DIMS, OpKind.TRANSPOSE, OpKind.STRIDED_SLICE),
    }
)
FIXED_OUTPUT = frozenset({OpKind.SOFTMAX, OpKind.LOGISTIC, OpKind.TANH})


def ranged(draft: Draft, seen: Statistics, recipe: Recipe) -> Draft:
    """The draft whose activations span what the recipe's calibrator says; those that must not move stay.

    With the calibrator `min-max`, activations whose channels were not scaled keep the converter's own.
    """
    edited: dict[int, Tensor] = {}
    for group in _groups(draft.graph):
        sources = [draft.pairs[i] for i in group if i in draft.pairs]
        moved = any(i in draft.gains for i in sources)
        if not sources or not (moved or recipe.calibrator != "min-max"):
            continue
        values = [gained(seen.kept[i].astype(np.float64), draft.gains, i).ravel() for i in sources]
        low, high = _chosen(recipe)(np.concatenate(values), _seen(draft, seen, sources))
        scale, zero_point = quant_of(low, high)
        for index in group:
            quant = QuantParams((scale,), (zero_point,))
            edited[index] = replace(draft.graph.tensors[index], quant=quant)
    return draft.with_tensors(edited)


def _chosen(recipe: Recipe) -> Callable[[Array, Range], Range]:
    if recipe.calibrator == "percentile":
        return lambda values, seen: percentile(values, seen, recipe.percentile)
    return CALIBRATORS[recipe.calibrator]


def _seen(draft: Draft, seen: Statistics, sources: list[int]) -> Range:
    lows = [gained(seen.lows[i], draft.gains, i).min() for i in sources]
    highs = [gained(seen.highs[i], draft.gains, i).max() for i in sources]
    return min(0.0, float(min(lows))), max(0.0, float(max(highs)))


def _groups(graph: Graph) -> list[list[int]]:
    """Activations that have one scale together, where every operator that touches them takes another."""
    leader = list(range(len(graph.tensors)))

    def find(index: int) -> int:
        while leader[index] != index:
            index = leader[index]
        return index

    fixed = set(graph.inputs)
    for op in graph.ops:
        touched = [i for i in (*op.inputs, *op.outputs) if i >= 0 and not graph.tensors[i].is_constant]
        if op.kind in TIED and graph.tensors[op.inputs[0]].quant == graph.tensors[op.outputs[0]].quant:
            leader[find(op.outputs[0])] = find(op.inputs[0])
        elif op.kind in FIXED_OUTPUT:
            fixed.update(op.outputs)
        elif op.kind not in FREE:
            fixed.update(touched)
    groups: dict[int, list[int]] = {}
    for index in sorted({i for op in graph.ops for i in op.outputs}):
        tensor = graph.tensors[index]
        if tensor.dtype is DType.INT8 and tensor.quant is not None:
            groups.setdefault(find(index), []).append(index)
    stuck = {find(i) for i in fixed}
    return [group for root, group in groups.items() if root not in stuck]
