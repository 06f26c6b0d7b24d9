"""What a table of cells says: fronts, the best, and why a cell is out."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from experiments import page, rows
from experiments.cells import Cell, Outcome
from experiments.rows import COSTS, Row

BUDGET = 6 * 1024 * 1024
SMALL = Row("0.25", 32, (0,), 0.5, 0.49, 0.9, 10, 100, 1000, BUDGET, 200.0)
LARGE = replace(SMALL, alpha="0.5", int8_top1=0.6, macs=40, parameters=300, required_bytes=3000, fps=50.0)
WORSE = replace(LARGE, res_px=64, int8_top1=0.55, macs=90)


def names(table):
    return [row.name for row in table]


def test_a_cell_is_on_the_front_unless_another_is_as_cheap_and_better():
    judged = rows.judged([SMALL, LARGE, WORSE], None)
    assert [row.fronts for row in judged] == [("MACs", "parameters", "bytes", "fps")] * 2 + [()]
    assert names(row for row in judged if row.best) == ["0.5/32"]


def test_what_is_too_slow_or_too_big_is_out_with_its_reason():
    big = replace(LARGE, required_bytes=BUDGET + 1)
    judged = rows.judged([SMALL, LARGE, big], 100.0)
    assert [row.reason for row in judged] == [
        None,
        "too slow: 50.0 fps, 100 asked for",
        "does not fit: 6,291,457 of 6,291,456 bytes; too slow: 50.0 fps, 100 asked for",
    ]
    assert names(row for row in judged if row.best) == ["0.25/32"]
    assert (
        rows.headline(rows.judged([big], 100.0), "npu6m", 100.0) == "none of 1 fits npu6m at 100 fps or more"
    )


@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5)), min_size=1, max_size=8),
)
def test_the_front_is_what_nothing_beats_and_each_other_is_beaten_by_one_on_it(pairs):
    table = [replace(SMALL, macs=macs, int8_top1=top / 10) for macs, top in pairs]
    kept = rows.front(table, COSTS[0].of)
    assert kept
    for row in table:
        better = [o for o in kept if o.macs <= row.macs and o.int8_top1 >= row.int8_top1]
        equal = all((o.macs, o.int8_top1) == (row.macs, row.int8_top1) for o in better)
        assert any(row is one for one in kept) == equal


def outcome(seed, top, error=None):
    verdict = {"float_top1": top, "int8_top1": top - 0.01, "agreement": 0.9, "fps": 80.0}
    verdict |= {"required_bytes": 1000, "budget_bytes": BUDGET}
    files = {"report": {"verdict": verdict, "training": {"macs": 7, "parameters": 8}}}
    return Outcome(Cell("0.5", 64, seed), {} if error else files, error, "build/x")


def test_accuracies_are_medians_over_seeds():
    (row,) = rows.rows([outcome(0, 0.3), outcome(1, 0.9), outcome(2, 0.5)])
    assert (row.seeds, row.float_top1, row.int8_top1) == ((0, 1, 2), 0.5, 0.49)


def test_a_cell_of_which_one_seed_failed_is_out_and_the_table_stands():
    (row,) = rows.rows([outcome(0, 0.3), outcome(1, 0.9, "no pictures")])
    assert row.reason == "failed: no pictures"
    assert row.macs is None
    assert "failed: no pictures" in rows.as_text([row], 200)
    assert "failed: no pictures" in page.page([row], {}, {row.name: None}, "npu6m", None)


def test_csv_and_page_hold_each_cell_and_the_page_loads_nothing():
    judged = rows.judged([SMALL, replace(LARGE, fps=5.0), WORSE], 30.0)
    lines = rows.as_csv(judged).splitlines()
    assert len(lines) == 1 + len(judged)
    assert lines[1].startswith("0.25,32,0,0.5,0.49,0.9,10,100,1000,")
    html = page.page(judged, {"data": "x"}, dict.fromkeys(names(judged)), "npu6m", 30.0)
    assert html.count("<circle") == len(COSTS) * len(judged)
    assert html.count('circle class="out"') == len(COSTS)
    assert "too slow: 5.0 fps, 30 asked for" in html
    assert "<script" not in html and "http://" not in html.replace("http://www.w3.org/2000/svg", "")
