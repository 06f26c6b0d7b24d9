"""The three changes that bring most are true: applied, they need what was said."""

import pytest

from graph import tflite
from memory_planner.chip import load
from memory_planner.gate.answer import ANY, C, Terms, answer
from memory_planner.gate.why import remedies, why
from memory_planner.reservations import with_budget
from memory_planner.streamed import c_plan

NPU6M = load("npu6m")


def asked(shared, name, budget=None, **terms):
    chip = with_budget(NPU6M, budget) if budget else NPU6M
    found = answer(str(shared / "models" / f"{name}.tflite"), Terms(chip, **terms))
    return found, why(found)


@pytest.mark.parametrize("name", ["vww_96_float", "mlperf_vww_mnv1_025_96_int8"])
def test_order_and_runtime_need_what_they_need_when_asked_for(shared, name):
    found, _ = asked(shared, name)
    all_of_them = remedies(found)
    kinds = {r.kind: r.required_bytes for r in all_of_them}
    assert kinds["order"] == asked(shared, name, planned=True)[0].fit.required_bytes
    assert kinds["stream"] == asked(shared, name, runtime=C)[0].fit.required_bytes
    assert all(r.saves_bytes == found.fit.required_bytes - r.required_bytes > 0 for r in all_of_them)


def test_res_and_alpha_are_the_largest_that_fit(shared):
    """2.5 MB are too few for MobileNetV1 1.0 at any RES, and for 0.75/224."""
    found, _ = asked(shared, "mobilenet_v1_1.0_224_imagenet1001_ptq_int8", 2_500_000, runtime=ANY)
    told = [(r.kind, r.what, r.fits) for r in remedies(found)]
    assert [remedy for remedy in told if remedy[0] in ("res", "alpha")] == [
        ("alpha", "ALPHA=0.5 instead of 1", True),
        ("res", "RES=32 instead of 224", False),
    ]


def test_what_makes_it_fit_comes_first_then_what_saves_most(shared):
    _, reasons = asked(shared, "mlperf_vww_mnv1_025_96_int8", 390_000)
    assert len(reasons.remedies) == 3
    ranks = [(not r.fits, -r.saves_bytes) for r in reasons.remedies]
    assert ranks == sorted(ranks)


def test_the_layers_that_our_own_c_would_stream_are_named(shared):
    found, _ = asked(shared, "mlperf_vww_mnv1_025_96_int8", runtime=ANY)
    (remedy,) = [r for r in remedies(found) if r.kind == "stream"]
    made = c_plan(tflite.read_file(found.model), NPU6M)
    assert remedy.saves_bytes == found.fit.arena_bytes - made.arena_bytes > 0
    (streamed,) = [step for step in made.schedule.steps if len(step.ops) > 1]
    assert f"operator {streamed.ops[0]} " in remedy.what
    assert f"operator {streamed.ops[-1]} " in remedy.what


@pytest.mark.parametrize("name", ["tflm_micro_speech_int8", "mlperf_ad01_autoencoder_int8"])
def test_a_network_without_pictures_has_reasons_too(shared, name):
    assert all(r.kind in ("order", "stream", "alpha") for r in asked(shared, name)[1].remedies)
