"""The Action, the GitLab job and the pre-commit hook do what docs/gate.md says, run in a shell."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
PAGE = (ROOT / "docs" / "gate.md").read_text()
SNIPPETS = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.S)]
GITLAB = next(s["sixmeg-gate"] for s in SNIPPETS if "sixmeg-gate" in s)
INSTALL = "pip install"  # what the tests leave out: sixmeg is there


@pytest.fixture
def folder(tmp_path, shared):
    """A project with two models, and `sixmeg` on its PATH."""
    (tmp_path / "models").mkdir()
    for name in ("tflm_micro_speech_int8", "tflm_hello_world_int8"):
        blob = (shared / "models" / f"{name}.tflite").read_bytes()
        (tmp_path / "models" / f"{name}.tflite").write_bytes(blob)
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "sixmeg"
    script.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {ROOT}/.venv/bin/python -m sixmeg "$@"\n')
    script.chmod(0o755)
    return tmp_path


def shell(folder, script, **environment):
    """As both hosts run a step: bash that stops at the first failure."""
    found = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": str(folder), **environment}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        capture_output=True, text=True, cwd=folder, env=found,
    )  # fmt: skip


def act(folder, **inputs):
    """The Action's own steps, inputs put in as the host does."""
    known = {name: str(spec["default"]) for name, spec in ACTION["inputs"].items()}
    assert set(inputs) <= set(known)
    summary = folder / "summary.md"
    for step in ACTION["runs"]["steps"]:
        if "uses" in step or INSTALL in step["run"]:
            continue
        environment = {
            key: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: {**known, **inputs}[m[1]], value)
            for key, value in step.get("env", {}).items()
        }
        done = shell(folder, step["run"], GITHUB_STEP_SUMMARY=str(summary), **environment)
    return done, summary.read_text() if summary.exists() else ""


def test_the_action_annotates_summarizes_and_reports(folder):
    done, summary = act(folder, models="models/*.tflite")
    assert done.returncode == 0, done.stderr
    assert [line[:8] for line in done.stdout.splitlines()] == ["::notice", "::notice"]
    assert summary.count("| fits |") == 2
    assert len(json.loads((folder / "sixmeg-gate.json").read_text())["models"]) == 2


def test_the_action_fails_where_a_model_is_over_budget(folder):
    done, summary = act(folder, models="models/*.tflite", budget="5KB", sarif="gate.sarif")
    assert done.returncode == 3
    assert "::error file=models/tflm_micro_speech_int8.tflite" in done.stdout
    assert "| over budget |" in summary
    assert json.loads((folder / "gate.sarif").read_text())["runs"][0]["results"]


def test_the_actions_report_is_the_next_baseline(folder):
    act(folder, models="models/*.tflite")
    inputs = {"baseline": "sixmeg-gate.json", "max-growth": "0"}
    assert act(folder, models="models/*.tflite", **inputs)[0].returncode == 0


def test_the_action_refuses_a_pattern_that_matches_nothing(folder):
    done, _ = act(folder, models="nowhere/*.tflite")
    assert (done.returncode, done.stdout) == (2, "::error title=sixmeg::no file matches nowhere/*.tflite\n")


def test_the_gitlab_job_leaves_junit_and_the_verdict(folder):
    script = "\n".join(line for line in GITLAB["script"] if INSTALL not in line)
    done = shell(folder, script, MODELS=GITLAB["variables"]["MODELS"])
    assert done.returncode == 0, done.stderr
    assert (folder / GITLAB["artifacts"]["reports"]["junit"]).read_text().count("<testcase") == 2


def test_the_pre_commit_hook_holds_models_to_the_projects_settings(folder):
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    (folder / "sixmeg.toml").write_text('[gate]\nbudget = "5KB"\n')
    changed = [
        str(p.relative_to(folder)) for p in sorted(folder.rglob("*")) if re.search(hook["files"], str(p))
    ]
    assert len(changed) == 2
    assert shell(folder, f"{hook['entry']} {' '.join(changed)}").returncode == 3
    (folder / "sixmeg.toml").write_text('[gate]\nbudget = "1MB"\n')
    assert shell(folder, f"{hook['entry']} {' '.join(changed)}").returncode == 0


def test_the_docs_use_inputs_and_hooks_that_are_there():
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    used = [step["with"] for s in SNIPPETS if isinstance(s, list) for step in s if "with" in step]
    assert used and all(set(inputs) <= set(ACTION["inputs"]) for inputs in used)
    hooks = [h["id"] for s in SNIPPETS if "repos" in s for repo in s["repos"] for h in repo["hooks"]]
    assert hooks == [hook["id"]]
