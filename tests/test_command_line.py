"""The front door: every subcommand opens, every error is one line with its exit code."""

import subprocess
import sys

import pytest

import sixmeg
from graph.errors import SixmegError


def run(*args):
    """Run `sixmeg` in a process of its own, as a user does."""
    return subprocess.run([sys.executable, "-m", "sixmeg", *map(str, args)], capture_output=True, text=True)


@pytest.mark.parametrize("command", sixmeg.COMMANDS)
def test_each_subcommand_explains_itself(command):
    shown = run(command, "--help")
    assert shown.returncode == 0
    assert f"sixmeg {command}" in shown.stdout


@pytest.mark.parametrize(
    "args",
    [
        ("gate",),
        ("gate", "nowhere.tflite"),
        ("gate", "."),
        ("gate", "nowhere.tflite", "--chip", "npu7m"),
        ("plan", "nowhere.tflite"),
        ("fps", "nowhere.tflite"),
        ("simulate", "nowhere.tflite", "--input", "x.npy", "--output", "y.npy"),
        ("compare", "nowhere.tflite", "--oracle", "tflm"),
        ("inputs", "nowhere.tflite", "--data", "nowhere", "-o", "x.npy"),
        ("evaluate", "nowhere.tflite", "--data", "nowhere"),
        ("train", "--alpha", "0.5", "--res", "100", "-o", "nowhere"),
        ("quantize", "nowhere.keras", "--data", "nowhere", "-o", "nowhere.tflite"),
        ("onnx", "nowhere.keras", "--data", "nowhere", "-o", "nowhere.onnx"),
        ("export", "nowhere.tflite", "-o", "nowhere"),
        ("report", "nowhere"),
        ("nothing",),
        ("gate", "--nothing"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_used_is_one_line_and_2(args, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused = run(*args)
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert refused.stderr.startswith("sixmeg: error: ")
    assert refused.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_ours_carries_its_exit_code(monkeypatch, capsys):
    def refuse(*_, **__):
        raise SixmegError("what, where,\nwhat to do")

    monkeypatch.setattr(sixmeg.cli, "main", refuse)
    with pytest.raises(SystemExit, match="2"):
        sixmeg.main([])
    assert capsys.readouterr().err == "sixmeg: error: what, where, what to do\n"


def test_a_bug_keeps_its_traceback(monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(sixmeg.cli, "main", fail)
    with pytest.raises(ZeroDivisionError):
        sixmeg.main([])


@pytest.mark.parametrize("name", ["tensorflow", "keras.models"])
def test_a_missing_extra_is_named(name, monkeypatch, capsys):
    def miss(*_, **__):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(sixmeg.cli, "main", miss)
    with pytest.raises(SystemExit, match="2"):
        sixmeg.main([])
    assert "pip install 'sixmeg[train]'" in capsys.readouterr().err


def test_a_full_disk_is_one_line_and_2(monkeypatch, capsys):
    def fail(*_, **__):
        raise OSError(28, "No space left on device", "plan.json")

    monkeypatch.setattr(sixmeg.cli, "main", fail)
    with pytest.raises(SystemExit, match="2"):
        sixmeg.main([])
    assert capsys.readouterr().err == "sixmeg: error: plan.json: No space left on device\n"
