"""Cells run by Make in the folders of `make model`, whoever dies on the way; Make is a stand-in here."""

import json
import os
import stat
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

import sixmeg
from experiments import cells, many
from experiments.cells import Cell, Road

MAKEFILE = """
B := $(BUILD)/m_$(ALPHA)_$(RES)
C := $(B)/chip
folders:
	@echo 'B=$(B)' 'C=$(C)'
cell: $(C)/report.json
$(C)/report.json:
	@mkdir -p $(@D)
	@echo $(ALPHA) >> $(BUILD)/started
	@$(STAGE)
	@cp $(B)/report.new $@
	@cp $(B)/report.new $(B)/train.json
"""
REPORT = {
    "verdict": {
        **{"float_top1": 0.5, "int8_top1": 0.5, "agreement": 1.0, "fps": 80.0},
        **{"required_bytes": 1000, "budget_bytes": 6291456},
    },
    "training": {"macs": 7, "parameters": 8},
}


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A source tree whose Makefile makes cells at once; (folder, road(stage))."""
    (tmp_path / "Makefile").write_text(MAKEFILE)
    monkeypatch.setattr(cells, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    stage = tmp_path / "stage"
    report = json.dumps(REPORT)
    stage.write_text(
        f"#!/bin/sh\n[ -f fail ] && echo 'sixmeg: error: no pictures' && exit 2\necho '{report}' > $1\n"
    )
    stage.chmod(stage.stat().st_mode | stat.S_IEXEC)
    return tmp_path, Road((("STAGE", "./stage $(B)/report.new"),))


def test_a_finished_cell_is_kept(tree):
    folder, road = tree
    assert cells.run(Cell("0.5", 64), road).files["report"] == REPORT
    assert cells.run(Cell("0.5", 64), road).error is None
    assert (folder / "build" / "started").read_text() == "0.5\n"


def test_a_failed_cell_says_why_and_is_run_again(tree):
    folder, road = tree
    (folder / "fail").touch()
    assert cells.run(Cell("0.5", 64), road).error == "no pictures"
    (folder / "fail").unlink()
    assert cells.run(Cell("0.5", 64), road).error is None


def test_seeds_lie_apart_and_seed_0_where_make_model_has_it(tree):
    _, road = tree
    assert cells.run(Cell("0.5", 64), road).folder == "build/m_0.5_64/chip"
    assert cells.run(Cell("0.5", 64, 3), road).folder == "build/seed_3/m_0.5_64/chip"


def test_who_takes_a_cell_up_waits_for_what_a_dead_worker_left_running(tree):
    folder, road = tree
    (folder / "build").mkdir()
    lock = folder / "build" / "m_0.5_64" / "cell.lock"
    lock.parent.mkdir()
    hold = "fcntl.flock(f, 2); print(flush=True); time.sleep(1)"
    code = f"import fcntl, time; f = open({str(lock)!r}, 'w'); {hold}"
    left = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    left.stdout.readline()
    begin = time.monotonic()
    assert cells.run(Cell("0.5", 64), road).error is None
    assert time.monotonic() - begin > 0.5
    assert left.wait() == 0
    left.stdout.close()


class DiesOnce(Road):
    """A road whose arrival kills the first worker that it reaches."""

    def __reduce__(self):
        return (die_once, (self.variables,))


def die_once(variables):
    try:
        os.close(os.open("died", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return Road(variables)
    os._exit(1)


def test_a_cell_that_a_dying_worker_takes_along_is_run_again(tree, monkeypatch):
    folder, road = tree
    monkeypatch.setattr(many, "run", in_tree(folder))
    grid = [Cell("0.25", 32), Cell("0.5", 32), Cell("0.75", 32)]
    heard = []
    done = many.run_all(grid, DiesOnce(road.variables), workers=2, told=heard.append)
    assert [outcome.cell for outcome in done] == grid
    assert [outcome.error for outcome in done] == [None] * 3
    assert (folder / "died").exists()
    assert len(heard) == 3


class in_tree:
    """`cells.run` for workers, in which the fixture has set nothing."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, cell, road):
        cells.ROOT = self.folder
        return cells.run(cell, road)


def test_the_command_names_the_best_and_writes_its_files(tree, monkeypatch):
    folder, _ = tree
    monkeypatch.setattr(many, "run", in_tree(folder))
    words = ["sweep", "--alphas", "0.25 0.5", "--reses", "32,64", "--set", "STAGE=./stage $(B)/report.new"]
    done = CliRunner().invoke(sixmeg.cli, words)
    assert done.exit_code == 0, done.output
    assert "the best that fits npu6m: mobilenet_v1_0.25_32, int8 50.00%" in done.output
    written = folder / "build" / "sweep" / "cifar10" / "npu6m"
    assert sorted(path.name for path in written.iterdir()) == [
        f"sweep.{e}" for e in ("csv", "html", "json", "txt")
    ]
    content = json.loads((written / "sweep.json").read_text())
    assert [(cell["alpha"], cell["res_px"]) for cell in content["cells"]] == [
        (0.25, 32), (0.25, 64), (0.5, 32), (0.5, 64),
    ]  # fmt: skip
    slow = CliRunner().invoke(sixmeg.cli, [*words, "--min-fps", "100"], standalone_mode=False)
    assert (slow.return_value, "none of 4 fits npu6m" in slow.output) == (3, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--alphas", "0.5", "--reses", "33"], "RES 33 is not a multiple of 32"),
        (["--alphas", "wide", "--reses", "32"], "ALPHA wide is no number"),
        (["--alphas", "0.5", "--reses", "x"], "RES 'x': give whole numbers"),
        (["--alphas", "", "--reses", "32"], "a grid of no cells"),
        (["--alphas", "0.5", "--reses", "32", "--engine", "spark"], "the engine spark is not known"),
    ],
)
def test_a_grid_that_cannot_be_run_is_one_line_and_exit_code_2(words, said, capsys):
    with pytest.raises(SystemExit) as ended:
        sixmeg.main(["sweep", *words])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
