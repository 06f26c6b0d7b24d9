"""docs/firmware.md and docs/report.md describe what is there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from export import firmware as maker
from export import stages
from export.firmware import Firmware
from export.pixels import PixelRule
from export.report import report
from graph.types import QuantParams

DOCS = Path(__file__).resolve().parents[2] / "docs"
FIRMWARE = (DOCS / "firmware.md").read_text()
REPORT = (DOCS / "report.md").read_text()


def first_column(page: str, heading: str) -> list[str]:
    """Words in backticks of the first column of the table that follows `heading`."""
    after = page[page.index(heading) :]
    rows = re.findall(r"^\| (`.*?) \|", after[: after.index("\n\n", after.index("|---"))], re.M)
    return [word for row in rows for word in re.findall(r"`(.*?)`", row)]


@pytest.fixture
def net(firmware: Firmware) -> Firmware:
    return replace(firmware, name="net")


def test_the_files_of_the_page_are_the_files_of_the_folder(net: Firmware) -> None:
    assert sorted(first_column(FIRMWARE, "# The firmware folder")) == sorted(maker.files(net))


def test_each_macro_of_the_page_is_defined(net: Firmware) -> None:
    header = maker.files(net)["model_config.h"].decode()
    words = first_column(FIRMWARE, "| macro in `model_config.h` | is |")
    names = [w if w[0] != "_" else f"NET_INPUT{w}" for w in words if w != "model_config.h"]
    assert len(names) > 15
    for name in names:
        assert re.search(rf"(#define|typedef \w+) {re.escape(name)}\b", header), name


def test_the_keys_of_the_page_are_the_keys_of_the_manifest(net: Firmware) -> None:
    manifest = json.loads(maker.files(net)["manifest.json"])
    told = first_column(FIRMWARE, "## The manifest")
    assert sorted([*told, "schema_version"]) == sorted(manifest)


def test_the_example_compiles_against_the_folder(net: Firmware, tmp_path: Path) -> None:
    compiler = shutil.which("c++")
    if compiler is None:
        pytest.skip("needs a C++ compiler: no c++ on this machine")
    for name, content in maker.files(net).items():
        (tmp_path / name).write_bytes(content)
    example = re.search(r"```cpp\n(.*?)```", FIRMWARE, re.S)
    assert example is not None
    (tmp_path / "example.cc").write_text(example[1])
    command = [compiler, "-std=c++11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "example.cc"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == ("", 0)


def test_the_worked_example_of_pixels_is_right(firmware: Firmware) -> None:
    tensor = replace(firmware.graph.tensors[0], quant=QuantParams((2 / 255,), (-1,)))
    told = re.search(r"give (-?\d+) for pixel 0, (-?\d+) for 128 .*? and (-?\d+) for 255", FIRMWARE)
    assert told is not None
    table = PixelRule.parse("2/255", "-1").table(tensor)
    assert [int(v) for v in told.groups()] == table[[0, 128, 255]].tolist()


def test_the_keys_of_the_report_s_page_are_those_of_report_json(build: Path) -> None:
    made = report(stages.read(*stages.paths_in(build)))
    assert sorted([*first_column(REPORT, "## report.json"), "schema_version"]) == sorted(made)
