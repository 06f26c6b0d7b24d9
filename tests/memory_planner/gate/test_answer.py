"""What a model needs under each runtime, part by part."""

import pytest
from click.testing import CliRunner

from graph import file_facts, tflite
from graph.errors import ModelError
from memory_planner.chip import load, names
from memory_planner.cli import plan
from memory_planner.gate.answer import ANY, TFLM, C, Terms, answer
from memory_planner.plan import plan as make_plan
from memory_planner.reservations import with_budget
from memory_planner.streamed import c_plan
from memory_planner.tflm.arena import arena
from memory_planner.tflm.layout import ABIS
from tests.chips import chip_of, memory

NPU6M = load("npu6m")
VWW = "mlperf_vww_mnv1_025_96_int8"
PERSON = "tflm_person_detect_mnv1_025_96_int8"


@pytest.fixture
def held(shared):
    return lambda model, **terms: answer(str(shared / "models" / f"{model}.tflite"), Terms(NPU6M, **terms))


@pytest.mark.parametrize("abi", ABIS)
def test_tflm_needs_the_whole_file_and_its_exact_arena(held, shared, abi):
    found, path = held(VWW, abi=abi), shared / "models" / f"{VWW}.tflite"
    needed = arena(tflite.read_file(path), file_facts.read(path.read_bytes()), ABIS[abi])
    assert found.fit.arena_bytes == needed.arena_bytes
    assert (found.head_bytes, found.tail_bytes) == (needed.head_bytes, needed.tail_bytes)
    assert found.fit.required_bytes == path.stat().st_size + needed.arena_bytes
    assert found.fit.margin_bytes == 6 * 2**20 - found.fit.required_bytes


@pytest.mark.parametrize("model", [VWW, "vww_96_float"])
def test_planned_counts_what_the_planned_file_needs(held, shared, tmp_path, model):
    own, planned = held(model), held(model, planned=True)
    path = tmp_path / "planned.tflite"
    done = CliRunner().invoke(
        plan, [str(shared / "models" / f"{model}.tflite"), "--runtime", "tflm", "-o", str(path)]
    )
    assert done.exit_code == 0, done.output
    carried = answer(str(path), Terms(NPU6M))
    assert planned.fit.required_bytes == carried.fit.required_bytes < own.fit.required_bytes
    assert planned.head_bytes == carried.head_bytes == 3 * own.head_bytes // 4
    assert planned.tail_bytes == own.tail_bytes


@pytest.mark.parametrize("model", [VWW, PERSON, "tflm_keyword_scrambled_8bit", "tflm_mnist_lstm_int8"])
def test_a_plan_is_never_counted_above_the_files_own(held, model):
    assert held(model, planned=True).fit.arena_bytes <= held(model).fit.arena_bytes


def test_each_runtime_counts_what_plan_makes_for_it(held, shared):
    graph = tflite.read_file(shared / "models" / f"{VWW}.tflite")
    assert held(VWW, runtime=ANY).fit.arena_bytes == make_plan(graph, NPU6M).arena_bytes
    assert held(VWW, runtime=C).fit.arena_bytes == c_plan(graph, NPU6M).arena_bytes


@pytest.mark.parametrize("runtime", [TFLM, C, ANY])
@pytest.mark.parametrize("chip", names())
def test_the_parts_add_up_on_every_chip(shared, chip, runtime):
    terms = Terms(load(chip), runtime)
    fit = answer(str(shared / "models" / f"{PERSON}.tflite"), terms).fit
    assert fit.required_bytes == fit.weights_bytes + fit.state_bytes + fit.arena_bytes
    assert fit.weights_bytes in (fit.file_bytes, fit.constants_bytes + fit.quantization_bytes)
    assert fit.arena_bytes == sum(m.arena_bytes for m in fit.memories)
    assert fit.fits == all(m.margin_bytes >= 0 for m in fit.memories)


def test_the_file_and_the_arena_lie_whole_where_both_fit(shared):
    """The file alone would fit the fast memory, but then the arena would not fit the other."""
    chip = chip_of(memory("fast", 350_000, 8), memory("slow", 310_000, 1))
    fit = answer(str(shared / "models" / f"{PERSON}.tflite"), Terms(chip)).fit
    fast, slow = fit.memories
    assert (fast.weights_bytes, slow.weights_bytes) == (0, fit.file_bytes)
    assert (fast.arena_bytes, slow.arena_bytes) == (fit.arena_bytes, 0)


def test_a_file_that_no_memory_holds_is_over_budget_by_what_is_missing(shared):
    chip = chip_of(memory("one", 200_000, 8), memory("two", 200_000, 8))
    fit = answer(str(shared / "models" / f"{PERSON}.tflite"), Terms(chip)).fit
    assert not fit.fits
    assert fit.margin_bytes == 200_000 - fit.file_bytes


def test_a_budget_is_one_memory_for_all(held, shared):
    path = str(shared / "models" / f"{PERSON}.tflite")
    needed = held(PERSON).fit.required_bytes
    for spare in (-1, 0):
        fit = answer(path, Terms(with_budget(load("stm32h747"), needed + spare))).fit
        assert (fit.fits, fit.margin_bytes) == (spare == 0, spare)


def test_what_tflm_does_not_run_is_refused_with_the_runtime_that_counts_it(held):
    with pytest.raises(ModelError, match=r"coral.*uint8 input; --runtime c counts"):
        held("coral_mobilenet_v1_0.25_128_quant_uint8")
    assert held("coral_mobilenet_v1_0.25_128_quant_uint8", runtime=C).fit.fits


def test_every_tensor_that_takes_memory_is_kept_by_name(held):
    found = held(VWW, runtime=ANY)
    constants = sum(each.size_bytes for each in found.kept if each.kind == "constant")
    assert constants == found.fit.constants_bytes
    assert max(e.size_bytes for e in found.kept if e.kind == "activation") == 48 * 48 * 16
