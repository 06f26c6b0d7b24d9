"""quality.json: an int8 model beside the float one that it was made of."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import quiet
from graph.types import Graph
from pictures import PictureSet, PixelRule, input_table
from quantize import float_model, float_net, inspection, quality
from quantize.draft import draft
from quantize.measure import Held, Nearness, hold, nearness


def report(
    model: Path,
    source: Path,
    data: PictureSet,
    rule: PixelRule,
    samples: int,
    looked_at: int,
    ranked: int,
    labelled: bool = True,
) -> dict[str, Any]:
    """What quality.json holds; noise on `looked_at` of the pictures, the ranking on `ranked`.

    Pictures of other classes than the model's have no accuracy: with `labelled` false, top-1 is None.

    Raises: QuantizeError, ModelError, DataError as quantizing does.
    """
    graph = inspection.inspect(model.read_bytes())
    with quiet.aside() as stderr:
        floats = float_model.load(source, pixels=rule)
        numbers = np.full(len(data.classes), -1)
        if labelled:
            numbers = float_model.numbers_of_classes(floats, data)
        net = float_net.of_model(floats)
        seen = quality.shown(data, model, floats.res_px, samples)
        held = hold(net, seen.pixels, rule.real(seen.pixels), numbers[seen.labels], stderr)
        ifm = _inputs(graph, seen.pixels, rule)
        activations = list(net.activations(rule.real(seen.pixels[:looked_at])))
        made = quality.with_gains(draft(graph, net.graph), model, ifm[:looked_at], activations)
        near = nearness(graph, ifm, held)
        layers = quality.layer_noise(made, ifm[:looked_at], activations)
        start, alone = quality.left_in_float(made, ifm[:ranked], _first(held, ranked))
    return {
        "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "float_sha256": float_model.sha256_of_model(source),
        "data": data.name,
        "part": seen.part,
        "samples": len(seen.labels),
        "float_top1": near.float_top1 if labelled else None,
        "int8_top1": near.top1 if labelled else None,
        "agreement": near.agreement,
        "divergence": near.divergence,
        "sqnr_db": near.sqnr_db,
        "noise_samples": min(looked_at, len(seen.labels)),
        "layers": layers,
        "ranked_samples": min(ranked, len(seen.labels)),
        "ranking": _ranking(start, alone),
    }


def _inputs(graph: Graph, pixels: NDArray[np.uint8], rule: PixelRule) -> NDArray[np.int8]:
    quant = graph.tensors[graph.inputs[0]].quant
    assert quant is not None
    return input_table(quant.scale, quant.zero_point, np.int8, rule)[pixels].astype(np.int8, copy=False)


def _first(held: Held, count: int) -> Held:
    return Held(held.pixels[:count], held.labels[:count], held.chosen[:count], held.scores[:count])


def _ranking(start: Nearness, alone: dict[int, Nearness]) -> list[dict[str, Any]]:
    """Layers by the agreement that comes back when each alone is in float, then by divergence."""
    rows = [
        {
            "op": op,
            "agreement_gain": one.agreement - start.agreement,
            "top1_gain": one.top1 - start.top1,
            "divergence_gain": start.divergence - one.divergence,
        }
        for op, one in alone.items()
    ]
    return sorted(rows, key=lambda row: (-row["agreement_gain"], -row["divergence_gain"], row["op"]))
