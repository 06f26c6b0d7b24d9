"""The counts against the recount of the anchors, and against Keras itself."""

import csv
import math
from pathlib import Path

import pytest

from graph.errors import ModelError
from graph.mobilenet import blocks, check_size, scaled
from train import summary
from train.macs import cost, separable_cost_ratio

# ALPHA, RES, MACs with the classifier, parameters with BatchNorm's four vectors; 1000 classes
RECOUNT = (
    (0.25, 128, 13570048, 475544),
    (0.25, 160, 21059200, 475544),
    (0.25, 192, 30212608, 475544),
    (0.25, 224, 41030272, 475544),
    (0.5, 128, 49160192, 1342536),
    (0.5, 160, 76524800, 1342536),
    (0.5, 192, 109970432, 1342536),
    (0.5, 224, 149497088, 1342536),
    (0.75, 128, 106770432, 2601976),
    (0.75, 160, 166396800, 2601976),
    (0.75, 192, 239273472, 2601976),
    (0.75, 224, 325400448, 2601976),
    (1.0, 128, 186400768, 4253864),
    (1.0, 160, 290675200, 4253864),
    (1.0, 192, 418121728, 4253864),
    (1.0, 224, 568740352, 4253864),
)


def test_summary_is_the_recount_in_all_16_cells():
    shown = tuple(
        (row.published.alpha, row.published.res_px, row.macs, row.parameters) for row in summary.rows()
    )
    assert shown == RECOUNT


def test_the_recount_is_the_anchors_own(shared: Path):
    with (shared / "anchors" / "mobilenetv1_6mb_budget.csv").open(newline="") as file:
        anchors = tuple(
            (float(row["alpha"]), int(row["res"]), int(row["macs"]), int(row["keras_params"]))
            for row in csv.DictReader(file)
        )
    assert anchors == RECOUNT


def test_the_papers_figures_are_the_anchors_own(shared: Path):
    """Each figure that is said to come from a table of the paper stands in that table of the anchors."""
    with (shared / "anchors" / "mobilenet_paper_tables.csv").open(newline="") as file:
        printed = {
            (row["table"].split()[0], row["mult_adds"], row["params_M"], row["model"])
            for row in csv.DictReader(file)
        }
    checked = 0
    for row in summary.rows():
        cell = row.published
        if "table" in cell.source:
            table = "T" + cell.source.rsplit(" ", 1)[1]
            name = f"{cell.alpha:.2f}" if table == "T9" else f"{cell.alpha}"
            model = f"{name} MobileNet-{cell.res_px}"
            assert (table, str(cell.macs_millions), f"{cell.parameters_millions}", model) in printed
            checked += 1
    assert checked == 8


def test_published_macs_without_a_note_are_within_half_a_percent_or_rounding():
    for row in summary.rows():
        off = abs(row.published.macs_millions * 10**6 - row.macs)
        assert (off <= max(0.006 * row.macs, 600_000)) == (not row.published.note), row


@pytest.mark.parametrize("alpha", [0.25, 0.35, 1.0])
def test_cost_equals_what_keras_counts(alpha: float):
    from train.mobilenet_v1 import build

    assert cost(alpha, 96, 7).parameters == build(alpha, 96, 7).count_params()


def test_macs_are_what_the_layers_of_the_keras_model_do():
    from train.mobilenet_v1 import build

    macs = 0
    for layer in build(0.35, 96, 7).layers:
        if hasattr(layer, "kernel"):
            taps = math.prod(layer.kernel.shape)
            positions = math.prod(layer.output.shape[1:3]) if len(layer.output.shape) == 4 else 1
            macs += taps * positions
    assert cost(0.35, 96, 7).macs == macs


def test_separable_block_of_64_channels_costs_an_eighth():
    assert separable_cost_ratio(64) == 1 / 64 + 1 / 9
    full, separable = 3 * 3 * 64 * 64, 3 * 3 * 64 + 64 * 64
    assert math.isclose(separable_cost_ratio(64), separable / full, rel_tol=1e-15)


def test_thin_models_keep_eight_channels():
    assert scaled(32, 0.01) == 8
    assert min(block.channels for block in blocks(0.01)) == 8


@pytest.mark.parametrize(
    ("alpha", "res", "classes", "said"),
    [
        (0.5, 100, 10, "RES 100 is not a multiple of 32; the nearest are 96 and 128"),
        (0.5, 0, 10, "RES 0 is not a multiple of 32; the nearest are 32 and 64"),
        (0.5, -32, 10, "RES -32 is not a multiple of 32"),
        (0.0, 96, 10, "ALPHA 0.0 is no positive width multiplier"),
        (-1.0, 96, 10, "ALPHA -1.0 is no positive width multiplier"),
        (math.nan, 96, 10, "ALPHA nan is no positive width multiplier"),
        (0.5, 96, 1, "1 classes cannot be told apart"),
    ],
)
def test_a_size_that_cannot_be_built_is_said_in_one_line(alpha: float, res: int, classes: int, said: str):
    with pytest.raises(ModelError) as raised:
        check_size(alpha, res, classes)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
