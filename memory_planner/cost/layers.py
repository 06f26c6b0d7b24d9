"""Cycles of each layer: computing, moving bytes, overhead; the sum of the first two or the longest."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from graph.types import Graph
from memory_planner.chip import Chip
from memory_planner.cost.work import LayerClass, Work, works
from memory_planner.types import Plan


@dataclass(frozen=True)
class Parts:
    """What one layer's cycles are made of: cycles by part, for computing and for each memory.

    A part is `conv`, `depthwise`, `pointwise`, `elements`, `fill`, `activations`, `weights`, `rereads` or
    `layer`; where the longest counts, `counted` has the parts of that one alone.
    """

    compute: dict[str, float]
    memories: dict[str, dict[str, float]]
    overhead: float
    overlap: str

    @cached_property
    def compute_cycles(self) -> float:
        return sum(self.compute.values())

    @cached_property
    def memory_cycles(self) -> float:
        """What all memories take together, or the slowest where they work side by side."""
        each = [sum(memory.values()) for memory in self.memories.values()]
        return sum(each) if self.overlap == "sum" else max(each, default=0.0)

    @cached_property
    def counted(self) -> dict[str, float]:
        """Cycles by part, of those parts that the layer's time is made of."""
        sides = [self.compute, *self.memories.values()]
        if self.overlap == "max":
            sides = [max(sides, key=lambda side: sum(side.values()))]
        total: dict[str, float] = {"layer": self.overhead}
        for side in sides:
            for part, cycles in side.items():
                total[part] = total.get(part, 0.0) + cycles
        return total


def parts(work: Work, chip: Chip) -> Parts:
    """`work` in cycles of `chip`, by its rates."""
    memories = {m.name: m for m in chip.memory}
    name = rated(work.layer_class)
    rate = getattr(chip.macs_per_cycle, name).value
    compute = {name: work.lane_macs / rate} if work.macs else {}
    if work.fill_macs and chip.lanes.fill_rows:
        compute["fill"] = chip.lanes.fill_rows.value * work.fill_macs / rate
    if work.elements and chip.elements_per_cycle:
        compute["elements"] = work.elements / chip.elements_per_cycle.value
    moved = {}
    for m in work.moved:
        weights, activations = memories[m.memory].bytes_per_cycle, memories[m.memory].activation_rate
        moved[m.memory] = {
            "weights": 0.0 if "weights" in chip.contained else m.weight_bytes / weights.value,
            "rereads": m.reread_bytes / weights.value,
            "activations": 0.0 if "activations" in chip.contained else m.activation_bytes / activations.value,
        }
    return Parts(compute, moved, chip.layer_overhead_cycles.value, chip.overlap)


def rated(kind: LayerClass) -> str:
    """The key of `macs_per_cycle` that a class runs at."""
    return kind.value if kind in (LayerClass.CONV, LayerClass.DEPTHWISE) else LayerClass.POINTWISE.value


@dataclass(frozen=True, slots=True)
class LayerCost:
    """One operator's cost.

    `cycles` is compute + memory + overhead where the chip adds them, max(compute, memory) + overhead where
    they overlap. `moved_bytes` are all that it reads and writes, weights as often as they are read.
    """

    op: int
    name: str
    kind: str
    layer_class: LayerClass
    ofm_shape: tuple[int, ...]
    macs: int
    weight_bytes: int
    moved_bytes: int
    compute_cycles: int
    memory_cycles: int
    overhead_cycles: int
    cycles: int


def cycles(graph: Graph, plan: Plan, chip: Chip) -> tuple[LayerCost, ...]:
    """The cost of every operator, in the order that `plan` runs them.

        compute = lane_macs / macs_per_cycle[class] + elements / elements_per_cycle
        memory  = weight_bytes / bytes_per_cycle + activation_bytes / activation_bytes_per_cycle   # of each
        cycles  = compute + sum(memory) + overhead       or   max(compute, *memory) + overhead

    Units: cycles of chip.clock_hz, each part rounded up.
    """
    return tuple(_cost(graph, work, parts(work, chip)) for work in works(graph, plan, chip))


def _cost(graph: Graph, work: Work, made: Parts) -> LayerCost:
    op = graph.ops[work.op]
    ofm = graph.tensors[op.outputs[0]]
    compute, memory = math.ceil(made.compute_cycles), math.ceil(made.memory_cycles)
    overhead = math.ceil(made.overhead)
    return LayerCost(
        op=op.index,
        name=ofm.name,
        kind=op.kind.value,
        layer_class=work.layer_class,
        ofm_shape=ofm.shape,
        macs=work.macs,
        weight_bytes=sum(m.weight_bytes for m in work.moved),
        moved_bytes=sum(m.weight_bytes + m.reread_bytes + m.activation_bytes for m in work.moved),
        compute_cycles=compute,
        memory_cycles=memory,
        overhead_cycles=overhead,
        cycles=overhead + (compute + memory if made.overlap == "sum" else max(compute, memory)),
    )


def frame_cycles(chip: Chip) -> int:
    """What a frame takes beside its layers."""
    return math.ceil(chip.frame_overhead_cycles.value) if chip.frame_overhead_cycles else 0


def total_cycles(costs: Sequence[LayerCost], chip: Chip) -> int:
    """Cycles of a whole frame."""
    return sum(cost.cycles for cost in costs) + frame_cycles(chip)


def fps(costs: Sequence[LayerCost], chip: Chip) -> float:
    """Inferences a second, one after the other."""
    total = total_cycles(costs, chip)
    return chip.clock_hz.value / total if total else math.inf


def counted(graph: Graph, plan: Plan, chip: Chip) -> dict[str, float]:
    """Cycles of a frame by part, `frame` among them; they add up to its time but for the rounding up."""
    total = {"frame": float(frame_cycles(chip))}
    for part, count in _counted(works(graph, plan, chip), chip):
        total[part] = total.get(part, 0.0) + count
    return total


def _counted(layers: Sequence[Work], chip: Chip) -> Iterator[tuple[str, float]]:
    for work in layers:
        yield from parts(work, chip).counted.items()
