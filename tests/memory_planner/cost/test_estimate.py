import math
from dataclasses import replace

import msgspec
import pytest

from graph.mobilenet import fdmobilenet, mobilenet_v1, named
from graph.types import DType
from memory_planner import plan
from memory_planner.chip import load, names
from memory_planner.cost.estimate import estimate
from memory_planner.cost.family import network_of
from tests.graphs import chain

FITTED = [name for name in names() if load(name).fitted]


def of(graph, chip):
    return estimate(graph, plan(graph, chip), chip)


@pytest.mark.parametrize("name", names())
def test_the_estimate_lies_inside_its_interval(name):
    made = of(mobilenet_v1(0.5, 160), load(name))
    assert made.fps_low < made.fps < made.fps_high
    assert math.isclose(made.fps, load(name).clock_hz.value / made.cycles)


def test_figures_that_nobody_measured_make_an_extrapolation_and_a_wide_interval():
    made = of(mobilenet_v1(0.5, 160), load("npu6m"))
    assert made.extrapolated
    assert made.fps_high / made.fps > 1.4


def test_what_was_measured_is_not_extrapolated():
    assert not of(mobilenet_v1(0.5, 224, 1000), load("stm32n6")).extrapolated
    assert not of(mobilenet_v1(0.25, 160), load("gap8")).extrapolated


def only_one_resolution():
    """stm32n6 as it would be had nothing but MobileNetV1 at 224 been measured."""
    chip = load("stm32n6")
    alone = {"families": ("mobilenet_v1",), "res_px": (224, 224), "family_spread": None, "res_spread": None}
    return msgspec.structs.replace(chip, fitted=msgspec.structs.replace(chip.fitted, **alone))


def test_another_network_and_another_resolution_are_told_and_widen_the_interval():
    chip = only_one_resolution()
    near, far = of(mobilenet_v1(0.25, 224), chip), of(fdmobilenet(0.25, 128), chip)
    assert not near.extrapolated
    assert "another network" in far.why[0] and "128 x 128, measured were 224 alone" in far.why[1]
    assert far.fps_high / far.fps > 2 > near.fps_high / near.fps


def test_a_network_of_other_operators_is_another_family():
    assert network_of(chain(3, 5, 7)).family == "other"
    assert network_of(named("fdmobilenet_0.25_224")).family == "fdmobilenet"
    assert network_of(mobilenet_v1(0.35, 96, 2, 1)).family == "mobilenet_v1"
    assert "another network than was measured (mobilenet_v1)" in of(chain(3, 5, 7), load("gap8")).why


def test_single_layers_and_networks_of_no_known_family_are_not_sure():
    one = of(mobilenet_v1(0.25, 160), load("k210"))
    assert "single layers were measured, no whole network" in one.why
    assert one.fps_high / one.fps > 1.5
    other = of(chain(3, 5, 7), load("stm32n6"))
    assert other.fps_high / other.fps > 2


def test_floating_point_is_told_and_widens_the_interval():
    graph = mobilenet_v1(0.25, 160)
    tensors = list(graph.tensors)
    last = graph.outputs[0]
    tensors[last] = replace(tensors[last], dtype=DType.FLOAT32)
    made = of(replace(graph, tensors=tuple(tensors)), load("gap8"))
    assert made.why == ("1 operators compute in floating point, and are counted as int8",)
    assert made.fps_high / made.fps > 2


@pytest.mark.parametrize("name", FITTED)
def test_every_fitted_chip_says_what_its_errors_were(name):
    record = load(name).fitted
    assert 0 < record.mean_error <= record.worst_error
    assert record.rows > len(record.parameters)
    assert len(record.leverage) == len(record.parameters)
