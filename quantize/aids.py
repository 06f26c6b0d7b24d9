"""A recipe carried out: from the converter's .tflite to the finished one."""

from __future__ import annotations

from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from graph import tflite
from graph.patch import with_values
from graph.types import Graph
from pictures import input_table
from quantize import bias_correction, float_net
from quantize.draft import Array, draft
from quantize.float_model import FloatModel
from quantize.recipe import Recipe


def apply(
    recipe: Recipe, plain: bytes, model: FloatModel, pixels: NDArray[np.uint8], stderr: TextIO | None = None
) -> bytes:
    """The finished model's bytes: those of `plain` where the recipe says nothing.

    Shapes: pixels (samples, RES, RES, 3), the calibration set.
    """
    if not recipe.bias_correction:
        return plain
    net = float_net.of_model(model)
    made = draft(tflite.read(plain), net.graph)
    means = mean_activations(net, model.pixels.real(pixels), stderr)
    made = bias_correction.corrected(made, int8_inputs(made.graph, model, pixels), means)
    return with_values(plain, made.graph)


def mean_activations(
    net: float_net.FloatNet, inputs: NDArray[np.float32], stderr: Any = None
) -> dict[int, Array]:
    """The mean of every float activation over pictures, by tensor, without its batch."""
    totals: dict[int, Array] = {}
    seen = net.activations(inputs)
    for one in tqdm(seen, total=len(inputs), desc="float", unit="picture", disable=None, file=stderr):
        for index, activation in one.items():
            if index in totals:
                totals[index] += activation[0]
            else:
                totals[index] = activation[0].astype(np.float64)
    return {index: total / len(inputs) for index, total in totals.items()}


def int8_inputs(graph: Graph, model: FloatModel, pixels: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Pictures as the int8 model takes them."""
    quant = graph.tensors[graph.inputs[0]].quant
    assert quant is not None
    table = input_table(quant.scale, quant.zero_point, np.int8, model.pixels)
    return table[pixels].astype(np.int8, copy=False)
