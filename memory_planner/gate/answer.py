"""What one model needs on a chip under a runtime, part by part."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from graph import file_facts, tflite
from graph.errors import ModelError, UnsupportedOperatorError
from graph.file_facts import FileFacts
from graph.offline_plan import with_offline_plan
from graph.types import Graph
from memory_planner.chip import Chip
from memory_planner.cost.estimate import Estimate, estimate
from memory_planner.fit import Fit, constants_bytes, fit, fit_of, worst_step
from memory_planner.lifetimes import buffers_of, file_order
from memory_planner.lower_bound import lower_bound_bytes
from memory_planner.plan import plan as make_plan
from memory_planner.streamed import Minimize, c_plan
from memory_planner.tflm.arena import Arena, requirements
from memory_planner.tflm.arena import arena as needed_arena
from memory_planner.tflm.greedy import ONLINE, greedy_offsets
from memory_planner.tflm.layout import ABIS, Abi
from memory_planner.tflm.planning import reordered, tflm_plan
from memory_planner.tflm.requests import ALIGNMENT_BYTES
from memory_planner.traffic import Kind, activation_traffic, items_of
from memory_planner.types import Plan
from memory_planner.whole import Piece, lie_whole

TFLM, C, ANY = "tflm", "c", "any"
RUNTIMES = (TFLM, C, ANY)
TFLM_BASIS = "the whole .tflite + tensor_arena (head and tail)"


@dataclass(frozen=True, slots=True)
class Terms:
    """What models are held to: `planned` counts the head that our plan gives; `abi` is the machine's.

    `min_fps` are frames a second that the lower end of an estimate must reach.
    """

    chip: Chip
    runtime: str = TFLM
    planned: bool = False
    abi: str = "cortex-m"
    min_fps: float | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A tensor that takes memory: an `activation` for a time, a `constant` for good."""

    name: str
    kind: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One model held to `terms`; `model` is the path as it was given.

    `head_bytes` and `tail_bytes` are TensorFlow Lite Micro's, None under another runtime. `speed` is None
    where no `min_fps` is asked for.
    """

    model: str
    terms: Terms
    fit: Fit
    head_bytes: int | None
    tail_bytes: int | None
    kept: tuple[Kept, ...]
    speed: Estimate | None = None

    @property
    def is_too_slow(self) -> bool:
        wanted = self.terms.min_fps
        return wanted is not None and self.speed is not None and self.speed.fps_low < wanted

    @property
    def name(self) -> str:
        return Path(self.model).name

    def as_json(self) -> dict[str, Any]:
        """Every part by a key of its own."""
        is_tflm = self.terms.runtime == TFLM
        return {
            "model": self.name,
            "path": self.model,
            "chip": self.terms.chip.name,
            "runtime": self.terms.runtime,
            "planned": self.terms.planned,
            "abi": self.terms.abi if is_tflm else None,
            **asdict(self.fit),
            "head_bytes": self.head_bytes,
            "tail_bytes": self.tail_bytes,
            "speed": self._speed(),
            "tensors": [asdict(each) for each in self.kept],
        }

    def _speed(self) -> dict[str, Any] | None:
        if self.speed is None:
            return None
        return {
            "fps": round(self.speed.fps, 3),
            "fps_low": round(self.speed.fps_low, 3),
            "fps_high": round(self.speed.fps_high, 3),
            "min_fps": self.terms.min_fps,
            "too_slow": self.is_too_slow,
            "extrapolated": self.speed.extrapolated,
            "why": "; ".join(self.speed.why) or None,
        }


@dataclass(frozen=True, slots=True)
class Source:
    """A model as `answered` takes it: `plan_bytes` is what a plan in it adds to the file."""

    graph: Graph
    facts: FileFacts
    file_bytes: int
    plan_bytes: int

    @classmethod
    def read(cls, model: str) -> Source:
        """The .tflite at `model`.

        Raises: ModelError, beginning with the path.
        """
        graph, blob = tflite.read_file(model), Path(model).read_bytes()
        try:
            facts = file_facts.read(blob)
            planned = with_offline_plan(blob, range(len(graph.ops)), [ONLINE] * len(graph.tensors))
        except ModelError as error:
            raise type(error)(f"{model}: {error}") from error
        return cls(graph, facts, len(blob), len(planned) - len(blob))


def answer(model: str, terms: Terms) -> Answer:
    """Hold the .tflite at `model` to `terms`.

    Raises: ModelError where it cannot be read, or where TensorFlow Lite Micro does not run it.
    """
    source = Source.read(model)
    try:
        return answered(model, source, terms)
    except UnsupportedOperatorError as error:
        raise ModelError(f"{model}: {error}; --runtime c counts without that runtime") from error
    except ModelError as error:
        raise type(error)(f"{model}: {error}") from error


def answered(model: str, source: Source, terms: Terms) -> Answer:
    """The same for a model in memory.

    Where our own C is too slow by the plan with the smallest arena, the one that reads the fewest weights is
    counted.
    """
    graph = source.graph
    if terms.runtime != TFLM:
        made = (c_plan if terms.runtime == C else make_plan)(graph, terms.chip)
        speed = _speed(graph, made, terms)
        if terms.runtime == C and terms.min_fps and speed and speed.fps_low < terms.min_fps:
            made = c_plan(graph, terms.chip, minimize=Minimize.LATENCY)
            speed = _speed(graph, made, terms)
        counted = fit(graph, made, terms.chip, source.file_bytes)
        return Answer(model, terms, counted, None, None, _kept(graph, made), speed)
    abi = ABIS[terms.abi]
    made, needed = _own(graph, source.facts, abi)
    file_bytes = source.file_bytes
    if terms.planned:
        ours = tflm_plan(graph, source.facts)
        if ours.plan.arena_bytes < needed.head_bytes:
            ordered = reordered(graph, ours.plan.schedule)
            offline = replace(source.facts, offline_offsets=ours.offline_offsets)
            made, needed = ours.plan, needed_arena(ordered, offline, abi)
            file_bytes += source.plan_bytes
    found = tflm_fit(graph, made, needed, file_bytes, terms.chip)
    head, tail = needed.head_bytes, needed.tail_bytes
    return Answer(model, terms, found, head, tail, _kept(graph, made), _speed(graph, made, terms))


def _speed(graph: Graph, made: Plan, terms: Terms) -> Estimate | None:
    return None if terms.min_fps is None else estimate(graph, made, terms.chip)


def tflm_fit(graph: Graph, made: Plan, needed: Arena, file_bytes: int, chip: Chip) -> Fit:
    """The whole file and `tensor_arena` held against the memories of `chip`, each whole in one of them."""
    read = sum(item.traffic_bytes for item in items_of(graph) if item.kind is Kind.WEIGHTS and item.tensors)
    arena = Piece(needed.arena_bytes, sum(activation_traffic(graph, made.buffers)))
    return fit_of(
        chip,
        lie_whole(Piece(file_bytes, read), arena, chip),
        required_bytes=file_bytes + needed.arena_bytes,
        required_basis=TFLM_BASIS,
        weights_bytes=file_bytes,
        constants_bytes=constants_bytes(graph),
        quantization_bytes=0,
        state_bytes=0,
        arena_bytes=needed.arena_bytes,
        lower_bound_bytes=made.lower_bound_bytes,
        file_bytes=file_bytes,
        worst_step=worst_step(graph, made),
        algorithm=made.algorithm,
    )


def _own(graph: Graph, facts: FileFacts, abi: Abi) -> tuple[Plan, Arena]:
    """The file's own order, and the arena and offsets that the runtime makes for it."""
    schedule = file_order(graph)
    buffers = buffers_of(graph, schedule)
    needed = needed_arena(graph, facts, abi)
    tensors, wanted = requirements(graph, facts, [kernel.scratch_bytes for kernel in needed.kernels])
    offset_of = dict(zip(tensors, greedy_offsets(wanted), strict=False))  # scratch comes after the tensors
    own = Plan(
        schedule=schedule,
        buffers=buffers,
        offsets=tuple(offset_of.get(b.tensor, 0) for b in buffers),
        arena_bytes=needed.head_bytes,
        lower_bound_bytes=lower_bound_bytes(buffers, ALIGNMENT_BYTES),
        algorithm="TensorFlow Lite Micro's own planner",
        alignment_bytes=ALIGNMENT_BYTES,
    )
    return own, needed


def _kept(graph: Graph, made: Plan) -> tuple[Kept, ...]:
    activations = [Kept(graph.tensors[b.tensor].name, "activation", b.size_bytes) for b in made.buffers]
    constants = [
        Kept(graph.tensors[tensor].name, "constant", item.size_bytes)
        for item in items_of(graph)
        if item.kind is Kind.WEIGHTS
        for tensor in item.tensors[:1]
    ]
    return (*activations, *constants)
