"""Numerics `xnnpack` against LiteRT's default interpreter: operators alone, and whole models."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pytest

from firmware_sim.compare import compare
from firmware_sim.numerics import Numerics
from firmware_sim.ops import xnnpack
from firmware_sim.oracles import Job, Oracle, record, record_all
from firmware_sim.program import Engine, prepare
from firmware_sim.samples import generated
from graph import tflite
from graph.errors import UnsupportedOperatorError
from graph.patch import with_outputs
from memory_planner.plan import plan
from tests.oracle import cases, cases_xnnpack
from tests.oracle.single_op import Case, Spec, constant, model, options, quantized
from tests.oracle.test_single_operators import CHIP, FEW, MANY, chosen, same_bits, simulate

pytest.importorskip("ai_edge_litert", reason="needs the oracle extra")

KINDS = {kind.value for kind in xnnpack.KERNELS}
NOT_COVERED = re.compile(r"/.*(float|int16|int32|int64|int4|per channel)")
"""What numerics `xnnpack` refuses in every form, by the names of cases."""
LEFT = {"DEPTHWISE_CONV_2D/uint8"}
"""Cases whose weights name dimension 3, which the delegate leaves."""
COMMON = {
    name: strategy
    for name, strategy in cases.CASES.items()
    if name.split("/")[0] in KINDS and not NOT_COVERED.search(name) and name not in LEFT
}
OWN = {f"{name}/delegate": strategy for name, strategy in cases_xnnpack.CASES.items()}
CASES = COMMON | OWN

SMALL = [
    "coral_mobilenet_v1_0.25_128_quant_uint8",
    "mlperf_vww_mnv1_025_96_int8",
    "tinyengine_mcunet_vww",
    "tinymaix_mnist_resnet_q",
]
LARGE = [
    "coral_mobilenet_v1_0.5_160_quant_uint8",
    "coral_mobilenet_v2_1.0_224_quant_uint8",
    "mlperf_ic_resnet8_large_int8",
    "mobilenet_v1_1.0_224_imagenet1001_ptq_int8",
    "tinymaix_mbnet128_0.25_q",
]


def is_covered(case: Case) -> bool:
    """Whether the simulator takes the case; what it refuses may crash the runtime."""
    graph = tflite.read(case.blob)
    try:
        prepare(graph, plan(graph, CHIP), numerics=Numerics.XNNPACK)
    except UnsupportedOperatorError:
        return False
    return True


def hold(drawn: Sequence[Case]) -> int:
    """Compare by both engines every case that the simulator takes; gives how many bytes that were."""
    covered = [case for case in drawn if is_covered(case)]
    jobs = [
        Job(case.blob, tuple(array[None] for array in case.inputs), tflite.read(case.blob).outputs)
        for case in covered
    ]
    compared = 0
    for case, job, recording in zip(covered, jobs, record_all(Oracle.XNNPACK, jobs), strict=True):
        assert recording.refusal is None, case.about
        for engine in Engine:
            for mine, index in zip(simulate(case, Numerics.XNNPACK, engine), job.tensors, strict=True):
                same_bits(mine, recording.tensors[index][0], f"{engine}: {case.about}")
                compared += mine.nbytes
    return compared


@pytest.mark.parametrize("name", sorted(CASES))
def test_an_operator_alone_has_the_delegates_bits(name):
    assert hold(chosen(CASES[name], FEW)) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CASES))
def test_an_operator_alone_has_the_delegates_bits_in_hundreds_of_forms(name):
    assert hold(chosen(CASES[name], MANY)) > 0


def test_every_operator_of_the_table_is_held_to_the_delegate():
    assert {name.split("/")[0] for name in CASES} == KINDS


def hold_model(blob: bytes, samples: int) -> None:
    graph = tflite.read(blob)
    made, inputs = plan(graph, CHIP), generated(graph, samples, seed=1)
    answer = compare(blob, graph, made, Oracle.XNNPACK, inputs)
    written = [i for op in graph.ops for i in op.outputs]
    assert sum(graph.tensors[i].size_bytes for i in written) * samples == answer.bytes_compared
    assert answer.not_compared == ()
    assert answer.first_difference is None
    assert answer.bytes_different == 0


@pytest.mark.parametrize("name", SMALL)
def test_a_small_model_has_the_delegates_bits(shared, name):
    hold_model((shared / "models" / f"{name}.tflite").read_bytes(), samples=3)


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL + LARGE)
def test_a_model_has_the_delegates_bits_on_20_inputs(shared, name):
    hold_model((shared / "models" / f"{name}.tflite").read_bytes(), samples=20)


@pytest.mark.parametrize("name", SMALL + LARGE)
def test_showing_every_tensor_changes_no_bit_of_the_outputs(shared, name):
    """What the delegate fuses when nobody looks, padding into convolutions among it, gives the same."""
    blob = (shared / "models" / f"{name}.tflite").read_bytes()
    graph = tflite.read(blob)
    inputs = generated(graph, 2, seed=1)
    written = tuple(i for op in graph.ops for i in op.outputs)
    assert with_outputs(blob, graph.outputs) == blob != with_outputs(blob, written)
    alone = record(Oracle.XNNPACK, Job(blob, inputs, graph.outputs))
    shown = record(Oracle.XNNPACK, Job(blob, inputs, written))
    assert set(shown.tensors) == set(written) and not shown.unreadable
    for index in graph.outputs:
        assert alone.tensors[index].tobytes() == shown.tensors[index].tobytes()


def test_an_operator_without_a_rule_is_refused_and_told_where_it_runs():
    picture = quantized((1, 2, 3, 5), 0.5, 0)
    paddings = constant([[0, 0], [1, 1], [1, 1], [0, 0]])
    table = options("MirrorPadOptions", mode=0)
    graph = tflite.read(model("MIRROR_PAD", [picture, paddings], quantized((1, 4, 5, 5), 0.5, 0), table))
    said = r"^operator 0 \(MIRROR_PAD\): numerics xnnpack does not cover it .*; use tflm or tflite-ref$"
    with pytest.raises(UnsupportedOperatorError, match=said):
        prepare(graph, plan(graph, CHIP), numerics=Numerics.XNNPACK)


@pytest.mark.parametrize("scales, zero", [((0.05 / 2048, 0.05, 0.05), 0), ((0.05, 16.0, 0.05), 0)])
def test_an_add_that_the_delegate_leaves_is_refused(scales, zero):
    a, b, ofm = (quantized((1, 16), scale, zero) for scale in scales)
    case = Case(model("ADD", [a, b], ofm, options("AddOptions")), (np.zeros((1, 16), np.int8),) * 2)
    assert not is_covered(case)


def telling(exact: np.ndarray, rounded: np.ndarray) -> np.ndarray:
    """Where arithmetic in float64 would give another int8 than the rule's float32."""
    inside = (np.abs(exact) < 127) & (np.abs(rounded) < 127)
    return np.flatnonzero((np.rint(exact) != np.rint(rounded)) & inside)


def test_a_mean_is_formed_in_float32_step_by_step():
    rng, one, drawn = np.random.default_rng(3), np.float32(1), []
    while len(drawn) < 40:
        count = int(rng.choice([7, 9, 16, 49, 50]))
        before, after = rng.uniform(0.01, 0.2, 2).astype(np.float32)
        zero, moved = rng.integers(-128, 128, 2).tolist()
        sums = np.arange(-128 * count, 127 * count + 1)
        scale = before / after * (one / np.float32(count))
        start = np.float32(moved) - np.float32(count) * np.float32(zero) * scale
        exact = moved + (sums - zero * count) * (float(before) / float(after) / count)
        for at in telling(exact, sums.astype(np.float32) * scale + start)[:1]:
            each, more = divmod(int(sums[at]), count)
            ifm = np.where(np.arange(count) < more, each + 1, each).astype(np.int8).reshape(1, 1, count, 1)
            spec, ofm = quantized(ifm.shape, float(before), zero), quantized((1, 1), float(after), moved)
            blob = model("MEAN", [spec, constant([1, 2])], ofm, options("ReducerOptions"))
            drawn.append(Case(blob, (ifm,), f"{spec} {ofm}"))
    assert hold(drawn) == 2 * len(drawn)


def test_a_product_is_scaled_in_float32():
    """Biases that tell: the input is at its zero point."""
    rng, drawn = np.random.default_rng(4), []
    while len(drawn) < 40:
        scales = rng.uniform(0.001, 0.2, 2).astype(np.float32)
        after = np.float32(scales[0] * scales[1] * rng.uniform(50, 5000))
        sums = np.arange(-(2**19), 2**19)
        scale = scales[0] * scales[1] / after
        exact = sums * (float(scales[0]) * float(scales[1]) / float(after))
        for at in telling(exact, sums.astype(np.float32) * scale)[:1]:
            weights = Spec((1, 1), "int8", (float(scales[1]),), (0,), 0, np.ones((1, 1), np.int8))
            total = sums[at : at + 1].astype(np.int32)
            bias = Spec((1,), "int32", (float(scales[0] * scales[1]),), (0,), 0, total)
            spec, ofm = quantized((1, 1), float(scales[0]), 0), quantized((1, 1), float(after), 0)
            blob = model("FULLY_CONNECTED", [spec, weights, bias], ofm, options("FullyConnectedOptions"))
            drawn.append(Case(blob, (np.zeros((1, 1), np.int8),), f"{spec} {ofm} {sums[at]}"))
    assert hold(drawn) == 2 * len(drawn)
