"""The largest picture with which each MobileNetV1 fits 6 MiB, weights and all, by who makes the plan.

    make bench-res

Writes the tables of docs/largest-res.md, between its marks, and the picture beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import click
from tqdm import tqdm

from benchmarks import mobilenets, res_picture
from benchmarks.largest import STEP_PX, Largest, largest
from benchmarks.pages import as_table, between
from files import write_bytes
from graph import file_facts
from graph.mobilenet import mobilenet_v1
from graph.types import Graph
from memory_planner.chip import Chip, load
from memory_planner.fit import fit
from memory_planner.gate.answer import Source, Terms, answered
from memory_planner.streamed import c_plan
from memory_planner.tflm.arena import arena
from memory_planner.tflm.layout import CORTEX_M
from memory_planner.tflm.overlap import Kernels
from memory_planner.tflm.planning import reordered, tflm_plan

CHIP = "npu6m"
ALPHAS = (0.25, 0.5, 0.75, 1.0)
END_PX = 6400
"""Where the search ends: 41 megapixels."""
PAGE = Path("docs/largest-res.md")
BEGIN = "<!-- made by make bench-res -->"


def required(graph: Graph, chip: Chip, *, streamed_input: bool = False) -> int:
    """Bytes of weights, requantization and arena under our plan for C."""
    return fit(graph, c_plan(graph, chip, streamed_input=streamed_input), chip, 0).required_bytes


@cache
def file_bytes(alpha: float, digits: int) -> tuple[int, int]:
    """Bytes of a converted .tflite, and of a plan in it: RES changes them by the digits of its name alone."""
    res = next(px for px in (32, 128, 1024) if len(str(px)) == digits)
    kept = Source.read(str(mobilenets.files([(alpha, res)])[0]))
    return kept.file_bytes, kept.plan_bytes


def source(alpha: float, res: int) -> Source:
    """A size as TensorFlow Lite Micro gets it."""
    graph = mobilenet_v1(alpha, res)
    return Source(graph, file_facts.of_graph(graph), *file_bytes(alpha, len(str(res))))


def resident(alpha: float, res: int, chip: Chip, *, planned: bool) -> int:
    """Bytes of the .tflite, head and tail, as `sixmeg gate` counts them."""
    return answered("", source(alpha, res), Terms(chip, planned=planned)).fit.required_bytes


def resident_overlapped(alpha: float, res: int) -> int:
    """The same with outputs over inputs, which the reference kernels allow."""
    model = source(alpha, res)
    made = tflm_plan(model.graph, model.facts, Kernels.REFERENCE)
    facts = replace(model.facts, offline_offsets=made.offline_offsets)
    needed = arena(reordered(model.graph, made.plan.schedule), facts, CORTEX_M)
    return model.file_bytes + model.plan_bytes + needed.arena_bytes


def ways(alpha: float, chip: Chip) -> dict[str, Callable[[int], int]]:
    """What must be resident at a RES, by who plans."""
    return {
        "TFLM's own plan": lambda res: resident(alpha, res, chip, planned=False),
        "ours for TFLM": lambda res: resident(alpha, res, chip, planned=True),
        "ours for TFLM, overlapped": lambda res: resident_overlapped(alpha, res),
        "ours for C": lambda res: required(mobilenet_v1(alpha, res), chip),
        "ours for C, from a sensor": lambda res: required(
            mobilenet_v1(alpha, res), chip, streamed_input=True
        ),
    }


@dataclass(frozen=True, slots=True)
class Net:
    """A network whose peaks are known of other planners: a prototype's, without and with a sensor.

    `by_pixels`: planned there with rings counted in pixels, and never run; None where it was not.
    """

    alpha: float
    res: int
    classes: int
    prototype: tuple[int, int]
    by_pixels: tuple[int, int] | None = None


PROTOTYPE = (
    Net(0.25, 96, 2, (27_760, 13_568)),
    Net(0.25, 224, 1000, (150_768, 44_192)),
    Net(0.5, 160, 10, (88_336, 53_984)),
    Net(0.5, 224, 1000, (166_672, 86_368)),
    Net(1.0, 224, 1000, (225_920, 170_720), (201_888, 133_232)),
    Net(1.0, 320, 1000, (414_848, 274_496)),
    Net(1.0, 448, 1000, (752_768, 441_536)),
    Net(1.0, 512, 1000, (958_592, 541_184)),
    Net(1.0, 640, 1000, (1_443_968, 778_752), (1_373_344, 535_856)),
)


def found(chip: Chip) -> dict[float, dict[str, Largest]]:
    """The largest RES by ALPHA and by who plans."""
    table: dict[float, dict[str, Largest]] = {}
    cells = [(alpha, name, needed) for alpha in ALPHAS for name, needed in ways(alpha, chip).items()]
    for alpha, name, needed in tqdm(cells, desc="search", unit="cell", disable=None, leave=False):
        table.setdefault(alpha, {})[name] = largest(needed, chip.budget_bytes, END_PX)
    return table


def sizes_table(table: Mapping[float, Mapping[str, Largest]], budget_bytes: int) -> str:
    """RES, and what it leaves free; at the next multiple of 32, what is lacking."""
    rows = [["ALPHA", *next(iter(table.values()))]]
    for alpha, ways_found in table.items():
        rows.append([f"{alpha}", *(_cell(one, budget_bytes) for one in ways_found.values())])
    return as_table(rows)


def _cell(one: Largest, budget_bytes: int) -> str:
    if one.next_bytes is None:
        return f"**{one.res_px:,}** and more ({budget_bytes - one.needed_bytes:,} free)"
    return (
        f"**{one.res_px:,}** ({budget_bytes - one.needed_bytes:,} free;"
        f" {one.res_px + STEP_PX:,}: {one.next_bytes - budget_bytes:,} too many)"
    )


def peaks_table(chip: Chip) -> str:
    """Arenas of the prototype's networks, ours and its own."""
    rows = [["network", "classes", "arena", "prototype", "from a sensor", "prototype"]]
    for net in tqdm(PROTOTYPE, desc="peaks", unit="network", disable=None, leave=False):
        graph = mobilenet_v1(net.alpha, net.res, net.classes)
        cells = [f"{net.alpha}/{net.res}", f"{net.classes}"]
        for side, streamed_input in enumerate((False, True)):
            made = c_plan(graph, chip, streamed_input=streamed_input)
            planned = f" ({net.by_pixels[side]:,})" if net.by_pixels else ""
            cells += [f"{made.arena_bytes:,}", f"{net.prototype[side]:,}{planned}"]
        rows.append(cells)
    return as_table(rows)


def picture(table: Mapping[float, Mapping[str, Largest]]) -> str:
    """The SVG of the sizes."""
    return res_picture.draw(
        table, "The largest square picture with which MobileNetV1 fits 6 MiB, weights and all"
    )


@click.command()
@click.option("--page", type=click.Path(path_type=Path, dir_okay=False), default=PAGE, show_default=True)
def main(page: Path) -> None:
    """Search, and write the tables into the page and the picture beside it."""
    chip = load(CHIP)
    table = found(chip)
    told = f"{sizes_table(table, chip.budget_bytes)}\n\n{peaks_table(chip)}"
    write_bytes(page.with_suffix(".svg"), picture(table).encode())
    write_bytes(page, between(page.read_text(), BEGIN, told).encode())
    click.echo(told)


if __name__ == "__main__":
    main()
