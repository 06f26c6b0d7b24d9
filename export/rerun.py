"""The golden vectors of an exported folder run again, and what comes out otherwise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from export import golden, plan_record, provenance, tflm_arena
from export.errors import ExportError
from export.golden import Golden
from firmware_sim import emitted
from firmware_sim.numerics import Numerics
from firmware_sim.program import prepare
from firmware_sim.run import run_batch
from graph import tflite
from graph.types import Graph

ONNXRUNTIME = "onnxruntime"


@dataclass(frozen=True, slots=True)
class Difference:
    """The first byte of a vector's outputs that is another."""

    vector: int
    source: str
    output: str
    at: int
    expected: int
    got: int
    elements_different: int


@dataclass(frozen=True, slots=True)
class Rerun:
    """The vectors by one engine; `why_not` where it could not run here.

    `promised`: its bits are to be the same. Of another, `elements_different` is told and nothing held.
    """

    by: str
    version: str
    vectors: int
    elements_compared: int
    differences: tuple[Difference, ...]
    why_not: str | None = None
    promised: bool = True

    @property
    def elements_different(self) -> int:
        return sum(one.elements_different for one in self.differences)

    @property
    def fails(self) -> bool:
        """Whether bits differ that were to be the same."""
        return self.promised and bool(self.differences)


def rerun(folder: str | Path, described: Mapping[str, Any]) -> list[Rerun]:
    """The simulator inside the folder's own plan; of a folder with C of its own, the compiled C too.

    Raises: ExportError where model, plan or vectors do not go together; PlanError where the plan is broken.
    """
    path = Path(folder)
    blob = (path / "model.tflite").read_bytes()
    graph = tflite.read(blob)
    try:
        plan, numerics = plan_record.read(described["plan"]), Numerics(described["numerics"])
        vectors = golden.read_json(json.loads((path / "golden.json").read_bytes()), graph)
    except (KeyError, TypeError, ValueError) as error:
        raise ExportError(f"{folder}: its manifest lacks what a run needs ({error}); export again") from error
    program = prepare(graph, plan, numerics=numerics)
    outputs = run_batch(program, vectors.inputs, progress=True)
    version = f"{provenance.PRODUCT} {provenance.version_of(provenance.PRODUCT)}"
    done = [_compared("simulator", version, graph, vectors, outputs)]
    if described.get("tflm_plan"):
        arena_bytes = described["tflm_plan"]["tensor_arena"]["host"]["arena_bytes"]
        done.append(_by_tflm((path / "planned.tflite").read_bytes(), arena_bytes, graph, vectors))
    if "onnx" in described:
        done.append(_by_onnxruntime(path, described["onnx"], graph, vectors))
    if "c" in described:
        done.append(_compiled(emitted.Folder.read(path, blob), graph, vectors))
    return done


def _by_tflm(planned: bytes, arena_bytes: int, graph: Graph, vectors: Golden) -> Rerun:
    """The planned file in exactly the arena that the manifest says."""
    version = provenance.version_of(tflm_arena.WHEEL)
    if version is None:
        return Rerun(tflm_arena.WHEEL, "", 0, 0, (), f"{tflm_arena.WHEEL} is not installed")
    shape = graph.tensors[graph.inputs[0]].shape
    outputs = tflm_arena.outputs(planned, arena_bytes, vectors.inputs.reshape(-1, *shape))
    return _compared(tflm_arena.WHEEL, f"{version}, {arena_bytes:,} bytes", graph, vectors, outputs)


def _by_onnxruntime(path: Path, told: Mapping[str, Any], graph: Graph, vectors: Golden) -> Rerun:
    version = provenance.version_of(ONNXRUNTIME)
    if version is None:
        return Rerun(ONNXRUNTIME, "", 0, 0, (), f"{ONNXRUNTIME} is not installed")
    from export.onnx import forms

    shape = graph.tensors[graph.inputs[0]].shape
    outputs = forms.run((path / told["file"]).read_bytes(), vectors.inputs.reshape(-1, *shape))
    done = _compared(ONNXRUNTIME, f"{version}, {told['form']}", graph, vectors, outputs)
    return replace(done, promised=told["same_bits"])


def _compiled(folder: emitted.Folder, graph: Graph, vectors: Golden) -> Rerun:
    try:
        side = emitted.Compiled(folder, graph)
    except emitted.NoCompilerError as error:
        return Rerun("C", "", 0, 0, (), str(error))
    shape = graph.tensors[graph.inputs[0]].shape
    recording = side.record((vectors.inputs.reshape(-1, *shape),), graph.outputs)
    outputs = [recording.tensors[i] for i in graph.outputs]
    return _compared("C", recording.version, graph, vectors, outputs)


def _compared(by: str, version: str, graph: Graph, vectors: Golden, outputs: Any) -> Rerun:
    differences, count, elements = [], len(vectors.sources), 0
    for index, expected, output in zip(graph.outputs, vectors.outputs, outputs, strict=True):
        got = np.asarray(output).reshape(count, -1)
        elements += got.size
        for n in np.flatnonzero((got != expected).any(axis=1)):
            wrong = np.flatnonzero(got[n] != expected[n])
            differences.append(
                Difference(
                    vector=int(n),
                    source=vectors.sources[n],
                    output=graph.tensors[index].name,
                    at=int(wrong[0]),
                    expected=expected[n, wrong[0]].item(),
                    got=got[n, wrong[0]].item(),
                    elements_different=len(wrong),
                )
            )
    return Rerun(by, version, count, elements, tuple(differences))
