import csv
import re
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from benchmarks import chips as bench
from graph.errors import ChipError
from graph.mobilenet import mobilenet_v1
from memory_planner import plan
from memory_planner.chip import load
from memory_planner.cost.calibration import calibrated, checked, inseparable, sample
from memory_planner.cost.estimate import estimate
from memory_planner.cost.fitting import fit, fitted_with
from memory_planner.cost.layers import cycles, total_cycles
from memory_planner.cost.written import toml

BASE = msgspec.structs.replace(load("npu6m"), elements_per_cycle=None)
SIZES = [(0.25, 96), (0.25, 224), (0.5, 128), (0.5, 192), (0.75, 160), (1.0, 96), (1.0, 224)]
HEADING = ["model", "alpha", "res", "classes", "format", "board", "clock_MHz", "latency_ms", "note"]


def told_by(chip, classes=(5, 1000)):
    """What networks take on `chip`, as measurements."""
    found = []
    for alpha, res in SIZES:
        for count in classes:
            graph = mobilenet_v1(alpha, res, count)
            made = plan(graph, chip)
            taken = total_cycles(cycles(graph, made, chip), chip)
            found.append(sample(f"{alpha} {res}", graph, made, chip, taken))
    return found


@pytest.mark.parametrize("overlap", ["sum", "max"])
def test_a_chips_own_times_give_its_rates_back(overlap):
    rates = BASE.macs_per_cycle
    same = {"conv": rates.conv, "depthwise": rates.conv, "pointwise": rates.pointwise}
    chip = msgspec.structs.replace(BASE, overlap=overlap, macs_per_cycle=type(rates)(**same))
    parts = ("conv+depthwise", "pointwise", "activations", "weights", "layer")
    made = fitted_with(told_by(chip), chip, parts)
    wanted = [1 / rates.conv.value, 1 / rates.pointwise.value, 1, 1, chip.layer_overhead_cycles.value]
    assert np.allclose(made.values, wanted, rtol=5e-3)
    assert made.worst_error < 2e-3


def test_whole_networks_of_one_depth_cannot_tell_a_layers_overhead_from_a_frames():
    told = list(inseparable(fit(told_by(BASE), BASE)))
    assert "layer and frame are in the same proportion in every row" in told


def test_pictures_in_colour_cannot_tell_the_first_layer_from_the_depthwise_ones():
    told = list(inseparable(fit(told_by(BASE), BASE)))
    assert "conv and depthwise are in the same proportion in every row" in told


def test_rows_of_one_configuration_are_left_out_together():
    samples = told_by(BASE, classes=(10,))
    doubled = [*samples, *(replace(s, cycles=2 * s.cycles) for s in samples[:1])]
    made = fitted_with(doubled, BASE, ("conv+depthwise+pointwise", "layer"))
    alone = fitted_with(samples, BASE, ("conv+depthwise+pointwise", "layer"))
    assert made.errors[0] == pytest.approx(alone.errors[0])


def write(path, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEADING, *rows])
    return str(path)


def row(alpha, res, milliseconds, *, model="MobileNetV1", form="int8", board="b", clock="400", note=""):
    return [model, alpha, res, 1000, form, board, clock, milliseconds, note]


ROWS = [row(a, r, 1e-8 * a * a * r * r * 1e3 + 1) for a, r in SIZES]


def test_a_board_that_no_chip_describes_is_fitted_and_its_toml_reads_back(tmp_path):
    made = calibrated(write(tmp_path / "m.csv", ROWS), None, "mine")
    (tmp_path / "mine.toml").write_text(toml(made.chip))
    assert load(str(tmp_path / "mine.toml")) == made.chip
    assert made.chip.boards == ("b",)


def test_rows_that_cannot_be_used_are_told_with_why(tmp_path):
    others = [
        row(0.5, 96, 3, model="resnet9"),
        row(0.5, 96, 3, form="float32"),
        row(0.5, 100, 3),
        row(0.5, 96, "x"),
    ]
    made = calibrated(write(tmp_path / "m.csv", [*ROWS, *others]), None, "mine")
    assert [(r.line, r.why.split(";")[0]) for r in made.refused] == [
        (9, "no network that is known by name"),
        (10, "its format is float32, not int8"),
        (11, "RES 100 is not a multiple of 32"),
        (12, "latency_ms is 'x', no number"),
    ]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([*ROWS, row(0.5, 96, 3, board="c")], r"several boards, --board takes one: b \(7\), c \(1\)"),
        (ROWS[:2], "2 configurations are too few"),
        (
            [row(0.5, 96, 3, model="resnet9")],
            "no row can be used.* 1 row cannot be used, the first in line 2",
        ),
    ],
)
def test_what_cannot_be_fitted_is_one_line(tmp_path, rows, told):
    with pytest.raises(ChipError, match=told):
        calibrated(write(tmp_path / "m.csv", rows), None, "mine")


def test_a_clock_other_than_the_bases_is_refused(tmp_path):
    path = write(tmp_path / "m.csv", [row(a, r, 9, clock="300") for a, r in SIZES])
    with pytest.raises(ChipError, match="ran at 300,000,000 Hz"):
        calibrated(path, None, "mine", base="npu6m")


def test_a_check_fits_nothing_and_tells_how_far_the_chip_is_off(tmp_path):
    chip = load("stm32h747")
    fine = estimate(mobilenet_v1(0.25, 96), plan(mobilenet_v1(0.25, 96), chip), chip)
    rows = [row(0.25, 96, 1e3 / fine.fps), row(0.25, 96, 2e3 / fine.fps)]
    found, refused = checked(write(tmp_path / "m.csv", rows), chip)
    assert [round(c.error, 6) for c in found] == [0, -0.5]
    assert [c.is_inside for c in found] == [True, False]
    assert refused == []


def test_a_profile_fits_the_classes_that_it_has(tmp_path):
    lines = ["layer,kind,cin,cout,hin,hout,cycles"]
    lines += [f"l{n},pw,{n * 8},16,{n},{n},{n * n * n * 8 * 16 / 4 + 500}" for n in range(3, 11)]
    (tmp_path / "p.csv").write_text("\n".join(lines))
    made = calibrated(None, str(tmp_path / "p.csv"), "mine", base="gap8")
    assert made.fit.parameters == ("pointwise", "layer")
    assert made.chip.macs_per_cycle.pointwise.value == pytest.approx(4, rel=0.01)
    assert made.chip.macs_per_cycle.conv == load("gap8").macs_per_cycle.conv
    assert made.chip.fitted.families == ("layers",)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(s, id=s.chip, marks=[pytest.mark.slow] if s.file == bench.VELA else [])
        for s in bench.SOURCES
    ],
)
def test_a_shipped_chip_is_what_its_measurements_give(shared, source):
    """A fit that begins with fitted figures gives them again, to the four digits that they have."""
    made = bench.made_from(source, shared / "anchors").chip
    kept = load(source.chip)
    assert made.fitted.parameters == kept.fitted.parameters
    assert made.fitted.mean_error == pytest.approx(kept.fitted.mean_error, rel=0.02)
    assert made.macs_per_cycle.pointwise.value == pytest.approx(
        kept.macs_per_cycle.pointwise.value, rel=0.002
    )
    assert made.memory[0].activation_rate.value == pytest.approx(
        kept.memory[0].activation_rate.value, rel=0.002
    )


@pytest.mark.parametrize("source", bench.SOURCES, ids=lambda s: s.chip)
def test_no_fit_is_worse_than_the_one_made_before(source):
    before = float(re.match(r"[\d.]+", source.independent)[0]) / 100
    assert load(source.chip).fitted.mean_error <= before
