"""Accuracy of an int8 model over a whole data set, by the simulator: what the chip's will be."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from firmware_sim.run import InputError, Inputs, stacked
from graph.types import Graph, Tensor
from pictures import PictureSet, Split, input_table


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Shares of `samples` labelled samples; the float's are None where its predictions are not at hand."""

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


class Pictures:
    """The test pictures of a data set, as the model takes them."""

    def __init__(self, graph: Graph, data: PictureSet) -> None:
        self._graph, self._split = graph, data.test
        self.labels, self.name = data.test.labels, data.word
        classes = graph.tensors[graph.outputs[0]].elements
        if classes != len(data.classes):
            raise InputError(f"the model tells {classes} classes apart, {data.word} has {len(data.classes)}")
        self.sha256 = f"{data.sha256} {_picture_input(graph).shape[1]}"

    def __len__(self) -> int:
        return len(self._split)

    def inputs(self, indices: np.ndarray) -> tuple[np.ndarray, ...]:
        return (picture_inputs(self._graph, self._split, indices),)


class Arrays:
    """Samples that are in the model's own types already, stacked along the first axis, with their labels.

    Raises: InputError for another type or shape, or another number of labels.
    """

    def __init__(self, graph: Graph, ifm: Inputs, labels: np.ndarray, name: str) -> None:
        batched = [t for t in (graph.tensors[i] for i in graph.inputs) if t.shape[:1] != (1,)]
        if batched:
            raise InputError(
                f"the model takes {list(batched[0].shape)}; samples are told apart at a batch of 1"
            )
        self._columns = [a[:, 0] for a in stacked(graph, ifm)]
        self.labels, self.name = labels, name
        if labels.ndim != 1 or labels.dtype.kind not in "iu" or len(labels) != len(self):
            raise InputError(
                f"{len(self)} samples, but labels {labels.dtype} {list(labels.shape)}; give one number each"
            )
        self.sha256 = hashlib.sha256(b"".join(a.tobytes() for a in self._columns)).hexdigest()

    def __len__(self) -> int:
        return len(self._columns[0])

    def inputs(self, indices: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(a[indices] for a in self._columns)


def accuracy(chosen: np.ndarray, labels: np.ndarray, float_predictions: np.ndarray | None = None) -> Accuracy:
    """Top-1 of the int8 model's predictions, the float's, and how often the two agree.

    Shapes: each (samples,), class numbers in one order.
    Raises: InputError where there are more or fewer float predictions.

    >>> accuracy(np.array([0, 1, 1, 2]), np.array([0, 1, 2, 2]))
    Accuracy(samples=4, int8_top1=0.75, float_top1=None, agreement=None)
    """
    if float_predictions is not None and float_predictions.shape != labels.shape:
        raise InputError(f"{len(float_predictions)} float predictions for {len(labels)} test pictures")
    return Accuracy(
        samples=len(labels),
        int8_top1=_share(chosen == labels),
        float_top1=None if float_predictions is None else _share(float_predictions == labels),
        agreement=None if float_predictions is None else _share(chosen == float_predictions),
    )


def _share(hits: np.ndarray) -> float:
    return float(hits.mean())
