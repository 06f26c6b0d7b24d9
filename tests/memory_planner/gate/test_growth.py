"""What grew since a baseline: the parts, the tensors, and the limit."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_planner.chip import load
from memory_planner.fit import Fit, WorstStep
from memory_planner.gate.answer import ANY, Answer, Kept, Terms
from memory_planner.gate.growth import BaselineError, growth, limit, read

TERMS = Terms(load("npu6m"), ANY)
FIT = Fit(
    True, 10_000, 1_000, "all", 600, 500, 100, 0, 400, 400, 700, 9_000, 0, WorstStep(0, 0, "", 0, ()), "", ()
)
KEPT = (Kept("a", "activation", 100), Kept("w", "constant", 500))
ANSWER = Answer("models/m.tflite", TERMS, FIT, None, None, KEPT)


def grown(kept=KEPT, **fit):
    return replace(ANSWER, fit=replace(FIT, **fit), kept=tuple(kept))


def baseline(tmp_path, content):
    (tmp_path / "base.json").write_text(json.dumps(content))
    return read(str(tmp_path / "base.json"))


def test_nothing_grew_in_the_same_model(tmp_path):
    found = growth(ANSWER, baseline(tmp_path, ANSWER.as_json()))
    assert (found.is_known, found.growth_bytes, found.parts, found.tensors) == (True, 0, (), ())


def test_what_grew_shrank_came_and_went_is_told_the_largest_growth_first(tmp_path):
    now = grown(
        [Kept("w", "constant", 505), Kept("n", "constant", 7)], required_bytes=1_012, weights_bytes=612
    )
    found = growth(now, baseline(tmp_path, ANSWER.as_json()))
    assert [(c.name, c.growth_bytes) for c in found.parts] == [("required_bytes", 12), ("weights_bytes", 12)]
    assert [(c.name, c.before_bytes, c.after_bytes) for c in found.tensors] == [
        ("n", None, 7),
        ("w", 500, 505),
        ("a", 100, None),
    ]


def test_two_tensors_of_one_name_are_told_apart(tmp_path):
    twins = [Kept("x", "constant", 3), Kept("x", "constant", 5)]
    before = baseline(tmp_path, grown(twins).as_json())
    found = growth(grown([twins[0], Kept("x", "constant", 9)]), before)
    assert [(c.before_bytes, c.after_bytes) for c in found.tensors] == [(5, 9)]


def test_a_model_that_is_not_in_the_baseline_is_new_and_never_grew_too_much(tmp_path):
    found = growth(ANSWER, baseline(tmp_path, {**ANSWER.as_json(), "model": "other", "path": "other"}))
    assert not found.is_known
    assert not found.exceeds(limit("0"))


def test_of_several_models_each_finds_its_own_by_path(tmp_path):
    second = replace(grown(required_bytes=2_000), model="old/m.tflite")
    before = baseline(tmp_path, {"fits": True, "models": [second.as_json(), ANSWER.as_json()]})
    assert growth(ANSWER, before).growth_bytes == 0
    assert growth(second, before).growth_bytes == 0
    assert growth(replace(ANSWER, model="elsewhere/m.tflite"), before).is_known


def test_a_plan_and_a_report_serve_as_baselines(tmp_path):
    fit = {"required_bytes": 990, "arena_bytes": 390, "weights_bytes": 600}
    buffers = [{"name": "a", "size_bytes": 90}]
    plan = {"model": "m.tflite", "arena_bytes": 390, "fit": fit, "buffers": buffers}
    report = {"model": {"name": "m"}, "memory": {**fit, "buffers": buffers}}
    for content in (plan, report):
        found = growth(ANSWER, baseline(tmp_path, content))
        assert (found.growth_bytes, found.parts[-1].name) == (10, "arena_bytes")
        assert [(c.name, c.growth_bytes) for c in found.tensors] == [("a", 10)]  # no word of constants


@pytest.mark.parametrize(
    "told", ['{"runtime": "tflm"}', "[]", "{}", "nonsense", '{"models": [{}]}', "\xff", '{"model": 3}']
)
def test_what_is_no_report_is_refused_in_one_line(tmp_path, told):
    (tmp_path / "base.json").write_text(told, encoding="latin-1")
    with pytest.raises(BaselineError, match=r"base.json: .*sixmeg gate --json"):
        read(str(tmp_path / "base.json"))


@pytest.mark.parametrize(("key", "value"), [("runtime", "tflm"), ("planned", True)])
def test_a_baseline_on_other_terms_is_refused(tmp_path, key, value):
    before = baseline(tmp_path, {**ANSWER.as_json(), key: value})
    with pytest.raises(BaselineError, match=f"--{key}"):
        growth(ANSWER, before)


@pytest.mark.parametrize("told", ["", "%", "-1%", "2 percent", "1.234%", "lots", "9" * 99 + "%"])
def test_what_is_no_limit_is_refused(told):
    with pytest.raises(BaselineError, match="--max-growth"):
        limit(told)


@given(st.integers(1, 10**7), st.integers(0, 10_000))
def test_a_share_allows_just_that_share(before, hundredths):
    allowed = limit(f"{hundredths // 100}.{hundredths % 100:02}%").bytes_of(before)
    assert allowed * 10_000 <= before * hundredths < (allowed + 1) * 10_000


def test_one_byte_above_the_limit_is_too_much(tmp_path):
    before = baseline(tmp_path, ANSWER.as_json())
    assert not growth(grown(required_bytes=1_020), before).exceeds(limit("2%"))
    assert growth(grown(required_bytes=1_021), before).exceeds(limit("2%"))
    assert growth(grown(required_bytes=1_021), before).exceeds(limit("20"))
