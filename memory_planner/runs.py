"""In what order the operators of a streamed step run: each as late as an operator after it allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from graph.types import Graph
from memory_planner.reach import Raster, pixels_of, raster_of, row_pixels
from memory_planner.types import Step

SENSOR = -1
"""Stands for an operator where an input of the graph is delivered row by row."""


class Run(NamedTuple):
    """Operator `op` walks the pixels begin to end - 1 of its raster; SENSOR delivers those of `tensor`.

    Of a step that goes backwards, pixels are counted from the last.
    """

    op: int
    tensor: int
    begin: int
    end: int


def run_ends(pixels: int, row: int, run: int) -> np.ndarray:
    """Where the runs of a raster end: pieces of a row, or whole rows.

    >>> run_ends(10, 5, 2).tolist(), run_ends(10, 5, 7).tolist(), run_ends(10, 5, 10).tolist()
    ([2, 4, 5, 7, 9, 10], [5, 10], [10])
    """
    if run >= row:
        step = run // row * row
        return np.minimum(np.arange(step, pixels + step, step), pixels)
    begins = np.arange(0, pixels, row)[:, None]
    ends = np.minimum(np.arange(run, row + run, run), row)
    return np.minimum((begins + ends).reshape(-1), pixels)


def even(run: int, row: int) -> int:
    """The shortest run that cuts a row into as many pieces; whole rows stay as many.

    >>> even(32, 56), even(100, 56), even(112, 56)
    (28, 56, 112)
    """
    if run >= row:
        return run // row * row
    return -(-row // -(-row // run))


def rounded_up(count: np.ndarray, pixels: int, row: int, run: int) -> np.ndarray:
    """The first end of a run at or after `count` pixels; 0 stays 0.

    >>> rounded_up(np.array([0, 1, 3, 6]), 10, 5, 2).tolist()
    [0, 2, 4, 7]
    """
    if run == 1:
        return np.minimum(count, pixels)
    if run >= row:
        step = run // row * row
        return np.minimum(-(-count // step) * step, pixels)
    full, part = np.divmod(np.maximum(count - 1, 0), row)
    ends = full * row + np.minimum((part // run + 1) * run, row)
    return np.where(count > 0, np.minimum(ends, pixels), 0)


def rasters_of(graph: Graph, step: Step) -> tuple[Raster, ...]:
    """The rasters of a step's operators, as the step walks them."""
    found = []
    for index in step.ops:
        raster = raster_of(graph, graph.ops[index])
        if raster is None:
            raise ValueError(f"{graph.ops[index]} has no raster: it runs whole")
        found.append(raster.mirrored() if step.backwards else raster)
    return tuple(found)


def runs_of(graph: Graph, step: Step) -> list[Run]:
    """The runs of a step with `runs`, in order.

    The last operator goes on run by run; before each, whatever it reads is made as far as it reads it, by
    the same rule. What the sensor delivers comes by whole rows.
    """
    rasters = rasters_of(graph, step)
    outputs = [graph.ops[r.op].outputs[0] for r in rasters]
    maker = {tensor: k for k, tensor in enumerate(outputs)}
    ends = [run_ends(r.pixels, r.row, n).tolist() for r, n in zip(rasters, step.runs, strict=True)]
    needed = [[(reach.tensor, reach.needed) for reach in r.reads] for r in rasters]
    done, made = [0] * len(rasters), [0] * len(rasters)
    delivered = dict.fromkeys(step.delivered, 0)
    found: list[Run] = []

    def make(k: int, wanted: int) -> None:
        raster = rasters[k]
        while raster.written(made[k]) < wanted:
            end = ends[k][done[k]]
            for tensor, counts in needed[k]:
                if tensor in maker:
                    make(maker[tensor], int(counts[end]))
                elif tensor in delivered:
                    deliver(tensor, int(counts[end]))
            found.append(Run(raster.op, outputs[k], made[k], end))
            made[k], done[k] = end, done[k] + 1

    def deliver(tensor: int, wanted: int) -> None:
        row, pixels = row_pixels(graph.tensors[tensor]), pixels_of(graph.tensors[tensor])
        while delivered[tensor] < wanted:
            end = min(delivered[tensor] + row, pixels)
            found.append(Run(SENSOR, tensor, delivered[tensor], end))
            delivered[tensor] = end

    last = rasters[-1]
    make(len(rasters) - 1, last.written(last.pixels))
    return found


def weight_reads(rasters: Sequence[Raster], runs: Sequence[int]) -> tuple[int, ...]:
    """How often each operator goes through its weights: once a run."""
    return tuple(len(run_ends(r.pixels, r.row, n)) for r, n in zip(rasters, runs, strict=True))
