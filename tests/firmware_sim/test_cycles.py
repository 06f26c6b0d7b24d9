import csv
import math

import msgspec
import numpy as np
import pytest

from firmware_sim.cycles import LayerClass, cycles, fps, fps_json, layer_class, macs
from graph import tflite
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, Tensor
from memory_planner import plan
from memory_planner.chip import load
from tests.chips import chip_of, memory

CHIP = load("npu6m")


def one_op(kind, *shapes):
    """A graph of one operator; the last shape is its output's."""
    tensors = tuple(Tensor(i, f"t{i}", shape, DType.INT8) for i, shape in enumerate(shapes))
    inputs = tuple(range(len(shapes) - 1))
    return Graph(tensors, (Op(0, kind, inputs, (len(shapes) - 1,)),), inputs, (len(shapes) - 1,))


OPERATORS = {
    "conv": (OpKind.CONV_2D, [(1, 7, 5, 3), (11, 3, 2, 3), (1, 7, 5, 11)]),
    "1x1": (OpKind.CONV_2D, [(1, 7, 5, 3), (11, 1, 1, 3), (1, 7, 5, 11)]),
    "depthwise": (OpKind.DEPTHWISE_CONV_2D, [(1, 7, 5, 3), (1, 3, 2, 6), (1, 4, 3, 6)]),
    "dense": (OpKind.FULLY_CONNECTED, [(2, 13), (17, 13), (2, 17)]),
    "transposed": (OpKind.TRANSPOSE_CONV, [(4,), (5, 3, 2, 7), (1, 4, 3, 7), (1, 8, 6, 5)]),
    "matmul": (OpKind.BATCH_MATMUL, [(2, 3, 5), (2, 5, 7), (2, 3, 7)]),
    "add": (OpKind.ADD, [(1, 7), (1, 7), (1, 7)]),
}


@pytest.mark.parametrize(
    ("operator", "count", "kind"),
    [
        ("conv", 7 * 5 * 11 * 3 * 2 * 3, "conv"),
        ("1x1", 7 * 5 * 11 * 3, "pointwise"),
        ("depthwise", 4 * 3 * 6 * 3 * 2, "depthwise"),
        ("dense", 2 * 17 * 13, "pointwise"),
        ("transposed", 4 * 3 * 7 * 5 * 3 * 2, "conv"),
        ("matmul", 2 * 3 * 5 * 7, "pointwise"),
        ("add", 0, "elementwise"),
    ],
)
def test_macs_follow_the_shapes(operator, count, kind):
    op_kind, shapes = OPERATORS[operator]
    graph = one_op(op_kind, *shapes)
    assert macs(graph, graph.ops[0]) == count
    assert layer_class(graph, graph.ops[0]) == LayerClass(kind)


def test_a_layer_takes_the_longest_of_computing_and_moving_and_the_overhead():
    graph = one_op(OpKind.CONV_2D, (1, 7, 5, 3), (11, 3, 2, 3), (1, 7, 5, 11))
    (cost,) = cycles(graph, plan(graph, CHIP), CHIP)
    assert cost.compute_cycles == math.ceil(7 * 5 * 11 * 3 * 2 * 3 / CHIP.macs_per_cycle.conv.value)
    activations = 7 * 5 * 3 + 11 * 3 * 2 * 3 + 7 * 5 * 11  # none of the three is a constant
    assert cost.moved_bytes == activations
    assert cost.memory_cycles == math.ceil(activations / CHIP.memory[0].activation_rate.value)
    longest = max(cost.compute_cycles, cost.memory_cycles)
    assert cost.cycles == longest + CHIP.layer_overhead_cycles.value
    assert fps((cost,), CHIP) == CHIP.clock_hz.value / cost.cycles


def test_a_chip_that_does_not_overlap_takes_the_sum():
    graph = one_op(OpKind.CONV_2D, (1, 7, 5, 3), (11, 3, 2, 3), (1, 7, 5, 11))
    chip = msgspec.structs.replace(CHIP, overlap="sum")
    (cost,) = cycles(graph, plan(graph, chip), chip)
    assert cost.cycles == cost.compute_cycles + cost.memory_cycles + cost.overhead_cycles


def test_weights_are_read_at_the_speed_of_the_memory_that_holds_them():
    constants = [Tensor(i, "w", (40,), DType.INT8, data=np.zeros(40, np.int8), buffer=i) for i in (1, 2)]
    ends = [Tensor(i, f"t{i}", (40,), DType.INT8) for i in (0, 3)]
    graph = Graph((ends[0], *constants, ends[1]), (Op(0, OpKind.CONCATENATION, (0, 1, 2), (3,)),), (0,), (3,))
    chip = chip_of(memory("fast", 50, 8, "w"), memory("slow", 500, 0.5, activation_rate=4))
    chip = msgspec.structs.replace(chip, overlap="sum")
    (cost,) = cycles(graph, plan(graph, chip), chip)
    assert cost.memory_cycles == 40 / 8 + 40 / 0.5 + 2 * 40 / 4
    assert cost.weight_bytes == 80


def test_a_faster_clock_gives_more_frames_and_the_same_cycles():
    graph = one_op(OpKind.FULLY_CONNECTED, (2, 13), (17, 13), (2, 17))
    faster = overclocked(CHIP, 2)
    slow, fast = (cycles(graph, plan(graph, chip), chip) for chip in (CHIP, faster))
    assert slow == fast
    assert fps(fast, faster) == 2 * fps(slow, CHIP)


def overclocked(chip, times):
    clock = msgspec.structs.replace(chip.clock_hz, value=times * chip.clock_hz.value)
    return msgspec.structs.replace(chip, clock_hz=clock)


def test_the_json_rests_on_sourced_assumptions_and_its_shares_add_up():
    graph = one_op(OpKind.CONV_2D, (1, 7, 5, 3), (11, 3, 2, 3), (1, 7, 5, 11))
    answer = fps_json("m.tflite", graph, plan(graph, CHIP), CHIP)
    assert sum(layer["share"] for layer in answer["layers"]) == 1
    assert all(a["basis"] and a["source"] for a in answer["assumptions"])
    assert answer["cycles"] == sum(layer["cycles"] for layer in answer["layers"])


def test_macs_of_a_real_mobilenet_are_those_of_the_recount(shared):
    """1.0/224 with 1,001 classes: the recount's 1,000 and one column of 1,024 more."""
    with (shared / "anchors" / "mobilenetv1_6mb_budget.csv").open() as file:
        recount = {(row["alpha"], row["res"]): int(row["macs"]) for row in csv.DictReader(file)}
    graph = tflite.read_file(shared / "models" / "mobilenet_v1_1.0_224_imagenet1001_ptq_int8.tflite")
    assert sum(macs(graph, op) for op in graph.ops) == recount["1.0", "224"] + 1024
