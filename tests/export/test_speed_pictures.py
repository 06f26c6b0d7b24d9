"""What the pictures of speed show is what fps.json says."""

import math

import pytest

from export import heat, roofline, speed_bars
from graph.mobilenet import mobilenet_v1
from memory_planner import plan
from memory_planner.chip import load
from memory_planner.cost.answer import fps_json

CHIPS = ("npu6m", "stm32h747", "k210", "stm32n6")


def speed(chip):
    graph = mobilenet_v1(0.25, 96)
    return fps_json("net", graph, plan(graph, load(chip)), load(chip))


def per_cycle(bars, made):
    """Pixels of a cycle, which every bar must share."""
    tallest = max(made["layers"], key=lambda layer: layer["cycles"])
    x = {bar.x for bar in bars.bars if bar.title.startswith(f"{tallest['op']} ")}
    return sum(bar.height for bar in bars.bars if bar.x in x) / tallest["cycles"]


@pytest.mark.parametrize("chip", CHIPS)
def test_each_layers_bar_is_as_high_as_it_has_cycles(chip):
    made = speed(chip)
    bars = speed_bars.bars(made)
    scale = per_cycle(bars, made)
    for layer in made["layers"]:
        pieces = [bar for bar in bars.bars if bar.title.startswith(f"{layer['op']} ")]
        assert sum(bar.height for bar in pieces) == pytest.approx(layer["cycles"] * scale, abs=0.05)
        assert min((bar.y for bar in pieces), default=speed_bars.TOP_PX) >= speed_bars.TOP_PX


def test_side_by_side_the_longer_part_is_the_bar_and_a_mark_the_shorter():
    made = speed("npu6m")
    hidden = [a for a in made["layers"] if min(a["compute_cycles"], a["memory_cycles"]) > 0]
    assert len(speed_bars.bars(made).marks) == len(hidden) > 20
    assert speed_bars.bars(speed("stm32n6")).marks == ()


@pytest.mark.parametrize("chip", CHIPS)
def test_no_dot_lies_above_the_chips_highest_roof(chip):
    roofs = roofline.roofline(speed(chip))
    highest = min(roof.y1 for roof in roofs.roofs if roof.kind != "slope")
    assert len(roofs.dots) == 28
    assert min(dot.y for dot in roofs.dots) >= highest - 0.01
    assert [t.at for t in roofs.columns] == sorted(t.at for t in roofs.columns)


def test_a_roof_of_memory_rises_by_its_rate():
    """Between two points of a slope, a byte buys as many MACs as the axes say."""
    roofs = roofline.roofline(speed("npu6m"))
    slope = next(roof for roof in roofs.roofs if roof.kind == "slope")
    (x0, x1), (y0, y1) = ((ticks[0].at, ticks[1].at) for ticks in (roofs.columns, roofs.rows))
    ratio = [float(ticks[1].label) / float(ticks[0].label) for ticks in (roofs.columns, roofs.rows)]
    across, upwards = (x1 - x0) / math.log(ratio[0]), (y1 - y0) / math.log(ratio[1])
    steepness = (slope.y2 - slope.y1) / upwards / ((slope.x2 - slope.x1) / across)
    assert steepness == pytest.approx(1, abs=0.01)


def cell(alpha, res, fps):
    sizes = {"required_bytes": 1, "fits": True, "extrapolated": False}
    return {"alpha": alpha, "res_px": res, "fps": 1.1 * fps, "fps_low": fps, "fps_high": 1.2 * fps, **sizes}


def test_the_line_parts_the_sizes_that_are_sure_of_thirty_from_the_others():
    drawn = heat.heat([cell(0.5, 128, 40), cell(0.5, 160, 30), cell(1, 128, 30.1), cell(1, 160, 29.9)])
    x, y = heat.HEAT_LEFT_PX + heat.CELL_PX, heat.HEAT_TOP_PX + heat.CELL_HEIGHT_PX
    upright, level = (x, y - heat.CELL_HEIGHT_PX, x, y), (x, y, x + heat.CELL_PX, y)
    assert set(drawn.line) == {upright, level}
    assert [c.is_sure for c in drawn.cells] == [True, True, True, False]
    assert heat.heat([cell(1, 128, 40)]).line == ()
