"""What int8 costs and where: noise of each layer, and what comes back when one is left in float."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from firmware_sim.by_operator import Stacks, drop_unread, run_operator
from graph.attrs import Activation
from graph.op_kind import OpKind
from graph.types import Graph, Tensor
from pictures import PictureSet
from quantize.draft import Array, Draft, Layer, by_channel, scales_of
from quantize.equalization import chains, scaled
from quantize.measure import Held, Nearness, compared, real, score_tensor, sqnr_db

CLAMPS = {Activation.NONE: (None, None), Activation.RELU: (0.0, None), Activation.RELU6: (0.0, 6.0)}


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """Pictures to look at: `pixels`, class folders' numbers, and which part of the data they are."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    part: str


def shown(data: PictureSet, model: Path, res_px: int, samples: int) -> Shown:
    """The test pictures of the data that the model was calibrated on; of other data without splits, all."""
    beside = model.with_name("calibration.json")
    known = json.loads(beside.read_text()).get("data_sha256") if beside.is_file() else None
    parts = [data.test]
    if data.parted and known != data.sha256:
        parts.insert(0, data.train)
    chosen = [np.arange(len(part)) for part in parts]
    labels = np.concatenate([part.labels for part in parts])
    pixels = np.concatenate([p.read(c, res_px) for p, c in zip(parts, chosen, strict=True)])
    kept = np.unique(np.linspace(0, len(labels) - 1, min(samples, len(labels))).astype(int))
    return Shown(pixels[kept], labels[kept], "test" if len(parts) == 1 else "all")


def layer_noise(draft: Draft, ifm: NDArray[np.int8], floats: list[dict[int, Any]]) -> list[dict[str, Any]]:
    """For each operator that has its like in float: how its output and its weights differ.

    Where the recipe scaled channels (`gains`), the float activation is scaled too.

    Shapes: ifm (N, RES, RES, C), the pictures that `floats` holds every activation of.
    """
    graph, found = draft.graph, list[dict[str, Any]]()
    stacks: Stacks = {graph.inputs[0]: ifm[:, None]}
    for op in graph.ops:
        written, saturated = run_operator(graph, op, stacks)
        stacks |= written
        index = op.outputs[0]
        if index in draft.pairs:
            tensor = graph.tensors[index]
            source = draft.pairs[index]
            wanted = np.stack([one[source] for one in floats]).astype(np.float64)
            wanted = wanted * draft.gains.get(source, 1.0)
            row = {"op": op.index, "kind": op.kind.value, "tensor": index, "name": tensor.name}
            row |= _noise(tensor, written[index], wanted) | {"saturated": saturated}
            found.append(row | {"weights": _weights_noise(draft, op.index)})
        drop_unread(graph, stacks, op)
    return found


def _noise(tensor: Tensor, values: np.ndarray, wanted: Array) -> dict[str, Any]:
    got = real(tensor, values)
    limits = np.iinfo(tensor.dtype.numpy)
    norms = float(np.linalg.norm(got) * np.linalg.norm(wanted))
    return {
        "sqnr_db": sqnr_db(wanted, got),
        "cosine": float((got * wanted).sum() / norms) if norms else 1.0,
        "mean_bias": float((got - wanted).mean()),
        "at_limits": int(((values == limits.min) | (values == limits.max)).sum()),
        "range_used": (int(values.max()) - int(values.min())) / (limits.max - limits.min),
    }


def _weights_noise(draft: Draft, index: int) -> dict[str, Any] | None:
    layer = draft.layers.get(index)
    if layer is None:
        return None
    tensor = draft.graph.tensors[layer.op.inputs[1]]
    assert tensor.data is not None
    got = tensor.data * by_channel(scales_of(tensor, len(layer.bias)), layer.op)
    return {
        "sqnr_db": sqnr_db(layer.weights, got),
        "mean_bias": float((got - layer.weights).mean()),
        "at_limits": int((np.abs(tensor.data.astype(int)) == 127).sum()),
        "range_used": (int(tensor.data.max()) - int(tensor.data.min())) / 254,
    }


def left_in_float(draft: Draft, ifm: NDArray[np.int8], held: Held) -> tuple[Nearness, dict[int, Nearness]]:
    """The int8 graph, and for each layer the graph in which that one alone computes in float.

    Such a layer has float weights, bias and sums; what it takes and gives is int8, as its neighbours need.
    """
    graph, found = draft.graph, dict[int, Nearness]()
    stacks: Stacks = {graph.inputs[0]: ifm[:, None]}
    scores: Array = np.zeros(0)
    for op in graph.ops:
        layer = draft.layers.get(op.index)
        if layer is not None:
            changed = _in_float(graph, layer, stacks[op.inputs[0]])
            found[op.index] = _finished(graph, op.index, stacks | {op.outputs[0]: changed}, held)
        written, _ = run_operator(graph, op, stacks)
        stacks |= written
        if score_tensor(graph) in written:
            scores = _scores(graph, written)
        drop_unread(graph, stacks, op)
    return compared(scores, _classes(graph, stacks), held), found


def _finished(graph: Graph, after: int, stacks: Stacks, held: Held) -> Nearness:
    score = score_tensor(graph)
    scores = _scores(graph, stacks) if score in stacks else np.zeros(0)
    for op in graph.ops[after + 1 :]:
        written, _ = run_operator(graph, op, stacks)
        stacks = stacks | written
        if score in written:
            scores = _scores(graph, written)
        drop_unread(graph, stacks, op)
    return compared(scores, _classes(graph, stacks), held)


def _scores(graph: Graph, stacks: Mapping[int, np.ndarray]) -> Array:
    index = score_tensor(graph)
    return real(graph.tensors[index], stacks[index]).reshape(len(stacks[index]), -1)


def _classes(graph: Graph, stacks: Mapping[int, np.ndarray]) -> NDArray[np.int64]:
    out = stacks[graph.outputs[0]]
    return np.asarray(out.reshape(len(out), -1).argmax(axis=1))


def _in_float(graph: Graph, layer: Layer, ifm: np.ndarray) -> NDArray[np.int8]:
    """One layer's int8 output, computed in float32 from its int8 input."""
    import tensorflow as tf

    op, target = layer.op, graph.tensors[layer.op.outputs[0]]
    assert target.quant is not None
    x = real(graph.tensors[op.inputs[0]], ifm).astype(np.float32)
    weights, attrs = layer.weights.astype(np.float32), cast(Any, op.attrs)
    if op.kind is OpKind.FULLY_CONNECTED:
        sums = x.reshape(len(x), -1, weights.shape[1]) @ weights.T
    else:
        dilations = [attrs.dilation_h, attrs.dilation_w]
        strides, padding = [1, attrs.stride_h, attrs.stride_w, 1], attrs.padding.value.upper()
        if op.kind is OpKind.DEPTHWISE_CONV_2D:
            inputs = x.shape[-1]
            kernel = weights[0].reshape(*weights.shape[1:3], inputs, -1)
            sums = tf.nn.depthwise_conv2d(x[:, 0], kernel, strides, padding, dilations=dilations).numpy()
        else:
            kernel = weights.transpose(1, 2, 3, 0)
            sums = tf.nn.conv2d(x[:, 0], kernel, strides, padding, dilations=[1, *dilations, 1]).numpy()
    low, high = CLAMPS[attrs.activation]
    cut = np.clip(sums + layer.bias, low, high) if low is not None else sums + layer.bias
    q = np.round(cut / target.quant.scale) + target.quant.zero_point
    return np.clip(q, -128, 127).astype(np.int8).reshape(len(x), *target.shape)


def with_gains(draft: Draft, model: Path, ifm: NDArray[np.int8], floats: list[dict[int, Any]]) -> Draft:
    """The draft with layers scaled as the model's are, where quantize.json beside says it was equalized.

    A channel's factor is the least-squares one between its int8 and float activations.
    """
    beside = model.with_name("quantize.json")
    record = json.loads(beside.read_text()) if beside.is_file() else {}
    same = record.get("model_sha256") == hashlib.sha256(model.read_bytes()).hexdigest()
    if not same or record.get("recipe", {}).get("equalization", "none") == "none":
        return draft
    graph = draft.graph
    stacks: Stacks = {graph.inputs[0]: ifm[:, None]}
    places = {chain.before: chain for chain in chains(draft)}
    for op in graph.ops:
        written, _ = run_operator(graph, op, stacks)
        stacks |= written
        if op.index in places:
            source = draft.pairs[op.outputs[0]]
            wanted = np.stack([one[source] for one in floats]).astype(np.float64)
            over = tuple(range(wanted.ndim - 1))
            got = real(graph.tensors[op.outputs[0]], written[op.outputs[0]])
            power = (wanted**2).sum(axis=over)
            factors = np.where(power > 0, (wanted * got).sum(axis=over) / np.where(power > 0, power, 1), 1.0)
            draft = scaled(draft, places[op.index], np.where(factors > 0, factors, 1.0))
        drop_unread(graph, stacks, op)
    return draft
