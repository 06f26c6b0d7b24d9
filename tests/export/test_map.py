"""The picture of an arena: each character and each rectangle where the plan says it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from export import cli_map, map_text, memory_map
from graph import tflite
from memory_planner.chip import load
from memory_planner.streamed import c_plan

SVG = "{http://www.w3.org/2000/svg}"
BUFFER = {"shape": [1], "dtype": "int8", "role": "whole", "memory": "sram"}


def memory(buffers: list[dict[str, Any]], steps: list[int], arena: int, peak: int) -> dict[str, Any]:
    """What is drawn; `steps` are the operators of each step."""
    return {
        "arena_bytes": arena,
        "lower_bound_bytes": arena,
        "buffers": [{**BUFFER, "tensor": i, "name": f"t{i}", **b} for i, b in enumerate(buffers)],
        "memories": [{"name": "sram", "arena_bytes": arena}],
        "steps": [{"ops": list(range(count))} for count in steps],
        "worst_step": {"step": peak, "kind": "ADD", "live_bytes": arena},
    }


# Two steps: half the arena for both, the upper half for the second alone.
TWO = memory(
    [
        {"start": 0, "end": 2, "offset": 0, "size_bytes": 500},
        {"start": 1, "end": 2, "offset": 500, "size_bytes": 500},
    ],
    steps=[1, 1],
    arena=1000,
    peak=1,
)


def test_a_character_is_the_buffer_that_lies_there() -> None:
    half = (map_text.WIDTH - map_text.AXIS) // 2
    lines = map_text.draw(TWO).splitlines()
    assert [line[map_text.AXIS :] for line in lines[:10]] == ["." * half + "B" * half] * 10
    assert [line[map_text.AXIS :] for line in lines[10:20]] == ["A" * 2 * half] * 10
    assert [line[: map_text.AXIS] for line in (lines[0], lines[19])] == ["     1,000 |", "         0 |"]
    assert lines[20][map_text.AXIS :] == "-" * half + "^" * half
    assert lines[21][map_text.AXIS :].split() == ["0", "1"]
    assert lines[22] == "fullest step 1: ADD, 1,000 bytes alive"
    assert [line.split()[0] for line in lines[23:]] == ["A", "B"]


def test_a_place_that_is_mostly_free_is_a_dot() -> None:
    thin = [{**TWO["buffers"][0], "size_bytes": size} for size in (24, 26)]
    bottoms = [map_text.draw({**TWO, "buffers": [b]}).splitlines()[19] for b in thin]
    assert [set(line[map_text.AXIS :]) for line in bottoms] == [{"."}, {"A"}]


def test_a_streamed_step_is_as_wide_as_it_has_operators_and_its_rings_are_bands() -> None:
    ring = {"start": 1, "end": 2, "offset": 0, "size_bytes": 500, "role": "ring"}
    whole = {"start": 0, "end": 1, "offset": 0, "size_bytes": 1000}
    streamed = memory([whole, ring], steps=[1, 3], arena=1000, peak=1)
    quarter = (map_text.WIDTH - map_text.AXIS) // 4
    line = map_text.draw(streamed).splitlines()[19]
    assert line[map_text.AXIS :] == "A" * quarter + "b" * 3 * quarter
    first, second = memory_map.layout(streamed, None).rects
    assert (first.is_band, second.is_band) == (False, True)
    assert second.width == pytest.approx(3 * first.width, abs=0.02)


@pytest.mark.parametrize("operators", [1, 7, 68, 69, 500])
def test_no_line_is_longer_than_a_terminal(operators: int) -> None:
    buffers = [
        {"start": i, "end": min(i + 2, operators), "offset": 64 * (i % 2), "size_bytes": 64, "name": "n" * 90}
        for i in range(operators)
    ]
    drawn = map_text.draw(memory(buffers, [1] * operators, 128, operators - 1)).splitlines()
    assert max(map(len, drawn)) <= map_text.WIDTH
    assert drawn[20].endswith("^")


def test_arenas_of_several_memories_stand_one_above_the_other() -> None:
    split = {
        **TWO,
        "memories": [{"name": "tcm", "arena_bytes": 500}, {"name": "sram", "arena_bytes": 500}],
        "buffers": [{**TWO["buffers"][0], "memory": "tcm"}, {**TWO["buffers"][1], "offset": 0}],
    }
    assert map_text.draw(split).splitlines()[:21] == map_text.draw(TWO).splitlines()[:21]


@pytest.fixture
def resnet(shared: Path) -> str:
    return str(shared / "models" / "mlperf_ic_resnet8_large_int8.tflite")


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli_map.map, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_the_picture_of_the_docs_is_what_is_printed(resnet: str) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "plan.md").read_text()
    assert run(resnet) in page


def drawn_tensors(svg: Path) -> list[str]:
    tree = ElementTree.parse(svg)
    return [r.attrib["data-tensor"] for r in tree.iter(f"{SVG}rect") if "data-tensor" in r.attrib]


@pytest.mark.parametrize("runtime", cli_map.RUNTIMES)
def test_the_svg_stands_alone_and_has_each_buffer(resnet: str, tmp_path: Path, runtime: str) -> None:
    told = run(resnet, "--runtime", runtime, "-o", str(tmp_path / "map.svg"))
    count = int(re.search(r"(\d+) buffers", told)[1])
    assert len(drawn_tensors(tmp_path / "map.svg")) == count
    text = (tmp_path / "map.svg").read_text()
    assert re.findall(r"(?:href|src)=|url\(|@import|<script", text) == []
    run(resnet, "--runtime", runtime, "-o", str(tmp_path / "again.svg"))
    assert (tmp_path / "again.svg").read_text() == text


def test_tflms_head_shows_the_scratch_of_its_kernels(shared: Path, tmp_path: Path) -> None:
    svg = tmp_path / "map.svg"
    run(str(shared / "models" / "tflm_mnist_lstm_int8.tflite"), "--runtime", "tflm", "-o", str(svg))
    assert "-1" in drawn_tensors(svg)
    assert "scratch of operator" in svg.read_text()


def test_a_streamed_plan_is_drawn_with_all_that_its_steps_work_in(shared: Path, tmp_path: Path) -> None:
    model, svg = shared / "models" / "mlperf_vww_mnv1_025_96_int8.tflite", tmp_path / "map.svg"
    made = c_plan(tflite.read_file(model), load("npu6m"))
    run(str(model), "--runtime", "c", "-o", str(svg))
    assert len(drawn_tensors(svg)) == len(made.buffers)
    assert svg.read_text().count(' band">') == sum(b.role != "whole" for b in made.buffers) > 0
    text = run(str(model), "--runtime", "c")
    assert {"d", "D"} & set(text.splitlines()[15]) == {"d"}


def test_what_another_runtime_cannot_do_is_refused(resnet: str) -> None:
    result = CliRunner().invoke(cli_map.map, [resnet, "--runtime", "tflm", "--input", "streamed"])
    assert result.exit_code == 2
    assert "--runtime c alone" in result.output
