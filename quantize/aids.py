"""A recipe carried out on a draft of the converter's model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph.op_kind import OpKind
from graph.types import Graph
from pictures import input_table
from quantize.draft import WEIGHTED, Draft
from quantize.equalization import equalized
from quantize.float_model import FloatModel
from quantize.layers import settled
from quantize.ranges import ranged
from quantize.recipe import Recipe
from quantize.statistics import Statistics

INTO = {
    "none": frozenset[OpKind](),
    "depthwise": frozenset({OpKind.DEPTHWISE_CONV_2D}),
    "all": WEIGHTED,
}


def carried_out(
    recipe: Recipe, made: Draft, seen: Statistics, model: FloatModel, pixels: NDArray[np.uint8]
) -> Draft:
    """The draft after every aid that is on: channels, ranges, then layer by layer weights and biases."""
    made = equalized(made, seen, INTO[recipe.equalization], recipe.equalization_limit)
    made = ranged(made, seen, recipe)
    return settled(made, int8_inputs(made.graph, model, pixels), seen, recipe)


def int8_inputs(graph: Graph, model: FloatModel, pixels: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Pictures as the int8 model takes them."""
    quant = graph.tensors[graph.inputs[0]].quant
    assert quant is not None
    table = input_table(quant.scale, quant.zero_point, np.int8, model.pixels)
    return table[pixels].astype(np.int8, copy=False)
