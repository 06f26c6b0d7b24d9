"""How near an int8 graph is to the float network, on pictures that it was not calibrated on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from firmware_sim.by_operator import Stacks, drop_unread, run_operator
from graph.op_kind import OpKind
from graph.types import Graph, Tensor
from quantize.float_net import FloatNet

Array = NDArray[np.float64]

NO_NOISE_DB = 200.0  # what stands for no difference at all, so that JSON can hold it


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Pictures, and what the float network says of them.

    Shapes: pixels (N, RES, RES, 3); labels (N,), class numbers of the model; chosen (N,), float's classes;
    scores (N, classes), before the softmax where there is one.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    chosen: NDArray[np.int64]
    scores: Array


@dataclass(frozen=True, slots=True)
class Nearness:
    """`divergence` is the mean KL divergence of the classes' probabilities, `sqnr_db` that of the scores.

    Agreement and top-1 are shares of the pictures; the divergence tells recipes apart where those are equal.
    """

    agreement: float
    top1: float
    float_top1: float
    divergence: float
    sqnr_db: float


def score_tensor(graph: Graph) -> int:
    """What the last softmax reads, or else the output."""
    (output,) = graph.outputs
    last = graph.producer(output)
    return last.inputs[0] if last is not None and last.kind is OpKind.SOFTMAX else output


def hold(
    net: FloatNet,
    pixels: NDArray[np.uint8],
    inputs: NDArray[np.float32],
    labels: NDArray[np.int64],
    stderr: Any = None,
) -> Held:
    """Run the float network; `inputs` are the pixels as it takes them."""
    score, output = score_tensor(net.graph), net.graph.outputs[0]
    seen = net.activations(inputs, (score, output))
    rows = [
        (one[score].ravel().astype(np.float64), int(one[output].argmax()))
        for one in tqdm(seen, total=len(inputs), desc="float", unit="picture", disable=None, file=stderr)
    ]
    return Held(pixels, labels, np.array([c for _, c in rows], np.int64), np.array([s for s, _ in rows]))


def nearness(graph: Graph, ifm: NDArray[np.int8], held: Held) -> Nearness:
    """Run the int8 graph, bit for bit, and compare.

    Shapes: ifm (N, RES, RES, 3), the held pictures as the graph takes them.
    """
    score, output = score_tensor(graph), graph.outputs[0]
    stacks: Stacks = {graph.inputs[0]: ifm[:, None]}
    scores: Array | None = None
    for op in graph.ops:
        written, _ = run_operator(graph, op, stacks)
        stacks |= written
        if score in written:
            scores = real(graph.tensors[score], written[score]).reshape(len(ifm), -1)
        drop_unread(graph, stacks, op)
    assert scores is not None
    return compared(scores, stacks[output].reshape(len(ifm), -1).argmax(axis=1), held)


def compared(scores: Array, chosen: NDArray[np.int64], held: Held) -> Nearness:
    """Scores and classes of the held pictures against the float network's."""
    return Nearness(
        agreement=float((chosen == held.chosen).mean()),
        top1=float((chosen == held.labels).mean()),
        float_top1=float((held.chosen == held.labels).mean()),
        divergence=_divergence(held.scores, scores),
        sqnr_db=sqnr_db(held.scores, scores),
    )


def real(tensor: Tensor, values: NDArray[np.generic]) -> Array:
    """Quantized values as real numbers."""
    assert tensor.quant is not None
    return tensor.quant.scale * (values.astype(np.float64) - tensor.quant.zero_point)


def sqnr_db(wanted: NDArray[Any], got: NDArray[Any]) -> float:
    """Signal to noise: 10 log10 of the mean square of what is wanted over that of the difference.

    >>> round(sqnr_db(np.array([3.0, 4.0]), np.array([3.0, 4.05])), 6)
    40.0
    """
    wide = wanted.astype(np.float64)
    noise = float(((wide - got) ** 2).sum())
    signal = float((wide**2).sum())
    if noise == 0:
        return NO_NOISE_DB
    return float(np.clip(10 * np.log10(max(signal, 1e-300) / noise), -NO_NOISE_DB, NO_NOISE_DB))


def _divergence(wanted: Array, got: Array) -> float:
    of_wanted, of_got = _log_softmax(wanted), _log_softmax(got)
    return float((np.exp(of_wanted) * (of_wanted - of_got)).sum(axis=1).mean())


def _log_softmax(scores: Array) -> Array:
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
