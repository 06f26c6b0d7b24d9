"""report.json: what the stages said, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from export import report_html, stages, verdict
from export.errors import ExportError
from export.report import report
from files import write_json
from tests.export.conftest import BOARDS

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "docs" / "report.schema.json").read_text())


def made_from(folder: Path) -> dict:
    return report(stages.read(*stages.paths_in(folder)))


def stage(folder: Path, name: str) -> dict:
    return json.loads((folder / name).read_text())


def check(content: dict) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(content)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_a_whole_build_gives_a_whole_report(build: Path) -> None:
    made = made_from(build)
    check(made)
    assert made["missing"] == []
    assert made["model"] == {"name": "mobilenet_v1_0.5_160", "sha256": "ab" * 32, "file_bytes": 4321}
    plan, fps = stage(build, "plan.json"), stage(build, "fps.json")
    assert made["memory"]["buffers"] == plan["buffers"]
    assert made["memory"]["arena_bytes"] == plan["arena_bytes"]
    assert made["speed"]["layers"] == fps["layers"]
    assert made["speed"]["assumptions"] == fps["assumptions"]
    assert [c["oracle"] for c in made["bits"]] == ["tflite-ref", "tflm"]
    assert sorted(made["sources"]) == [
        *("accuracy.json", "compare_tflite-ref.json", "compare_tflm.json", "fps.json", "onnx.json"),
        *("plan.json", "quantize.json", "train.json"),
    ]


def test_emulated_boards_stand_in_the_report_where_they_were_tried(build: Path, tmp_path: Path) -> None:
    paths, comparisons = stages.paths_in(build)
    write_json(tmp_path / "firmware_test.json", BOARDS)
    untold = report(stages.read(paths, comparisons))
    made = report(stages.read({**paths, "boards": tmp_path / "firmware_test.json"}, comparisons))
    check(made)
    assert (untold["boards"], untold["missing"]) == (None, [])
    assert made["boards"] == {key: BOARDS[key] for key in ("input", "pass", "machines")}
    assert verdict.lines(made)[-1] == (
        "boards: cortex-m55 PASS, 6,226,531 instructions;"
        " cortex-m7 FAIL, does not link: CHIP lacks 1,231 bytes"
    )
    text = report_html.page(made)
    assert 'data-key="boards.machines.0.instructions"' in text
    assert "CHIP lacks 1,231 bytes" in text


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"chip": "k210"}, "of different chips"), ({"model_sha256": "9" * 64}, "about different models")],
)
def test_boards_of_another_model_or_chip_are_refused(build: Path, tmp_path: Path, changed, said) -> None:
    paths, comparisons = stages.paths_in(build)
    write_json(tmp_path / "firmware_test.json", {**BOARDS, **changed})
    with pytest.raises(ExportError, match=said):
        report(stages.read({**paths, "boards": tmp_path / "firmware_test.json"}, comparisons))


def test_the_verdict_repeats_its_parts(build: Path) -> None:
    made = made_from(build)
    answer, memory = made["verdict"], made["memory"]
    for key in ("fits", "required_bytes", "budget_bytes", "margin_bytes", "margin_to_6000000_bytes"):
        assert answer[key] == memory[key]
    assert answer["fps"] == made["speed"]["fps"]
    assert (answer["float_top1"], answer["int8_top1"], answer["agreement"]) == (0.6312, 0.6289, 0.9713)
    assert [o["bytes_different"] for o in answer["oracles"]] == [17, 0]


def test_plan_and_fps_alone_are_enough_and_the_rest_is_named_with_its_command(build: Path) -> None:
    for path in build.parent.glob("*.json"):
        path.unlink()
    made = made_from(build)
    check(made)
    assert made["model"]["name"] == "model"
    assert [m["part"] for m in made["missing"]] == ["accuracy", "bits", "training", "onnx", "quantization"]
    assert [made[m["part"]] for m in made["missing"]] == [None] * 5
    assert made["missing"][0]["command"].startswith("sixmeg evaluate")


@pytest.mark.parametrize("name", ["plan.json", "fps.json"])
def test_either_of_plan_and_fps_may_be_missing(build: Path, name: str) -> None:
    (build / name).unlink()
    made = made_from(build)
    check(made)
    assert [m["file"] for m in made["missing"]] == [name]
    assert made["chip"] == "npu6m"


def test_two_reports_of_the_same_files_are_the_same(build: Path) -> None:
    assert made_from(build) == made_from(build)


@pytest.mark.parametrize(
    ("path", "change", "message"),
    [
        ("npu6m/plan.json", {"fit": {}}, "plan.json has no 'fits'"),
        ("npu6m/fps.json", {"layers": [{}]}, "fps.json has no 'op'"),
        ("accuracy.json", {"model_sha256": "99" * 32}, "accuracy.json and quantize.json are about different"),
        ("onnx.json", {"float_sha256": "99" * 32}, "onnx.json and quantize.json are about different"),
        ("npu6m/fps.json", {"chip": "gap8"}, r"different chips \(gap8, npu6m\)"),
        ("compare_tflm.json", {"model_sha256": "99" * 32}, "compare_tflm.json and"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(
    build: Path, path: str, change: dict, message: str
) -> None:
    target = build.parent / path
    target.write_text(json.dumps({**json.loads(target.read_text()), **change}))
    with pytest.raises(ExportError, match=message):
        made_from(build)


@pytest.mark.parametrize("content", ["", "[1]", "{", '"x"', "\xff"])
def test_a_file_that_is_no_json_object_is_refused_by_name(build: Path, content: str) -> None:
    (build / "plan.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(ExportError, match=r"plan\.json: "):
        made_from(build)


def test_a_folder_without_stages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no such folder"):
        stages.paths_in(tmp_path / "absent")
    with pytest.raises(ExportError, match="neither plan"):
        stages.paths_in(tmp_path)


def test_the_words_say_the_figures(build: Path) -> None:
    made = made_from(build)
    assert verdict.headline(made) == "Fits npu6m"
    memory, speed, accuracy, bits = verdict.lines(made)
    assert f"{made['verdict']['required_bytes']:,} of 6,291,456 bytes" in memory
    assert f"{made['speed']['fps']:.1f} fps estimated on npu6m" in speed
    assert (
        accuracy == "accuracy: int8 62.9 %, float 63.1 %, same answer 97.1 % of 10,007 pictures (flowers.tar)"
    )
    assert "17 of 1,234,577 bytes differ from tflite-ref (0.dev1); 0 of" in bits


def test_operators_in_floating_point_are_named_as_what_no_int8_chip_runs(build: Path) -> None:
    assert made_from(build)["float_operators"] == []
    plan = stage(build, "plan.json")
    plan["float_operators"] = [{"op": 2, "kind": "SOFTMAX", "dtype": "float32"}]
    (build / "plan.json").write_text(json.dumps(plan))
    made = made_from(build)
    check(made)
    assert made["float_operators"] == plan["float_operators"]
    warned = "1 operator computes in floating point, which no int8 chip runs: 2 (SOFTMAX)"
    assert verdict.lines(made)[-1] == f"floats: {warned}"
    del plan["float_operators"]
    (build / "plan.json").write_text(json.dumps(plan))
    check(made_from(build))
    assert made_from(build)["float_operators"] is None


def test_over_budget_is_said_with_how_much(build: Path) -> None:
    plan = stage(build, "plan.json")
    plan["fit"] |= {"fits": False, "budget_bytes": 100, "margin_bytes": 100 - plan["fit"]["required_bytes"]}
    (build / "plan.json").write_text(json.dumps(plan))
    made = made_from(build)
    check(made)
    assert verdict.headline(made) == "Does not fit npu6m"
    assert f"{plan['fit']['required_bytes'] - 100:,} too many" in verdict.lines(made)[0]


def test_without_a_plan_no_verdict_is_made_up(build: Path) -> None:
    (build / "plan.json").unlink()
    made = made_from(build)
    assert verdict.headline(made) == "Not planned yet"
    assert verdict.lines(made)[0].startswith("memory: not known; run sixmeg plan")
