"""Cycles of each layer on a chip: the planner's cost model, under the name that stages know it by."""

from __future__ import annotations

from memory_planner.cost.answer import fps_json
from memory_planner.cost.layers import LayerCost, cycles, fps
from memory_planner.cost.work import LayerClass, layer_class, macs

__all__ = ["LayerClass", "LayerCost", "cycles", "fps", "fps_json", "layer_class", "macs"]
