"""Frames a second of the paper's 16 networks on every chip, and of one network under every plan.

    make bench-fps

Writes the tables of docs/fps.md and of README.md, between their marks, and the picture beside the page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from benchmarks.pages import as_table, between, render
from export import heat
from export.heat import WANTED_FPS
from files import write_bytes
from graph import file_facts
from graph.mobilenet import mobilenet_v1
from memory_planner.chip import Chip, load, names
from memory_planner.cost.compared import ALPHAS, RES_PX, SIX_MIB, cells, plans
from memory_planner.cost.estimate import fps_told

BEGIN = "<!-- made by make bench-fps -->"
PAGE, README = Path("docs/fps.md"), Path("README.md")
COLUMNS = 2
MARGIN_PX, TITLE_PX = 16, 34
PLANNED_ON = "npu6m"
Cells = Sequence[Mapping[str, Any]]


def reaches(cell: Mapping[str, Any]) -> bool:
    """Whether thirty frames a second are sure, and weights and arena are in 6 MiB."""
    return bool(cell["fps_low"] >= WANTED_FPS and cell["required_bytes"] <= SIX_MIB)


def told(cell: Mapping[str, Any]) -> str:
    """Bold where 30 fps are sure in 6 MiB, ~ where extrapolated, in brackets where the chip is too small."""
    text = fps_told(cell["fps"])
    text = f"**{text}**" if reaches(cell) else text
    text = f"~{text}" if cell["extrapolated"] else text
    return text if cell["fits"] else f"({text})"


def sizes_table(found: Mapping[str, Cells]) -> str:
    """A row for each size, a column for each chip."""
    rows = [["ALPHA/RES", "weights + arena", *(f"`{name}`" for name in found)]]
    for n, cell in enumerate(next(iter(found.values()))):
        size = f"{cell['alpha']:g}/{cell['res_px']}"
        rows.append([size, f"{cell['required_bytes']:,}", *(told(mine[n]) for mine in found.values())])
    rows.append(["sure of 30", "", *(f"{sum(map(reaches, mine))} of {len(mine)}" for mine in found.values())])
    return as_table(rows)


def intervals_table(found: Mapping[str, Cells]) -> str:
    """The same with both ends of each interval."""
    rows = [["ALPHA/RES", *(f"`{name}`" for name in found)]]
    for n, cell in enumerate(next(iter(found.values()))):
        ends = ((mine[n]["fps_low"], mine[n]["fps_high"]) for mine in found.values())
        size = f"{cell['alpha']:g}/{cell['res_px']}"
        rows.append([size, *(f"{fps_told(low)} to {fps_told(high)}" for low, high in ends)])
    return as_table(rows)


def plans_table(chip: Chip, alpha: float, res: int) -> str:
    """One network under every plan."""
    graph = mobilenet_v1(alpha, res)
    columns = ("arena", "weights read", "bytes moved", "cycles", "fps", "interval")
    rows = [["runtime", "input", "least", *columns]]
    for made in plans(graph, file_facts.of_graph(graph), chip):
        sizes = (f"{made[key]:,}" for key in ("arena_bytes", "weight_bytes_read", "bytes", "cycles"))
        ends = f"{fps_told(made['fps_low'])} to {fps_told(made['fps_high'])}"
        rows.append([made["runtime"], made["input"], made["minimize"], *sizes, fps_told(made["fps"]), ends])
    return as_table(rows)


def picture(found: Mapping[str, Cells]) -> str:
    """A heat map for each chip."""
    drawn = [
        (name, re.split("[:;,]", load(name).summary)[0], heat.heat(mine)) for name, mine in found.items()
    ]
    width, height = drawn[0][2].width, drawn[0][2].height + TITLE_PX
    places = []
    for n, (name, summary, one) in enumerate(drawn):
        x = MARGIN_PX + n % COLUMNS * (width + MARGIN_PX)
        y = 2 * TITLE_PX + n // COLUMNS * (height + MARGIN_PX)
        places.append((x, y, name, summary, one))
    return render(
        "fps.svg.j2",
        title="Frames a second of MobileNetV1, 1000 classes; the red line: 30 by the interval's lower end",
        places=places,
        title_px=TITLE_PX,
        width=MARGIN_PX + COLUMNS * (width + MARGIN_PX),
        height=places[-1][1] + height + MARGIN_PX,
        heat_view=heat,
    )


def found() -> dict[str, list[dict[str, Any]]]:
    """The 16 sizes on every shipped chip."""
    chips = names()
    with tqdm(total=len(chips) * len(ALPHAS) * len(RES_PX), unit="size", disable=None, leave=False) as bar:
        return {name: list(cells(load(name), advance=bar.update)) for name in chips}


@click.command()
@click.option("--page", type=click.Path(path_type=Path, dir_okay=False), default=PAGE, show_default=True)
@click.option("--readme", type=click.Path(path_type=Path, dir_okay=False), default=README, show_default=True)
def main(page: Path, readme: Path) -> None:
    """Estimate, and write the tables into the page and the README, the picture beside the page."""
    made = found()
    sizes, side_by_side = sizes_table(made), plans_table(load(PLANNED_ON), 1.0, 224)
    content = page.read_text()
    for mark, table in (
        (BEGIN, sizes),
        ("<!-- intervals by make bench-fps -->", intervals_table(made)),
        ("<!-- plans by make bench-fps -->", side_by_side),
    ):
        content = between(content, mark, table)
    write_bytes(page, content.encode())
    write_bytes(page.with_suffix(".svg"), picture(made).encode())
    write_bytes(readme, between(readme.read_text(), BEGIN, sizes).encode())
    click.echo(f"{sizes}\n\n{side_by_side}")


if __name__ == "__main__":
    main()
