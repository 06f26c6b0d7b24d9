"""docs/largest-res.md: how it is searched, and that its tables, its picture and the planner say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import mobilenets, res
from benchmarks.largest import LOOKED_ABOVE, STEP_PX, Largest, largest
from benchmarks.pages import END
from graph.mobilenet import mobilenet_v1
from memory_planner.chip import load
from memory_planner.gate.answer import Source
from memory_planner.streamed import c_plan

PAGE = Path(__file__).resolve().parents[2] / res.PAGE
SIZES, PEAKS = (
    [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    for table in PAGE.read_text().split(res.BEGIN)[1].split(END)[0].strip().split("\n\n")
)
BUDGET = load(res.CHIP).budget_bytes
CELL = re.compile(r"\*\*([\d,]+)\*\* (?:and more )?\(([\d,]+) free(?:; [\d,]+: ([\d,]+) too many)?\)")


def number(digits: str) -> int:
    return int(digits.replace(",", ""))


def told() -> dict[float, dict[str, Largest]]:
    """The page's first table, as the search gave it."""
    table: dict[float, dict[str, Largest]] = {}
    for alpha, *cells in SIZES[2:]:
        row = table.setdefault(float(alpha), {})
        for name, cell in zip(SIZES[0][1:], cells, strict=True):
            at, free, over = CELL.fullmatch(cell).groups()
            row[name] = Largest(number(at), BUDGET - number(free), over and BUDGET + number(over))
    return table


@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=60), st.integers(0, 500), st.sampled_from([640, 1600])
)
def test_the_largest_of_needs_that_only_grow_is_that_of_trying_all(grows, budget, end):
    needs = {STEP_PX * (i + 1): sum(grows[: i + 1]) for i in range(end // STEP_PX)}
    fitting = [px for px, need in needs.items() if need <= budget]
    expected = fitting[-1] if fitting else 0
    assert largest(needs.__getitem__, budget, end).res_px == expected


@given(st.lists(st.integers(0, 9), min_size=50, max_size=50), st.integers(0, 9))
def test_whatever_is_needed_the_size_found_fits_and_none_of_those_just_above_does(needs, budget):
    end = STEP_PX * len(needs)
    found = largest(lambda px: needs[px // STEP_PX - 1], budget, end)
    at = found.res_px // STEP_PX
    assert at == 0 or needs[at - 1] == found.needed_bytes <= budget
    assert all(need > budget for need in needs[at : at + LOOKED_ABOVE])


def test_the_picture_is_drawn_from_the_table():
    assert PAGE.with_suffix(".svg").read_text() == res.picture(told())


def test_with_each_plan_that_may_do_more_the_picture_is_no_smaller():
    for row in told().values():
        sizes = [one.res_px for one in row.values()]
        assert sizes == sorted(sizes)


@pytest.mark.parametrize("alpha", [1.0])
def test_the_pages_figures_for_c_are_the_planners(alpha):
    chip = load(res.CHIP)
    for name in ("ours for C", "ours for C, from a sensor"):
        needed, one = res.ways(alpha, chip)[name], told()[alpha][name]
        assert one.needed_bytes == needed(one.res_px) <= BUDGET
        assert one.next_bytes == needed(one.res_px + STEP_PX) > BUDGET


@pytest.mark.slow
@pytest.mark.parametrize("alpha", res.ALPHAS)
def test_the_pages_figures_for_tflm_are_those_of_the_gate(alpha):
    chip = load(res.CHIP)
    for name, needed in res.ways(alpha, chip).items():
        one = told()[alpha][name]
        if "TFLM" in name:
            assert one.needed_bytes == needed(one.res_px) <= BUDGET
            assert one.next_bytes == needed(one.res_px + STEP_PX) > BUDGET


@pytest.mark.slow
@pytest.mark.parametrize(("alpha", "px"), [(0.25, 96), (0.25, 224), (0.5, 608), (0.25, 1216), (1.0, 160)])
def test_res_changes_the_bytes_of_a_file_by_its_digits_alone(alpha, px):
    kept = Source.read(str(mobilenets.files([(alpha, px)])[0]))
    assert res.file_bytes(alpha, len(str(px))) == (kept.file_bytes, kept.plan_bytes)


def test_no_arena_is_above_the_prototypes():
    for _, _, *cells in PEAKS[2:]:
        ours, theirs, sensor, sensors = (number(cell.split()[0]) for cell in cells)
        assert ours <= theirs
        assert sensor <= sensors


@pytest.mark.parametrize("net", [net for net in res.PROTOTYPE if net.res < 300], ids=str)
def test_the_pages_peaks_are_the_planners(net):
    row = next(row for row in PEAKS[2:] if row[:2] == [f"{net.alpha}/{net.res}", f"{net.classes}"])
    graph, chip = mobilenet_v1(net.alpha, net.res, net.classes), load(res.CHIP)
    planned = [c_plan(graph, chip, streamed_input=sensor).arena_bytes for sensor in (False, True)]
    assert planned == [number(row[2]), number(row[4])]
