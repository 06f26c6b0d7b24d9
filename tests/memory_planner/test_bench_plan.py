"""`make bench-plan`: a row for every model, and a law that is broken is said and ends with 3."""

import json
import subprocess

import pytest
from click.testing import CliRunner

from benchmarks import peers as measuring
from benchmarks import plan as bench
from benchmarks import vela
from benchmarks.peers import Figure, Peers

MODELS = ["tflm_hello_world_int8", "tflm_micro_speech_int8", "coral_invalid_model_invoking_error"]
HEAD, SRAM = 5_968, 4_096


@pytest.fixture
def measured(monkeypatch):
    monkeypatch.setattr(bench, "peers", lambda path: Peers(Figure(HEAD), Figure(SRAM, note="one left")))


def run(shared, *arguments):
    paths = [str(shared / "models" / f"{name}.tflite") for name in MODELS]
    return CliRunner().invoke(bench.main, [*paths, "--no-mobilenets", *arguments])


def test_every_model_has_a_row_with_figures_or_the_reason(shared, measured):
    done = run(shared, "--json")
    rows = {row["model"]: row for row in json.loads(done.stdout)["rows"]}
    assert done.exit_code == 0
    assert sorted(MODELS) == sorted(rows)
    speech = rows["tflm_micro_speech_int8"]
    assert {"any", "tflm", "tflm overlap", "c"} == set(speech["arenas"])
    assert HEAD == speech["arenas"]["tflm"]["arena_bytes"] == speech["arenas"]["any"]["lower_bound_bytes"]
    assert "row by row" in speech["why"]["c streamed"]
    assert "custom operator" in rows[MODELS[2]]["why"]["model"]


def test_a_plan_above_the_measured_head_is_a_broken_law(shared, monkeypatch):
    monkeypatch.setattr(bench, "peers", lambda path: Peers(Figure(HEAD - 16), Figure(None, "not installed")))
    done = run(shared)
    assert done.exit_code == bench.LAW_BROKEN
    assert "BROKEN tflm: 5,968 bytes, above TFLM's head of 5,952" in done.stdout
    assert "Vela's SRAM: not installed" in done.stdout


@pytest.mark.parametrize(
    ("change", "law"),
    [
        ({"proof": "none", "gap_bytes": 16}, "c: 16 bytes above the lower bound, and not proven"),
        ({"seconds": 1.5}, "c: 1.50 s, longer than 1 s"),
        ({"arena_bytes": 65}, "c: larger than any"),
    ],
)
def test_what_is_not_proven_or_slow_or_larger_with_overlap_is_said(change, law):
    right = {"arena_bytes": 64, "lower_bound_bytes": 64, "proof": "search", "gap_bytes": 0, "seconds": 0.5}
    found = {"any": bench.Arena(**right), "c": bench.Arena(**(right | change))}
    assert bench._broken(found | {"c": bench.Arena(**right)}, 64, is_mobilenet=True) == []
    assert bench._broken(found, None, is_mobilenet=True) == [law]


def test_a_peer_is_measured_once_for_a_file_and_again_where_it_was_not_there(tmp_path, monkeypatch):
    monkeypatch.setenv("SIXMEG_CACHE", str(tmp_path))
    monkeypatch.setattr(measuring, "_tflm", lambda blob: Figure(len(blob)))
    monkeypatch.setattr(measuring, "_wheel", lambda: "1")
    calls = []

    def missing(model):
        calls.append(model)
        raise vela.VelaError("no network", lasting=False)

    def there(model):
        calls.append(model)
        return vela.Compiled(SRAM, 2, 1)

    model = tmp_path / "m.tflite"
    model.write_bytes(b"four")
    monkeypatch.setattr(vela, "compiled", missing)
    assert measuring.peers(model) == Peers(Figure(4), Figure(None, "no network"))
    monkeypatch.setattr(vela, "compiled", there)
    answers = [measuring.peers(model) for _ in range(2)]
    assert answers == [Peers(Figure(4), Figure(SRAM, note="1 operators left to the processor"))] * 2
    assert len(calls) == 2


def test_where_vela_cannot_be_installed_the_reason_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("SIXMEG_CACHE", str(tmp_path))

    def refused(folder):
        raise subprocess.CalledProcessError(1, "pip", stderr="looking\nERROR: no matching distribution\n")

    monkeypatch.setattr(vela, "_install", refused)
    vela.python.cache_clear()
    with pytest.raises(vela.VelaError, match=r"cannot be installed: ERROR: no matching distribution$"):
        vela.python()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_named():
    done = CliRunner().invoke(bench.main, ["nowhere.tflite"])
    assert (done.exit_code, "nowhere.tflite: no such file" in done.output) == (2, True)
