"""Cycles of each layer on a chip: MACs by the rate of their class, weights by bandwidth, overhead."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from graph.op_kind import OpKind
from graph.types import Graph, Op
from memory_planner.chip import Chip, Memory, Overhead, Rate
from memory_planner.types import Plan


class LayerClass(StrEnum):
    """What a chip's MAC rate depends on; POINTWISE holds 1x1 convolutions and fully connected layers."""

    CONV = "conv"
    DEPTHWISE = "depthwise"
    POINTWISE = "pointwise"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class LayerCost:
    """One operator's cost; `cycles` is the sum of the three parts."""

    op: int
    name: str
    kind: str
    layer_class: LayerClass
    ofm_shape: tuple[int, ...]
    macs: int
    weight_bytes: int
    compute_cycles: int
    memory_cycles: int
    overhead_cycles: int

    @property
    def cycles(self) -> int:
        return self.compute_cycles + self.memory_cycles + self.overhead_cycles


def macs(graph: Graph, op: Op) -> int:
    """Multiply-accumulates of `op`, taps in the padding counted, as the MobileNet paper counts.

        CONV_2D             OH * OW * O * KH * KW * I
        DEPTHWISE_CONV_2D   OH * OW * C*M * KH * KW
        FULLY_CONNECTED     rows * O * I
        TRANSPOSE_CONV      IH * IW * I * O * KH * KW
        BATCH_MATMUL        (B * M * K) * N

    0 for every other operator: it multiplies nothing, or its products are too few to matter (SVDF, LSTM).
    """
    ofm = graph.tensors[op.outputs[0]]
    match op.kind:
        case OpKind.CONV_2D | OpKind.FULLY_CONNECTED:
            return ofm.elements * math.prod(graph.tensors[op.inputs[1]].shape[1:])
        case OpKind.DEPTHWISE_CONV_2D:
            return ofm.elements * math.prod(graph.tensors[op.inputs[1]].shape[1:3])
        case OpKind.TRANSPOSE_CONV:
            weights, ifm = graph.tensors[op.inputs[1]], graph.tensors[op.inputs[2]]
            return ifm.elements * math.prod(weights.shape[:3])
        case OpKind.BATCH_MATMUL:
            return graph.tensors[op.inputs[0]].elements * ofm.shape[-1]
        case _:
            return 0


_CLASSES = {
    OpKind.CONV_2D: LayerClass.CONV,
    OpKind.TRANSPOSE_CONV: LayerClass.CONV,
    OpKind.DEPTHWISE_CONV_2D: LayerClass.DEPTHWISE,
    OpKind.BATCH_MATMUL: LayerClass.POINTWISE,
    OpKind.FULLY_CONNECTED: LayerClass.POINTWISE,
}


def layer_class(graph: Graph, op: Op) -> LayerClass:
    """The class whose rate `op` runs at."""
    if op.kind is OpKind.CONV_2D and graph.tensors[op.inputs[1]].shape[1:3] == (1, 1):
        return LayerClass.POINTWISE
    return _CLASSES.get(op.kind, LayerClass.OTHER)


def cycles(graph: Graph, plan: Plan, chip: Chip) -> tuple[LayerCost, ...]:
    """The cost of every operator, in the order that `plan` runs them.

        cycles = ceil(macs / macs_per_cycle[class]) + sum(ceil(weight_bytes / bytes_per_cycle)) + overhead

    The sum is over memories: constants are read from where the plan has placed them.

    Units: cycles of chip.clock_hz; weight_bytes counts the operator's constants.
    """
    rates = {
        LayerClass.CONV: chip.macs_per_cycle.conv.value,
        LayerClass.DEPTHWISE: chip.macs_per_cycle.depthwise.value,
        LayerClass.POINTWISE: chip.macs_per_cycle.pointwise.value,
        LayerClass.OTHER: math.inf,
    }
    bandwidths = {m.name: m.bytes_per_cycle.value for m in chip.memory}
    placed = dict(plan.placement.constants) if plan.placement else {}
    costs = []
    for op in (graph.ops[i] for i in plan.schedule.op_order):
        constants = {i for i in op.inputs if i >= 0 and graph.tensors[i].is_constant}
        read = dict.fromkeys(bandwidths, 0)
        for i in constants:
            read[placed.get(i, _weight_memory(chip).name)] += graph.tensors[i].size_bytes
        count, kind = macs(graph, op), layer_class(graph, op)
        ofm = graph.tensors[op.outputs[0]]
        costs.append(
            LayerCost(
                op=op.index,
                name=ofm.name,
                kind=op.kind.value,
                layer_class=kind,
                ofm_shape=ofm.shape,
                macs=count,
                weight_bytes=sum(read.values()),
                compute_cycles=math.ceil(count / rates[kind]),
                memory_cycles=sum(math.ceil(count / bandwidths[name]) for name, count in read.items()),
                overhead_cycles=math.ceil(chip.layer_overhead_cycles.value),
            )
        )
    return tuple(costs)


def fps(costs: tuple[LayerCost, ...], chip: Chip) -> float:
    """Inferences a second, one after the other."""
    total = sum(cost.cycles for cost in costs)
    return chip.clock_hz.value / total if total else math.inf


def fps_json(model: str, costs: tuple[LayerCost, ...], chip: Chip) -> dict[str, Any]:
    """The estimate as JSON, with every assumption that it rests on; shares add up to 1."""
    total = sum(cost.cycles for cost in costs)
    return {
        "model": model,
        "chip": chip.name,
        "fps": round(fps(costs, chip), 3),
        "cycles": total,
        "macs": sum(cost.macs for cost in costs),
        "clock_hz": int(chip.clock_hz.value),
        "layers": [
            {
                "op": cost.op,
                "name": cost.name,
                "kind": cost.kind,
                "class": cost.layer_class.value,
                "ofm_shape": list(cost.ofm_shape),
                "macs": cost.macs,
                "weight_bytes": cost.weight_bytes,
                "compute_cycles": cost.compute_cycles,
                "memory_cycles": cost.memory_cycles,
                "overhead_cycles": cost.overhead_cycles,
                "cycles": cost.cycles,
                "share": round(cost.cycles / total, 6),
            }
            for cost in costs
        ],
        "assumptions": [
            {
                "name": name,
                "value": figure.value,
                "unit": unit,
                "basis": figure.basis,
                "source": figure.source,
            }
            for name, unit, figure in _figures(chip)
        ],
    }


def _figures(chip: Chip) -> list[tuple[str, str, Rate | Overhead]]:
    weight_memories = [m for m in chip.memory if m.runs_weights]
    return [
        ("clock_hz", "Hz", chip.clock_hz),
        ("macs_per_cycle.conv", "MACs a cycle", chip.macs_per_cycle.conv),
        ("macs_per_cycle.depthwise", "MACs a cycle", chip.macs_per_cycle.depthwise),
        ("macs_per_cycle.pointwise", "MACs a cycle", chip.macs_per_cycle.pointwise),
        *((f"memory.{m.name}.bytes_per_cycle", "bytes a cycle", m.bytes_per_cycle) for m in weight_memories),
        ("layer_overhead_cycles", "cycles a layer", chip.layer_overhead_cycles),
    ]


def _weight_memory(chip: Chip) -> Memory:
    """Where most weights must be read from: the largest memory that kernels read weights from."""
    return max((m for m in chip.memory if m.runs_weights), key=lambda m: m.bytes.value)
