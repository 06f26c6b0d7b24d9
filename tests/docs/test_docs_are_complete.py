"""What a user can type stands in the docs, and the docs name nothing that is not there."""

import re
from pathlib import Path

import pytest

import sixmeg
from firmware_sim.ops import KERNELS
from memory_planner.chip import names

ROOT = Path(__file__).resolve().parents[2]
PAGES = {path.name: path.read_text() for path in sorted((ROOT / "docs").glob("*.md"))}
COMMAND_LINE = PAGES["command-line.md"]
TARGETS = re.findall(r"^([a-z][a-z-]*):.*##", (ROOT / "Makefile").read_text(), re.M)
LINKED = re.findall(r"docs/([\w.-]+\.\w+)", "".join(PAGES.values()) + (ROOT / "README.md").read_text())


@pytest.mark.parametrize("command", sixmeg.COMMANDS)
def test_each_subcommand_has_its_row(command):
    assert f"| `sixmeg {command}` |" in COMMAND_LINE


def test_no_row_names_a_subcommand_that_is_not_there():
    assert set(re.findall(r"`sixmeg ([\w-]+)` \|", COMMAND_LINE)) == set(sixmeg.COMMANDS)


def test_the_rows_of_make_are_its_targets():
    assert sorted(re.findall(r"^\| `make ([\w-]+)` \|", COMMAND_LINE, re.M)) == sorted(TARGETS)


@pytest.mark.parametrize("code", [0, 2, 3, 4])
def test_each_exit_code_is_explained(code):
    assert re.search(rf"^\| {code} \| \w+", COMMAND_LINE, re.M)


@pytest.mark.parametrize("kind", sorted(KERNELS))
def test_each_operator_of_the_simulator_is_listed(kind):
    assert kind in PAGES["simulator.md"] + PAGES["numerics.md"]


@pytest.mark.parametrize("chip", names())
def test_each_chip_is_described(chip):
    assert chip in PAGES["chips.md"]


@pytest.mark.parametrize("page", sorted(set(LINKED)))
def test_each_page_that_is_pointed_at_exists(page):
    assert (ROOT / "docs" / page).is_file()


@pytest.mark.parametrize("page", sorted(PAGES))
def test_each_page_is_pointed_at_from_another(page):
    others = "".join(text for name, text in PAGES.items() if name != page) + (ROOT / "README.md").read_text()
    assert f"docs/{page}" in others
