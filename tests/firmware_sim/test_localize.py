"""A firmware with one mistake planted: the operator that made it is blamed, and the mistake is named."""

import dataclasses

import numpy as np
import pytest

from benchmarks import planting
from benchmarks.firmware import Firmware, cut_off, dump, in_float, once, twice_half_up
from benchmarks.plants import padding_counted, softmax_in_float
from firmware_sim import localized
from firmware_sim.causes import CAUSES
from firmware_sim.localize import localize
from firmware_sim.numerics import Numerics
from graph.attrs import Activation, SoftmaxAttrs
from graph.op_kind import OpKind
from graph.types import DType, Graph, Op, QuantParams, Tensor
from memory_planner import plan
from memory_planner.chip import load
from tests.firmware_sim.network import ADD, CONV, DENSE, DEPTHWISE, POINTWISE, POOL, network, picture

NET = network()
PLAN = plan(NET, load("npu6m"))
IMAGE = picture(NET)
RIGHT = dump(NET, (IMAGE,), {})

PLANTED = [
    ("single_rounding", CONV, Firmware(scale=once)),
    ("single_rounding", DEPTHWISE, Firmware(scale=once)),
    ("single_rounding", DENSE, Firmware(scale=once)),
    ("rounding_half_up", POINTWISE, Firmware(scale=twice_half_up)),
    ("rounding_half_up", DENSE, Firmware(scale=twice_half_up)),
    ("rounding_cut_off", DEPTHWISE, Firmware(scale=cut_off)),
    ("float_requantization", CONV, Firmware(scale=in_float)),
    ("float_requantization", DENSE, Firmware(scale=in_float)),
    ("padding_on_the_wrong_side", CONV, Firmware(odd_row_first=True)),
    ("padding_on_the_wrong_side", DEPTHWISE, Firmware(odd_row_first=True)),
    ("padding_with_zero", CONV, Firmware(padding=0)),
    ("padding_with_zero", DEPTHWISE, Firmware(padding=0)),
    ("input_zero_point_left_out", CONV, Firmware(ifm_zero_point=0)),
    ("input_zero_point_left_out", DENSE, Firmware(ifm_zero_point=0)),
    ("input_zero_point_added", CONV, Firmware(ifm_zero_point=5)),
    ("output_zero_point_left_out", CONV, Firmware(ofm_zero_point=0)),
    ("output_zero_point_left_out", DENSE, Firmware(ofm_zero_point=0)),
    ("weights_transposed", CONV, Firmware(weights=lambda w: w.reshape(3, 3, 3, 5).transpose(3, 0, 1, 2))),
    ("weights_transposed", CONV, Firmware(weights=lambda w: w.reshape(5, 3, 3, 3).transpose(0, 2, 3, 1))),
    ("weights_transposed", CONV, Firmware(weights=lambda w: w.transpose(0, 2, 1, 3))),
    (
        "weights_transposed",
        DEPTHWISE,
        Firmware(weights=lambda w: w.reshape(5, 1, 3, 3).transpose(1, 2, 3, 0)),
    ),
    ("weights_transposed", POINTWISE, Firmware(weights=lambda w: w.transpose(3, 1, 2, 0))),
    ("weights_transposed", DENSE, Firmware(weights=lambda w: w.T)),
    ("saturation_missing", DEPTHWISE, Firmware(wraps=True)),
    ("activation_missing", CONV, Firmware(activation=Activation.NONE)),
    ("bias_missing", CONV, Firmware(bias=np.zeros_like)),
    ("bias_missing", DENSE, Firmware(bias=np.zeros_like)),
    ("bias_shifted", CONV, Firmware(bias=lambda b: np.roll(b, 1))),
    ("bias_shifted", DEPTHWISE, Firmware(bias=lambda b: np.roll(b, -1))),
    ("scales_as_per_tensor", CONV, Firmware(scales=lambda s: s[:1])),
    ("scales_as_per_tensor", DEPTHWISE, Firmware(scales=lambda s: s[:1])),
    ("input_as_nchw", CONV, Firmware(ifm=lambda x: x.reshape(1, 3, 28, 20).transpose(0, 2, 3, 1))),
    ("input_channels_reversed", CONV, Firmware(ifm=lambda x: x[..., ::-1])),
]


def found(dumped, **more):
    return localize(NET, PLAN, dumped, **more)


def test_a_right_firmware_is_equal():
    answer = found(RIGHT, inputs=(IMAGE,))
    assert answer.finding is None and answer.blamed == answer.absent == answer.unchecked == ()
    assert sum(v.nbytes for v in RIGHT.values()) == sum(t.bytes_compared for t in answer.tensors)
    assert localized.as_json(answer)["localized"] is None


@pytest.mark.parametrize(
    ("cause", "op", "wrong"), PLANTED, ids=lambda x: x if isinstance(x, str | int) else ""
)
def test_a_planted_cause_is_named_and_no_other(cause, op, wrong):
    answer = found(dump(NET, (IMAGE,), {op: wrong}))
    assert answer.finding.op is NET.ops[op]
    assert answer.blamed == (NET.ops[op],)
    assert [fit.cause for fit in answer.finding.fits if fit.exact] == [cause]
    assert localized.lines(answer)[2].startswith("cause: ")
    assert answer.finding.fits[0].cause == cause


def add_without_zero_point(graph, op, a, b):
    before = [graph.tensors[i].quant for i in op.inputs]
    after = graph.tensors[op.outputs[0]].quant
    real = a * before[0].scale + (b.astype(int) - before[1].zero_point) * before[1].scale
    return np.clip(np.floor(np.maximum(real, 0) / after.scale + 0.5) + after.zero_point, -128, 127)


@pytest.mark.parametrize(
    ("cause", "op", "wrong"),
    [
        ("padding_counted", POOL, padding_counted(NET, NET.ops[POOL])),
        ("input_zero_point_left_out", ADD, add_without_zero_point),
    ],
)
def test_operators_without_weights_have_causes_too(cause, op, wrong):
    answer = found(dump(NET, (IMAGE,), {op: wrong}))
    assert answer.blamed == (NET.ops[op],)
    assert [fit.cause for fit in answer.finding.fits if fit.exact] == [cause]


def test_a_softmax_in_float_is_named():
    quants = QuantParams((0.0625,), (3,)), QuantParams((1 / 256,), (-128,))
    tensors = tuple(Tensor(i, f"t{i}", (61, 10), DType.INT8, quant) for i, quant in enumerate(quants))
    op = Op(0, OpKind.SOFTMAX, (0,), (1,), SoftmaxAttrs(1.0))
    graph = Graph(tensors, (op,), (0,), (1,))
    ifm = np.random.default_rng(5).integers(-60, 60, (61, 10)).astype(np.int8)
    dumped = {0: ifm, 1: softmax_in_float(graph, op)(graph, op, ifm).astype(np.int8)}
    answer = localize(graph, plan(graph, load("npu6m")), dumped)
    assert [fit.cause for fit in answer.finding.fits if fit.exact] == ["softmax_in_float"]


def test_a_firmware_that_rounds_twice_is_told_apart_under_numerics_that_round_once():
    answer = found(RIGHT, numerics=Numerics.TFLITE_REF)
    assert answer.finding.op is NET.ops[DENSE]
    exact = [fit.cause for fit in answer.finding.fits if fit.exact]
    assert exact == ["double_rounding"]


NOT_HERE = {
    "weights_zero_point_left_out",
    "other_numerics",
}  # but in tests/firmware_sim/test_bench_localize.py


@pytest.mark.parametrize("cause", planting.CAUSES)
def test_whatever_can_be_planted_is_named(cause):
    made = planting.Target(NET, IMAGE, seed=1).planted(cause)
    assert bool(made) == (cause not in NOT_HERE)
    for one in made:
        answer = found(one.tensors, inputs=() if one.op else (IMAGE,), numerics=one.numerics)
        assert (answer.finding.op, answer.finding.tensor.index) == (one.op, one.tensor)
        assert (answer.finding.first, answer.finding.different) == (one.first, one.different)
        assert cause in [fit.cause for fit in answer.finding.fits if fit.exact]


def test_each_cause_can_be_planted():
    assert {cause.name for cause in CAUSES} <= set(planting.CAUSES)


def test_a_zero_point_of_minus_128_that_is_added_is_named_where_there_is_padding():
    """int8 cannot hold 128."""
    image = dataclasses.replace(NET.tensors[0], quant=QuantParams((0.5,), (-128,)))
    graph = dataclasses.replace(NET, tensors=(image, *NET.tensors[1:]))
    dumped = dump(graph, (IMAGE,), {CONV: Firmware(ifm_zero_point=128)})
    answer = localize(graph, plan(graph, load("npu6m")), dumped)
    assert [fit.cause for fit in answer.finding.fits if fit.exact] == ["input_zero_point_added"]


def test_an_error_is_not_blamed_on_what_comes_after():
    answer = found(dump(NET, (IMAGE,), {CONV: Firmware(bias=np.zeros_like)}))
    different = [t.kind for t in answer.tensors if t.bytes_different]
    assert different == ["CONV_2D"]


def test_two_operators_that_err_are_both_blamed_and_the_first_is_explained():
    wrong = {DEPTHWISE: Firmware(padding=0), DENSE: Firmware(bias=np.zeros_like)}
    answer = found(dump(NET, (IMAGE,), wrong))
    assert answer.blamed == (NET.ops[DEPTHWISE], NET.ops[DENSE])
    assert answer.finding.fits[0].cause == "padding_with_zero"
    assert "these err too: 6 (FULLY_CONNECTED)" in "\n".join(localized.lines(answer))


def test_where_tensors_are_absent_the_mistake_is_found_among_the_operators_between():
    dumped = dump(NET, (IMAGE,), {DEPTHWISE: Firmware(padding=0)})
    kept = {i: dumped[i] for i in (0, NET.ops[CONV].outputs[0], NET.ops[ADD].outputs[0])}
    answer = found(kept)
    assert [op.index for op in answer.finding.suspects] == [DEPTHWISE, POINTWISE, ADD]
    best = answer.finding.fits[0]
    assert (best.cause, best.op, best.exact) == ("padding_with_zero", DEPTHWISE, True)
    assert len(answer.absent) == 6


def test_a_fault_that_no_cause_explains_is_said_to_fit_none():
    tensor = NET.ops[POINTWISE].outputs[0]
    fault = RIGHT[tensor].copy()
    fault[0, 2, 1, 3] ^= 0x40
    answer = found(dump(NET, (IMAGE,), {POINTWISE: lambda *_: fault}))
    finding = localized.as_json(answer)["localized"]
    assert (finding["op"], finding["kind"], finding["tensor"]) == (POINTWISE, "CONV_2D", tensor)
    assert (finding["channel"], finding["pixel"], finding["different"]) == (3, [0, 2, 1], 1)
    assert finding["pattern"] == {"channels": (3,), "rows": (2,), "cols": (1,)}
    assert finding["theirs"] == int(RIGHT[tensor][0, 2, 1, 3]) ^ 0x40
    assert not any(cause["exact"] for cause in finding["causes"])
    assert "none that is known fits" in localized.lines(answer)[2]


@pytest.mark.parametrize(
    ("cause", "change"),
    [
        ("input_off_by_128", lambda x: (x.view(np.uint8) ^ 128).view(np.int8)),
        ("input_channels_reversed", lambda x: x[..., ::-1]),
        ("input_as_nchw", lambda x: x.transpose(0, 3, 1, 2).reshape(x.shape)),
    ],
)
def test_a_wrong_input_is_told_from_a_wrong_operator(cause, change):
    answer = found(dump(NET, (np.ascontiguousarray(change(IMAGE)),), {}), inputs=(IMAGE,))
    assert (answer.finding.op, answer.finding.kind, answer.blamed) == (None, "INPUT", ())
    assert [fit.cause for fit in answer.finding.fits if fit.exact] == [cause]
    assert localized.as_json(answer)["localized"]["op"] is None


def test_a_wrong_constant_is_told():
    bias = NET.ops[CONV].inputs[2]
    answer = found({**RIGHT, bias: NET.tensors[bias].data + 1})
    assert (answer.finding.kind, answer.finding.tensor.index) == ("CONSTANT", bias)


def test_a_tensor_that_was_dumped_too_late_is_no_operators_mistake():
    dumped = {i: v.copy() for i, v in RIGHT.items()}
    dumped[NET.ops[CONV].outputs[0]][0, 3:5] = 77
    answer = found(dumped)
    assert answer.blamed == (NET.ops[CONV], NET.ops[DEPTHWISE])
    exact = [fit for fit in answer.finding.fits if fit.exact]
    assert [(fit.cause, fit.op) for fit in exact] == [("overwritten_before_the_dump", CONV)]
    assert answer.finding.pattern.rows == (3, 4)


def test_what_can_be_held_to_nothing_is_said():
    first, second = NET.ops[CONV].outputs[0], NET.ops[DEPTHWISE].outputs[0]
    answer = found({first: RIGHT[first], second: RIGHT[second]})
    assert [t.tensor for t in answer.tensors] == [second]
    ((tensor, why),) = answer.unchecked
    assert tensor.index == first and "tensor 0, is neither in the dump nor computed" in why
