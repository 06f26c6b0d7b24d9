"""The paper's experiments: its figures as the anchors have them, and what a study prints."""

import csv
import json

import pytest
from click.testing import CliRunner

import sixmeg
from experiments import cli_study, studies, study_text
from experiments.cells import Cell, Outcome
from experiments.studies import STUDIES, Base
from train.macs import cost

BASE = Base(("0.25", "1.0"), (32, 64))


def outcome(cell, top):
    counted = cost(float(cell.alpha), cell.res, 10, cell.variant)
    record = {"model": f"{cell.variant}{cell.alpha}_{cell.res}", "float_top1": top, "macs": counted.macs}
    record |= {"alpha": float(cell.alpha), "res_px": cell.res, "variant": cell.variant}
    return Outcome(cell, {"train": {**record, "parameters": counted.parameters}}, None, "")


def test_what_the_paper_printed_is_the_anchors_own(shared):
    with (shared / "anchors" / "mobilenet_paper_tables.csv").open(newline="") as file:
        anchors = {
            (
                row["model"].split(" (")[0],
                float(row["value"]),
                float(row["mult_adds"]),
                float(row["params_M"]),
            )
            for row in csv.DictReader(file)
            if row["metric"] == "ImageNet top1 %"
        }
    for study in STUDIES.values():
        for row in study.printed:
            figures = (round(100 * row.top1, 1), row.macs_millions, row.parameters_millions)
            assert (row.name, *figures) in anchors or ("MobileNet", *figures) in anchors


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("separable", [Cell("1.0", 32, variant="full"), Cell("1.0", 32)]),
        ("shallow", [Cell("0.75", 32), Cell("1.0", 32, variant="shallow")]),
        ("alpha", [Cell("1.0", 32), Cell("0.25", 32)]),
        ("res", [Cell("1.0", 64), Cell("1.0", 32)]),
        ("tradeoff", [Cell("0.25", 32), Cell("0.25", 64), Cell("1.0", 32), Cell("1.0", 64)]),
    ],
)
def test_a_study_trains_what_the_paper_compares(name, cells):
    assert STUDIES[name].cells(BASE) == cells


def test_medians_and_exact_counts_stand_beside_the_papers_rows():
    study = STUDIES["separable"]
    full, separable = study.cells(BASE)
    tops = [(full, 0.5), (full, 0.7), (full, 0.6), (separable, 0.55)]
    networks = study_text.found([outcome(cell, top) for cell, top in tops])
    assert [(one.name, one.median) for one in networks] == [("1.0/32 full", 0.6), ("1.0/32", 0.55)]
    table = study_text.as_markdown(study, networks, "patches")
    assert "| 1.0/32 full | 60.00 % | 50.00, 70.00, 60.00 |" in table
    assert "| Conv MobileNet | 71.7 % | 4866 M | 29.3 M |" in table
    svg = study_text.as_svg(study, networks, "patches")
    assert svg.count("<circle") == len(networks) + len(study.printed)


def test_the_command_writes_table_plot_and_json(tmp_path, monkeypatch):
    monkeypatch.setattr(cli_study, "run", lambda grid, road, how: [outcome(c, 0.5) for c in grid])
    words = ["experiment", "alpha", "--alphas", "0.25 0.5", "--reses", "32", "--seeds", "0 1"]
    done = CliRunner().invoke(sixmeg.cli, [*words, "-o", str(tmp_path)], catch_exceptions=False)
    assert done.output == (tmp_path / "alpha.md").read_text()
    content = json.loads((tmp_path / "alpha.json").read_text())
    assert [(one["name"], one["top1"]) for one in content["networks"]] == [
        ("0.5/32", [0.5, 0.5]),
        ("0.25/32", [0.5, 0.5]),
    ]
    assert len(content["paper"]["rows"]) == len(studies.STUDIES["alpha"].printed)
    assert (tmp_path / "alpha.svg").read_text().startswith("<svg")


def test_a_run_that_failed_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(
        cli_study, "run", lambda grid, road, how: [Outcome(c, {}, "no pictures", "") for c in grid]
    )
    with pytest.raises(SystemExit) as ended:
        sixmeg.main(["experiment", "alpha", "--alphas", "0.5"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == "sixmeg: error: 0.5/32 failed: no pictures\n"
