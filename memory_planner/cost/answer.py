"""The estimate as JSON, with every figure that it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graph.types import Graph
from memory_planner.chip import Chip, Count, Overhead, Rate
from memory_planner.cost.estimate import CONFIDENCE, Estimate, estimate
from memory_planner.cost.layers import LayerCost, frame_cycles
from memory_planner.types import Plan


def fps_json(model: str, graph: Graph, plan: Plan, chip: Chip) -> dict[str, Any]:
    """Frames a second of `plan` and what they rest on; shares of layers and of `frame_cycles` add up to 1."""
    made = estimate(graph, plan, chip)
    return {
        "model": model,
        "chip": chip.name,
        "fps": round(made.fps, 3),
        "fps_low": round(made.fps_low, 3),
        "fps_high": round(made.fps_high, 3),
        "confidence": CONFIDENCE,
        "extrapolated": made.extrapolated,
        "why": "; ".join(made.why) or None,
        "fits": plan.placement.fits if plan.placement else None,
        "cycles": made.cycles,
        "frame_cycles": frame_cycles(chip),
        "macs": sum(cost.macs for cost in made.costs),
        "bytes": sum(cost.moved_bytes for cost in made.costs),
        "clock_hz": int(chip.clock_hz.value),
        "fitted": _fitted(chip),
        "layers": [_layer(cost, made) for cost in made.costs],
        "assumptions": [
            {"name": name, "value": each.value, "unit": unit, "basis": each.basis, "source": each.source}
            for name, unit, each in figures(chip)
        ],
    }


def _layer(cost: LayerCost, made: Estimate) -> dict[str, Any]:
    return {
        "op": cost.op,
        "name": cost.name,
        "kind": cost.kind,
        "class": cost.layer_class.value,
        "ofm_shape": list(cost.ofm_shape),
        "macs": cost.macs,
        "weight_bytes": cost.weight_bytes,
        "bytes": cost.moved_bytes,
        "compute_cycles": cost.compute_cycles,
        "memory_cycles": cost.memory_cycles,
        "overhead_cycles": cost.overhead_cycles,
        "cycles": cost.cycles,
        "share": round(cost.cycles / made.cycles, 6) if made.cycles else 0.0,
    }


def _fitted(chip: Chip) -> dict[str, Any] | None:
    if chip.fitted is None:
        return None
    return {
        "source": chip.fitted.source,
        "of": chip.fitted.of,
        "rows": chip.fitted.rows,
        "parameters": list(chip.fitted.parameters),
        "mean_error": chip.fitted.mean_error,
        "worst_error": chip.fitted.worst_error,
        "shared": list(chip.fitted.shared),
    }


def figures(chip: Chip) -> Iterator[tuple[str, str, Rate | Overhead | Count]]:
    """Every figure of `chip` that speed rests on: name, unit, value with basis and source."""
    yield "clock_hz", "Hz", chip.clock_hz
    for name in ("conv", "depthwise", "pointwise"):
        yield f"macs_per_cycle.{name}", "MACs a cycle", getattr(chip.macs_per_cycle, name)
    if chip.elements_per_cycle:
        yield "elements_per_cycle", "elements a cycle", chip.elements_per_cycle
    for m in chip.memory:
        if m.runs_weights and "weights" not in chip.contained:
            yield f"memory.{m.name}.bytes_per_cycle", "bytes a cycle", m.bytes_per_cycle
        if m.holds_activations and "activations" not in chip.contained:
            yield f"memory.{m.name}.activation_bytes_per_cycle", "bytes a cycle", m.activation_rate
    yield "layer_overhead_cycles", "cycles a layer", chip.layer_overhead_cycles
    if chip.frame_overhead_cycles:
        yield "frame_overhead_cycles", "cycles a frame", chip.frame_overhead_cycles
    for name, unit in _LANES.items():
        lane: Count | Overhead | None = getattr(chip.lanes, name)
        if lane:
            yield f"lanes.{name}", unit, lane


_LANES = {
    "input_channels": "channels",
    "output_channels": "channels",
    "rows": "rows",
    "columns": "columns",
    "stored_channels": "channels",
    "fill_rows": "rows",
}
