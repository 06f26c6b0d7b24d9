"""The networks of the paper without a file, held against train's counts and really converted models."""

from __future__ import annotations

import pytest

from benchmarks.converted import converted
from firmware_sim.cycles import macs
from graph import file_facts, tflite
from graph.errors import ModelError
from graph.mobilenet import mobilenet_v1, named
from graph.op_kind import OpKind
from graph.types import Graph
from memory_planner.fit import constants_bytes, quantization_bytes
from memory_planner.tflm.arena import arena, arena_of
from memory_planner.tflm.layout import CORTEX_M
from train.macs import cost

SIZES = [(alpha, res) for alpha in (0.25, 0.5, 0.75, 1.0) for res in (128, 160, 192, 224)]


@pytest.mark.parametrize(("alpha", "res"), SIZES)
def test_macs_are_those_of_the_papers_formula(alpha: float, res: int) -> None:
    graph = mobilenet_v1(alpha, res)
    assert cost(alpha, res, 1000).macs == sum(macs(graph, op) for op in graph.ops)


@pytest.mark.parametrize(("alpha", "res"), SIZES)
def test_parameters_are_those_of_the_papers_formula_with_batchnorm_folded(alpha: float, res: int) -> None:
    """Of BatchNorm's four vectors a bias is left."""
    graph = mobilenet_v1(alpha, res)
    layers = (OpKind.CONV_2D, OpKind.DEPTHWISE_CONV_2D)
    weighted = (*layers, OpKind.FULLY_CONNECTED)
    constants = [graph.tensors[op.inputs[1]] for op in graph.ops if op.kind in weighted]
    biases = [graph.tensors[op.inputs[2]] for op in graph.ops if op.kind in layers]
    folded = 3 * sum(bias.elements for bias in biases)
    elements = sum(t.elements for t in constants) + sum(bias.elements for bias in biases) + 1000
    assert cost(alpha, res, 1000).parameters == elements + folded


def test_weights_of_4_million_zeros_take_no_memory() -> None:
    data = [t.data for t in mobilenet_v1(1.0, 224).tensors if t.data is not None]
    owners = [array if array.base is None else array.base for array in data]
    assert sum(array.nbytes for array in data) > 4_000_000
    assert sum(array.nbytes for array in owners) < 1000


@pytest.mark.parametrize(
    "name", ["model.tflite", "mobilenet_v1_0.5", "mobilenet_v2_1.0_224", "x_mobilenet_v1_1_224"]
)
def test_other_names_say_no_network(name: str) -> None:
    assert named(name) is None


def test_a_name_of_a_size_that_there_is_not_says_so() -> None:
    with pytest.raises(ModelError, match="RES 100 is not a multiple of 32"):
        named("mobilenet_v1_0.5_100")


def _told(graph: Graph) -> list[tuple[object, ...]]:
    """All that planners and cost models read of each operator."""
    ends = [[tuple(_shape(graph, i) for i in end) for end in (op.inputs, op.outputs)] for op in graph.ops]
    return [(op.kind, op.attrs, *end) for op, end in zip(graph.ops, ends, strict=True)]


def _shape(graph: Graph, index: int) -> tuple[object, ...]:
    tensor = graph.tensors[index]
    channels = (len(tensor.quant.scales), tensor.quant.axis) if tensor.quant else None
    return tensor.shape, tensor.dtype, tensor.is_constant, channels


@pytest.mark.slow
@pytest.mark.parametrize(("alpha", "res", "classes"), [(0.25, 96, 2), (0.35, 64, 10), (1.0, 160, 1000)])
def test_the_converter_makes_these_operators_in_this_order(alpha: float, res: int, classes: int) -> None:
    blob = converted(alpha, res, classes)
    theirs, ours = tflite.read(blob), mobilenet_v1(alpha, res, classes)
    assert _told(theirs) == _told(ours)
    assert constants_bytes(theirs) == constants_bytes(ours)
    assert quantization_bytes(theirs) == quantization_bytes(ours)
    by_file = arena_of(blob, CORTEX_M)
    by_size = arena(ours, file_facts.of_graph(ours), CORTEX_M)
    assert (by_file.head_bytes, by_file.tail_bytes) == (by_size.head_bytes, by_size.tail_bytes)
