"""The same chip under other plans, and other networks under the same: side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from graph import file_facts
from graph.errors import SixmegError
from graph.file_facts import FileFacts
from graph.mobilenet import mobilenet_v1
from graph.types import Graph
from memory_planner.chip import Chip
from memory_planner.cost.estimate import estimate
from memory_planner.fit import fit
from memory_planner.for_c import ForC
from memory_planner.models import planned
from memory_planner.streamed import Minimize, weight_bytes_read
from memory_planner.types import Plan

ALPHAS = (0.25, 0.5, 0.75, 1.0)
RES_PX = (128, 160, 192, 224)
"""The 16 sizes of the paper."""
SIX_MIB = 6 * 2**20


def measures(graph: Graph, made: Plan, chip: Chip) -> dict[str, Any]:
    """What one plan takes of the chip's memory and time; `required_bytes` are weights, state and arena."""
    speed, needed = estimate(graph, made, chip), fit(graph, made, chip, 0)
    return {
        "fps": round(speed.fps, 3),
        "fps_low": round(speed.fps_low, 3),
        "fps_high": round(speed.fps_high, 3),
        "extrapolated": speed.extrapolated,
        "cycles": speed.cycles,
        "bytes": sum(cost.moved_bytes for cost in speed.costs),
        "weight_bytes_read": weight_bytes_read(graph, made),
        "arena_bytes": made.arena_bytes,
        "required_bytes": needed.required_bytes,
        "fits": needed.fits,
    }


WAYS = (
    ("any", "whole", Minimize.PEAK),
    ("tflm", "whole", Minimize.PEAK),
    ("c", "whole", Minimize.LATENCY),
    ("c", "whole", Minimize.PEAK),
    ("c", "streamed", Minimize.LATENCY),
    ("c", "streamed", Minimize.PEAK),
)
"""Runtime, input and what is minimized: every plan that there is for one network."""


def plans(graph: Graph, facts: FileFacts, chip: Chip) -> Iterator[dict[str, Any]]:
    """Each of WAYS for `graph`; a way that cannot plan it says why."""
    for runtime, kind, minimize in WAYS:
        how = {"runtime": runtime, "input": kind, "minimize": minimize.value}
        for_c = ForC(kind == "streamed", minimize) if runtime == "c" else None
        try:
            yield how | measures(graph, planned(graph, facts, chip, runtime, for_c), chip)
        except SixmegError as error:
            yield how | {"error": str(error)}


def cells(
    chip: Chip, runtime: str = "any", for_c: ForC | None = None, advance: Callable[[], object] = int
) -> Iterator[dict[str, Any]]:
    """The 16 MobileNetV1 of the paper, with 1000 classes, on one chip."""
    for alpha in ALPHAS:
        for res in RES_PX:
            graph = mobilenet_v1(alpha, res)
            made = planned(graph, file_facts.of_graph(graph), chip, runtime, for_c)
            yield {"alpha": alpha, "res_px": res, **measures(graph, made, chip)}
            advance()
