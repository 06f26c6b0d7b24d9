"""Accuracy of an int8 model over a whole data set, by the simulator: what the chip's will be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from firmware_sim.program import prepare
from firmware_sim.run import InputError, run_batch
from graph.types import Graph, Tensor
from memory_planner.types import Plan
from pictures import PictureSet, Split, input_table

CHUNK = 512  # pictures held at once, in the model's input type


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Shares of `samples` test pictures; the float's are None where its predictions are not at hand."""

    samples: int
    int8_top1: float
    float_top1: float | None
    agreement: float | None


def picture_inputs(graph: Graph, split: Split, indices: np.ndarray) -> np.ndarray:
    """Pictures of `split` as the model takes them.

        ifm = input_table(scale, zero_point)[pixels]

    Shapes: -> (len(indices), RES, RES, 3) in the input's type.
    Raises: InputError for a model that does not take one square RGB picture of 8-bit integers.
    """
    tensor = _picture_input(graph)
    assert tensor.quant is not None
    table = input_table(tensor.quant.scale, tensor.quant.zero_point, tensor.dtype.numpy)
    return table[split.read(indices, tensor.shape[1])]


def _picture_input(graph: Graph) -> Tensor:
    tensors = [graph.tensors[i] for i in graph.inputs]
    match [(t.dtype.value, t.shape, t.quant is not None) for t in tensors]:
        case [("int8" | "uint8", (1, height, width, 3), True)] if height == width:
            return tensors[0]
    takes = ", ".join(f"{t.dtype.value} {list(t.shape)}" for t in tensors)
    raise InputError(f"the model takes {takes}; pictures go into one quantized int8 [1, RES, RES, 3]")


def predictions(graph: Graph, plan: Plan, split: Split) -> np.ndarray:
    """The most probable class of every picture of `split`; the first one on a tie.

    Shapes: -> (len(split),) int64.
    """
    program = prepare(graph, plan)
    chosen = np.empty(len(split), np.int64)
    with tqdm(total=len(split), desc="evaluate", unit="picture", disable=None) as bar:
        for first in range(0, len(split), CHUNK):
            indices = np.arange(first, min(first + CHUNK, len(split)))
            (scores, *_) = run_batch(program, picture_inputs(graph, split, indices), progress=False)
            chosen[indices] = scores.reshape(len(indices), -1).argmax(axis=1)
            bar.update(len(indices))
    return chosen


def evaluate(
    graph: Graph, plan: Plan, data: PictureSet, float_predictions: np.ndarray | None = None
) -> Accuracy:
    """Top-1 of the int8 model over the test split, the float's, and how often the two agree.

    Shapes: float_predictions (len(data.test),), class numbers in the order of the split.
    Raises: InputError where the predictions or the model's classes are not those of the data.
    """
    labels = data.test.labels
    classes = graph.tensors[graph.outputs[0]].elements
    if classes != len(data.classes):
        raise InputError(f"the model tells {classes} classes apart, {data.word} has {len(data.classes)}")
    if float_predictions is not None and float_predictions.shape != labels.shape:
        raise InputError(f"{len(float_predictions)} float predictions for {len(labels)} test pictures")
    ours = predictions(graph, plan, data.test)
    return Accuracy(
        samples=len(labels),
        int8_top1=_share(ours == labels),
        float_top1=None if float_predictions is None else _share(float_predictions == labels),
        agreement=None if float_predictions is None else _share(ours == float_predictions),
    )


def _share(hits: np.ndarray) -> float:
    return float(hits.mean())
