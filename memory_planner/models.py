"""A model by its file, or a network of the paper by its name."""

from __future__ import annotations

from pathlib import Path

from graph import file_facts, tflite
from graph.file_facts import FileFacts
from graph.mobilenet import named
from graph.types import Graph
from memory_planner.chip import Chip
from memory_planner.for_c import ForC
from memory_planner.plan import plan as make_plan
from memory_planner.tflm.planning import tflm_plan
from memory_planner.types import Plan


def model_of(name_or_path: str) -> tuple[Graph, FileFacts]:
    """The graph of a .tflite, or of a name such as mobilenet_v1_0.5_160 where there is no such file.

    Raises: ModelError, as `tflite.read_file` and `named`.
    """
    graph = None if Path(name_or_path).exists() else named(name_or_path)
    if graph is not None:
        return graph, file_facts.of_graph(graph)
    graph = tflite.read_file(name_or_path)
    return graph, file_facts.read(Path(name_or_path).read_bytes())


def planned(graph: Graph, facts: FileFacts, chip: Chip, runtime: str, for_c: ForC | None) -> Plan:
    """The plan that `runtime` follows: any, tflm or c (`for_c`)."""
    if runtime == "tflm":
        return tflm_plan(graph, facts).plan
    return for_c.plan(graph, chip) if for_c else make_plan(graph, chip)
