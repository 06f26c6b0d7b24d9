"""What each layer makes a chip do: MACs as its lanes round them, elements, bytes of each memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from graph.op_kind import OpKind
from graph.types import Graph, Op, Tensor
from memory_planner.chip import Chip, Count, Lanes, Memory
from memory_planner.streamed import passes_of
from memory_planner.types import Plan, Role


class LayerClass(StrEnum):
    """What a chip's rate depends on; POINTWISE holds 1x1 convolutions and fully connected layers."""

    CONV = "conv"
    DEPTHWISE = "depthwise"
    POINTWISE = "pointwise"
    ELEMENTWISE = "elementwise"
    POOL = "pool"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Moved:
    """Bytes that one layer moves in or out of one memory; `reread_bytes` are weights after the first time."""

    memory: str
    weight_bytes: int = 0
    reread_bytes: int = 0
    activation_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """One layer's work. `lane_macs` has sizes rounded up to the chip's lanes, `fill_macs` is one row of that.

    `elements` are the outputs of layers that multiply nothing.
    """

    op: int
    layer_class: LayerClass
    macs: int
    lane_macs: int
    fill_macs: int
    elements: int
    moved: tuple[Moved, ...]


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
    OpKind.AVERAGE_POOL_2D: LayerClass.POOL,
    OpKind.MAX_POOL_2D: LayerClass.POOL,
    OpKind.MEAN: LayerClass.POOL,
    OpKind.ADD: LayerClass.ELEMENTWISE,
    OpKind.SUB: LayerClass.ELEMENTWISE,
    OpKind.MUL: LayerClass.ELEMENTWISE,
}


def layer_class(graph: Graph, op: Op) -> LayerClass:
    """The class whose rate `op` runs at."""
    if op.kind is OpKind.CONV_2D and graph.tensors[op.inputs[1]].shape[1:3] == (1, 1):
        return LayerClass.POINTWISE
    return _CLASSES.get(op.kind, LayerClass.OTHER)


def works(graph: Graph, plan: Plan, chip: Chip) -> tuple[Work, ...]:
    """The work of every operator, in the order that `plan` runs them.

    Constants are read from where the plan has placed them, once for each run of a streamed operator;
    activations are read and written where their buffer lies.
    """
    passes = passes_of(graph, plan)
    weights = dict(plan.placement.constants) if plan.placement else {}
    homes = {
        b.tensor: memory
        for b, memory in zip(plan.buffers, plan.memories, strict=True)
        if memory is not None and b.role is not Role.SUMS
    }
    order = (graph.ops[i] for i in plan.schedule.op_order)
    return tuple(
        _work(graph, op, chip, passes[op.index], dict(_moved(graph, op, chip, weights, homes)))
        for op in order
    )


def _work(graph: Graph, op: Op, chip: Chip, passes: int, moved: dict[str, tuple[int, int]]) -> Work:
    kind, count = layer_class(graph, op), macs(graph, op)
    rounded, fill = lane_macs(graph, op, chip.lanes) if count else (0, 0)
    size = graph.tensors[op.inputs[0] if kind is LayerClass.POOL else op.outputs[0]].elements
    return Work(
        op=op.index,
        layer_class=kind,
        macs=count,
        lane_macs=rounded,
        fill_macs=fill,
        elements=0 if count else size,
        moved=tuple(
            Moved(memory, weight_bytes, (passes - 1) * weight_bytes, activation_bytes)
            for memory, (weight_bytes, activation_bytes) in moved.items()
        ),
    )


def lane_macs(graph: Graph, op: Op, lanes: Lanes) -> tuple[int, int]:
    """MACs with each size rounded up to the chip's lanes, and those of one row more.

    A fully connected layer is one pixel, which takes a whole tile of rows and columns.
    """
    if op.kind not in (OpKind.CONV_2D, OpKind.DEPTHWISE_CONV_2D, OpKind.FULLY_CONNECTED):
        return macs(graph, op), 0
    ofm, weights = graph.tensors[op.outputs[0]].shape, graph.tensors[op.inputs[1]].shape
    depth = _up(ofm[-1], lanes.output_channels)
    if op.kind is OpKind.FULLY_CONNECTED:
        tile = _up(1, lanes.rows) * _up(1, lanes.columns)
        return math.prod(ofm[:-1]) * tile * depth * _up(weights[-1], lanes.input_channels), 0
    batch, rows, columns = (1, *ofm[:-1])[-3:]
    kernel = weights[1] * weights[2]
    if op.kind is OpKind.CONV_2D:
        kernel *= _up(weights[3], lanes.input_channels)
    row = batch * _up(columns, lanes.columns) * depth * kernel
    return _up(rows, lanes.rows) * row, row if weights[1] > 1 else 0


def _moved(
    graph: Graph, op: Op, chip: Chip, weights: dict[int, str], homes: dict[int, str]
) -> Iterator[tuple[str, tuple[int, int]]]:
    """Bytes of weights and of activations, by memory; memories that move none are left out."""
    arena = max((m for m in chip.memory if m.holds_activations), key=lambda m: m.bytes.value).name
    flash = weight_memory(chip).name
    total: dict[str, tuple[int, int]] = {}
    for tensor in (graph.tensors[i] for i in dict.fromkeys((*op.inputs, *op.outputs)) if i >= 0):
        memory = weights.get(tensor.index, flash) if tensor.is_constant else homes.get(tensor.index, arena)
        constants, activations = total.get(memory, (0, 0))
        if tensor.is_constant:
            constants += tensor.size_bytes
        else:
            activations += stored_bytes(tensor, chip.lanes)
        total[memory] = constants, activations
    yield from ((memory, both) for memory, both in total.items() if any(both))


def stored_bytes(tensor: Tensor, lanes: Lanes) -> int:
    """Bytes of an activation as the chip keeps it, the channels of a picture rounded up."""
    channels = tensor.shape[-1] if len(tensor.shape) == 4 else 0
    return (
        tensor.size_bytes * _up(channels, lanes.stored_channels) // channels
        if channels
        else tensor.size_bytes
    )


def weight_memory(chip: Chip) -> Memory:
    """Where most weights must be read from: the largest memory that kernels read weights from."""
    return max((m for m in chip.memory if m.runs_weights), key=lambda m: m.bytes.value)


def _up(size: int, lane: Count | None) -> int:
    """The next multiple of a lane."""
    return -(-size // lane.value) * lane.value if lane else size
