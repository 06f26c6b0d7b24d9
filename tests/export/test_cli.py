"""`sixmeg export` and `sixmeg report`, as a user runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sixmeg


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        sixmeg.main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


def test_report_finds_all_by_itself_and_writes_both_files(build: Path, capsys) -> None:
    code, out, _ = run(capsys, "report", build)
    assert code == 0
    assert out.splitlines()[0] == "Fits npu6m"
    assert json.loads((build / "report.json").read_text())["missing"] == []
    assert "<h1" in (build / "report.html").read_text()
    assert sorted(p.name for p in build.iterdir()) == ["fps.json", "plan.json", "report.html", "report.json"]


def test_verdict_alone_writes_nothing(build: Path, capsys) -> None:
    code, out, _ = run(capsys, "report", build, "--verdict")
    assert (code, len(out.splitlines())) == (0, 5)
    assert sorted(p.name for p in build.iterdir()) == ["fps.json", "plan.json"]


def test_json_prints_what_the_file_would_hold(build: Path, capsys) -> None:
    _, printed, _ = run(capsys, "report", build, "--json")
    run(capsys, "report", build)
    assert printed == (build / "report.json").read_text()


def test_files_may_be_named_one_by_one(build: Path, tmp_path: Path, capsys) -> None:
    target = tmp_path / "out" / "mine.json"
    named = ["--plan", build / "plan.json", "--fps", build / "fps.json", "--name", "mine"]
    code, _, _ = run(capsys, "report", *named, "-o", target)
    made = json.loads(target.read_text())
    assert (code, made["model"]["name"], made["accuracy"]) == (0, "mine", None)
    assert target.with_suffix(".html").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["report"], "nothing to report on"),
        (["report", "absent"], "no such folder"),
        (["report", "--plan", "absent.json"], "absent.json: No such file"),
        (["export", "absent.tflite", "-o", "out"], "absent.tflite: No such file"),
    ],
)
def test_a_user_s_error_is_one_line_and_code_2(arguments: list[str], message: str, capsys) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("sixmeg: error: ") and err.count("\n") == 1
    assert message in err


@pytest.fixture
def vww(shared: Path) -> Path:
    return shared / "models" / "mlperf_vww_mnv1_025_96_int8.tflite"


def test_export_writes_the_folder_with_golden_outputs_of_the_runtime(
    vww: Path, tmp_path: Path, capsys
) -> None:
    pytest.importorskip("tflite_micro", reason="needs the tflite-micro wheel (the oracle extra)")
    folder, pictures = tmp_path / "firmware", np.zeros((2, 96, 96, 3), np.uint8)
    pictures[1] = np.arange(96, dtype=np.uint8)[:, None, None]
    np.save(tmp_path / "x.npy", pictures)
    pixels = ["--pixel-scale", "1/255", "--pixel-offset", "0"]
    code, _, err = run(capsys, "export", vww, "--input", tmp_path / "x.npy", *pixels, "-o", folder)
    assert (code, err) == (0, "")
    golden = json.loads((folder / "golden.json").read_text())
    assert [v["source"] for v in golden["vectors"]][:3] == [
        *("given, number 0", "given, number 1", "every element the zero point"),
    ]
    assert (folder / "model.tflite").read_bytes() == vww.read_bytes()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["tflm"]["head_bytes"] == manifest["tflm_plan"]["head_bytes"] == 55_296
    assert runtime_outputs(folder) == [v["outputs"][0]["base64"] for v in golden["vectors"]]


def runtime_outputs(folder: Path) -> list[str]:
    """The outputs that tflite-micro gives for the folder's own golden inputs, in a process of its own."""
    script = """
import base64, json, pathlib, sys
import numpy as np
from tflite_micro import runtime
folder = pathlib.Path(sys.argv[1])
golden = json.loads((folder / "golden.json").read_text())
plan = json.loads((folder / "manifest.json").read_text())["tflm_plan"]
arena = plan["tensor_arena"]["host"]["arena_bytes"]
interpreter = runtime.Interpreter.from_bytes((folder / "planned.tflite").read_bytes(), arena_size=arena)
outputs = []
for vector in golden["vectors"]:
    values = np.frombuffer(base64.b64decode(vector["input"]["base64"]), golden["input"]["dtype"])
    interpreter.set_input(values.reshape(golden["input"]["shape"]), 0)
    interpreter.invoke()
    outputs.append(base64.b64encode(interpreter.get_output(0).tobytes()).decode())
print(json.dumps(outputs))
"""
    command = [sys.executable, "-c", script, str(folder)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_two_exports_of_a_real_model_are_the_same_bytes(vww: Path, tmp_path: Path, capsys) -> None:
    contents = []
    for name in ("one", "two"):
        assert run(capsys, "export", vww, "--seed", 3, "-o", tmp_path / name)[0] == 0
        contents.append({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()})
    assert contents[0] == contents[1]
    assert str(tmp_path).encode() not in b"".join(contents[0].values())


def test_the_manifest_names_calibration_and_oracles(vww: Path, tmp_path: Path, capsys) -> None:
    calibration, comparison = tmp_path / "calibration.json", tmp_path / "compare_tflm.json"
    listed = {
        "data": "../pictures/flowers",
        "split": "train",
        "seed": 5,
        "samples": [{}] * 3,
        "sha256": "ab" * 32,
    }
    calibration.write_text(json.dumps(listed))
    comparison.write_text(json.dumps({"oracle": "tflm", "bytes_compared": 97, "bytes_different": 0}))
    given = ["--calibration", calibration, "--compare", comparison]
    assert run(capsys, "export", vww, *given, "-o", tmp_path / "firmware")[0] == 0
    manifest = json.loads((tmp_path / "firmware" / "manifest.json").read_text())
    expected = {"sha256": "ab" * 32, "samples": 3, "data": "flowers", "split": "train", "seed": 5}
    assert manifest["calibration"] == {**expected, "data_sha256": None}
    assert (manifest["oracles"][0]["oracle"], manifest["oracles"][0]["bytes_compared"]) == ("tflm", 97)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--pixel-scale", "2/255"], "go together"),
        (["--calibration", "list.json"], "no list of calibration samples"),
        (["--compare", "compare.json"], "is of another model"),
        (["--input", "absent.npy"], "absent.npy: No such file"),
    ],
)
def test_an_option_that_cannot_be_used_leaves_no_folder(
    vww: Path, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch, options: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list.json").write_text("{}")
    Path("compare.json").write_text(json.dumps({"oracle": "tflm", "model_sha256": "00" * 32}))
    code, _, err = run(capsys, "export", vww, *options, "-o", "firmware")
    assert (code, err.count("\n")) == (2, 1)
    assert message in err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["compare.json", "list.json"]
