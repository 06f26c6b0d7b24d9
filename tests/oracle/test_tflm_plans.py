"""Planned models on TensorFlow Lite Micro: the recorded head is the plan's, outputs are the original's."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph import file_facts, tflite
from graph.errors import ModelError, OracleError
from graph.offline_plan import with_offline_plan
from memory_planner.tflm import sharing
from memory_planner.tflm.overlap import Kernels
from memory_planner.tflm.planning import tflm_plan
from memory_planner.tflm.replay import Replay, replay
from tests.oracle.allocations import AMPLE_BYTES, allocations
from tests.oracle.branches import branching

pytest.importorskip("tflite_micro", reason="needs the oracle extra")

ALLOCATED_ONLY = {"coral_movenet_lightning_ptq"}
"""Models with an operator that the runtime prepares and then does not run."""
OVERLAPPED = ("mltk_anomaly_detection", "tflm_micro_speech_int8", "tinymaix_cifar10_q")
LARGE = {"mobilenet_v1_1.0_224_imagenet1001_ptq_int8", "tinyengine_mcunetv2_large"}


def planned(shared: Path) -> dict[str, tuple[bytes, bytes, int]]:
    """By name: the model, the planned model, and the plan's arena, of every model that can be planned."""
    found = {}
    for path in sorted((shared / "models").glob("*.tflite")):
        blob = path.read_bytes()
        try:
            made = tflm_plan(tflite.read(blob), file_facts.read(blob))
        except ModelError:
            continue
        after = with_offline_plan(blob, made.plan.schedule.op_order, made.offline_offsets)
        found[path.stem] = blob, after, made.plan.arena_bytes
    return found


def test_the_recorded_head_of_every_planned_model_is_the_plans_arena(shared):
    models = planned(shared)
    answers = allocations([(after, AMPLE_BYTES + 8 * len(after)) for _, after, _ in models.values()])
    heads = {name: told and told.head_bytes for name, told in zip(models, answers, strict=True)}
    assert heads == {name: arena for name, (_, _, arena) in models.items()}


def test_planned_models_have_the_outputs_of_the_originals(shared):
    for name, (before, after, _) in planned(shared).items():
        if name not in ALLOCATED_ONLY | LARGE:
            assert replay(before, after, samples=2) == Replay(2, 0, None), name


@pytest.mark.slow
def test_planned_models_have_the_outputs_of_the_originals_on_many_inputs(shared):
    for name, (before, after, _) in planned(shared).items():
        if name not in ALLOCATED_ONLY:
            samples = 5 if name in LARGE else 200
            assert replay(before, after, samples) == Replay(samples, 0, None), name


def test_a_better_order_is_carried_inside_the_file():
    blob = branching()
    made = tflm_plan(tflite.read(blob), file_facts.read(blob))
    after = with_offline_plan(blob, made.plan.schedule.op_order, made.offline_offsets)
    (told,) = allocations([(after, AMPLE_BYTES)])
    assert made.plan.schedule.op_order == (0, 2, 1, 3, 4)
    assert told.head_bytes == made.plan.arena_bytes == 96 + 304 + 16
    assert replay(blob, after, samples=20) == Replay(20, 0, None)


def test_a_replay_sees_a_plan_that_overlaps_what_is_still_needed(shared):
    blob = (shared / "models" / "tinymaix_cifar10_q.tflite").read_bytes()
    graph = tflite.read(blob)
    made = tflm_plan(graph, file_facts.read(blob))
    broken = [offset if offset < 0 else 0 for offset in made.offline_offsets]
    answer = replay(blob, with_offline_plan(blob, made.plan.schedule.op_order, broken), samples=8)
    assert answer.different > 0
    assert answer.first is not None


def test_a_model_that_the_runtime_does_not_run_ends_the_replay_in_one_line(shared):
    blob = (shared / "models" / "coral_movenet_lightning_ptq.tflite").read_bytes()
    with pytest.raises(OracleError, match="Interpreter invocation failed") as refused:
        replay(blob, blob, samples=1)
    assert "\n" not in str(refused.value)


def overlapped(blob: bytes) -> tuple[bytes, int]:
    made = tflm_plan(tflite.read(blob), file_facts.read(blob), Kernels.REFERENCE)
    return with_offline_plan(blob, made.plan.schedule.op_order, made.offline_offsets), made.plan.arena_bytes


def test_overlapped_models_have_the_plans_head_and_the_outputs_of_the_originals(shared):
    for name in OVERLAPPED:
        blob = (shared / "models" / f"{name}.tflite").read_bytes()
        after, arena_bytes = overlapped(blob)
        (told,) = allocations([(after, AMPLE_BYTES + 8 * len(after))])
        assert told.head_bytes == arena_bytes, name
        assert replay(blob, after, samples=6) == Replay(6, 0, None), name


def test_vww_needs_half_the_head_that_the_runtime_takes_by_itself(shared):
    blob = (shared / "models" / "mlperf_vww_mnv1_025_96_int8.tflite").read_bytes()
    after, arena_bytes = overlapped(blob)
    assert arena_bytes == 36_880
    assert replay(blob, after, samples=12) == Replay(12, 0, None)


@pytest.mark.slow
def test_every_overlapped_model_has_the_outputs_of_the_original_on_many_inputs(shared):
    for name, (before, _, plain_bytes) in planned(shared).items():
        after, arena_bytes = overlapped(before)
        assert arena_bytes <= plain_bytes, name
        if name not in ALLOCATED_ONLY:
            samples = 6 if name in LARGE else 203
            assert replay(before, after, samples) == Replay(samples, 0, None), name


def test_a_replay_sees_an_overlap_that_is_too_tight(shared, monkeypatch):
    blob = (shared / "models" / "tinymaix_cifar10_q.tflite").read_bytes()
    right = sharing.least_distance

    def too_tight(graph, op, source, kernels):
        least = right(graph, op, source, kernels)
        return least and least - 64

    monkeypatch.setattr(sharing, "least_distance", too_tight)
    after, _ = overlapped(blob)
    assert replay(blob, after, samples=8).different > 0
