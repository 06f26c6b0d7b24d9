"""A plan's steps as what is written of them: tensors as they are seen, calls, and who makes what for whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from export.c.emitted import Array, Call, Emitted
from export.c.needs import Need, need_of
from graph.types import Graph, Op, Tensor
from memory_planner.reach import Raster, pixels_of, row_pixels
from memory_planner.runs import rasters_of
from memory_planner.types import Plan, Role, Step


@dataclass(frozen=True, slots=True)
class View:
    """A tensor in the arena, or a constant, as pixels; `name` is the C variable."""

    tensor: int
    name: str
    pixels: int
    slots: int
    pixel_bytes: int
    backwards: bool
    constant: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """An operator of a step. `calls` go with the views that they read; `needs` come before a run.

    `pixels`, `row` and `run` are its raster's and how it goes over it; a whole operator has one run.
    """

    op: Op
    emitted: Emitted
    ofm: View
    sources: tuple[View, ...]
    calls: tuple[tuple[Call, tuple[View, ...]], ...]
    pixels: int
    row: int
    run: int
    needs: tuple[Need, ...] = ()
    sums: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """A step of the plan; `jobs` are those of its operators that compute something."""

    number: int
    step: Step
    jobs: tuple[Job, ...]
    makers: Mapping[int, Job]
    delivered: tuple[View, ...]

    @property
    def streamed(self) -> bool:
        return bool(self.step.runs)


class Stages:
    """Makes the stages of a plan; `known` is the graph with what is known before it runs."""

    def __init__(self, known: Graph, plan: Plan, emitted: Mapping[int, Emitted]) -> None:
        self._graph, self._plan, self._emitted = known, plan, emitted
        self._rings = {b.tensor: b.size_bytes for b in plan.buffers if b.role is Role.RING}
        self.constants: dict[int, Array] = {}

    def all(self) -> tuple[Stage, ...]:
        return tuple(self._stage(number, step) for number, step in enumerate(self._plan.schedule.steps))

    def _stage(self, number: int, step: Step) -> Stage:
        if step.runs:
            jobs = tuple(
                self._walked(step, raster, run)
                for raster, run in zip(rasters_of(self._graph, step), step.runs, strict=True)
            )
        else:
            ops = (self._graph.ops[index] for index in step.ops if index in self._emitted)
            jobs = tuple(map(self._whole, ops))
        makers = {job.op.outputs[0]: job for job in jobs}
        delivered = tuple(self._view(self._graph.tensors[t], None, step.backwards) for t in step.delivered)
        return Stage(number, step, jobs, makers, delivered)

    def _view(self, tensor: Tensor, pixels: int | None, backwards: bool) -> View:
        count = pixels or max(1, pixels_of(tensor))
        size = tensor.size_bytes // count
        constant = ""
        if tensor.is_constant:
            constant = self._constant(tensor)
        slots = count
        if tensor.index in self._rings:
            slots = self._rings[tensor.index] // size
        return View(tensor.index, f"t{tensor.index}", count, slots, size, backwards, constant)

    def _constant(self, tensor: Tensor) -> str:
        """The array of a constant that is read as an activation is."""
        assert tensor.data is not None
        name = f"constant_{tensor.index}"
        self.constants[tensor.index] = Array(name, "int8_t", tensor.data.reshape(-1))
        return name

    def _whole(self, op: Op) -> Job:
        emitted, ofm = self._emitted[op.index], self._graph.tensors[op.outputs[0]]
        view = self._view(ofm, emitted.pixels, False)
        sources = {
            i: self._view(self._graph.tensors[i], emitted.pixels, False) for i in self._read(op, emitted)
        }
        return self._job(op, emitted, view, sources, view.pixels, view.pixels, view.pixels)

    def _walked(self, step: Step, raster: Raster, run: int) -> Job:
        op = self._graph.ops[raster.op]
        emitted, ofm = self._emitted[op.index], self._graph.tensors[op.outputs[0]]
        inner = {self._graph.ops[index].outputs[0] for index in step.ops} | set(step.delivered)
        view = self._view(ofm, None if raster.sums else raster.pixels, step.backwards)
        sources = {
            i: self._view(self._graph.tensors[i], None, step.backwards) for i in self._read(op, emitted)
        }
        needs = tuple(
            need_of(raster, reach, self._graph.tensors[reach.tensor], run, f"{op.index}_{reach.tensor}")
            for reach in raster.reads
            if reach.tensor in inner
        )
        return self._job(op, emitted, view, sources, raster.pixels, raster.row, run, needs, raster.sums)

    @staticmethod
    def _read(op: Op, emitted: Emitted) -> list[int]:
        return list(dict.fromkeys(op.inputs[position] for call in emitted.calls for position in call.sources))

    @staticmethod
    def _job(
        op: Op,
        emitted: Emitted,
        view: View,
        sources: Mapping[int, View],
        pixels: int,
        row: int,
        run: int,
        needs: tuple[Need, ...] = (),
        sums: bool = False,
    ) -> Job:
        calls = tuple((call, tuple(sources[op.inputs[k]] for k in call.sources)) for call in emitted.calls)
        return Job(op, emitted, view, tuple(sources.values()), calls, pixels, row, run, needs, sums)


def rows_of(tensor: Tensor) -> tuple[int, int]:
    """Rows in which a sensor delivers a tensor, and pixels of one."""
    return pixels_of(tensor) // row_pixels(tensor), row_pixels(tensor)
