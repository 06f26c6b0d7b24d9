"""How far an operator's input must exist before a run of it, as C that computes it.

The planner's counts (`Reach.needed`) are what is emitted: each form is held against them at every run's end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from export.c.emitted import Array, Value
from graph.types import Tensor
from memory_planner.reach import Raster, Reach
from memory_planner.runs import run_ends

NOWHERE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Need:
    """Pixels of `tensor` that must exist before the first `end` of a raster: `expression` in `end`.

    `{0}` in it stands for the address of the structure that `c_type` and `members` describe, `name` tells it
    from others.
    """

    tensor: int
    expression: str
    name: str = ""
    section: str = ""
    c_type: str = ""
    members: Mapping[str, Value] | None = None
    arrays: tuple[Array, ...] = ()


def need_of(raster: Raster, reach: Reach, ifm: Tensor, run: int, name: str) -> Need:
    """The simplest form that gives the planner's counts at the ends of all runs; `name` is for tables."""
    ends = run_ends(raster.pixels, raster.row, run)
    wanted = reach.needed[ends]
    if np.array_equal(wanted, ends):
        return Need(reach.tensor, "end")
    if np.all(wanted == reach.pixels):
        return Need(reach.tensor, str(reach.pixels))
    width = ifm.shape[2]
    rows, cols = _last(raster, reach, width)
    members = _strides(rows, cols, raster, ifm)
    if members is not None and np.array_equal(_reached(members, ends), wanted):
        return Need(reach.tensor, "{prefix}_reached({0}, end)", name, "reached", "reach", members)
    return _listed(raster, reach, width, rows, cols, name)


def _last(raster: Raster, reach: Reach, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The last row and column that each row and column of the raster reads; NOWHERE where none."""
    last = np.where(reach.first > reach.last, NOWHERE, reach.last).reshape(-1, raster.row)
    rows = last.max(axis=1)
    cols = last[int(rows.argmax())]
    return np.where(rows < 0, NOWHERE, rows // width), np.where(cols < 0, NOWHERE, cols % width)


def _strides(rows: np.ndarray, cols: np.ndarray, raster: Raster, ifm: Tensor) -> dict[str, Value] | None:
    """Both axes as i * stride + last, at most limit; None where they are not."""
    found: dict[str, Value] = {"ofm_w": raster.row, "ifm_w": ifm.shape[2]}
    for letter, axis in (("h", rows), ("w", cols)):
        line = _line(axis)
        if line is None:
            return None
        found |= {
            f"{word}_{letter}": value for word, value in zip(("stride", "last", "limit"), line, strict=True)
        }
    return found


def _line(axis: np.ndarray) -> tuple[int, int, int] | None:
    """(stride, last, limit) of min(i * stride + last, limit), NOWHERE below 0."""
    seen, limit = axis >= 0, int(axis.max())
    if not seen.any():
        return None
    first = int(seen.argmax())
    below = axis[first:] < limit
    stride = int(axis[first + 1] - axis[first]) if len(axis) > first + 1 and below.sum() > 1 else 0
    if stride == 0:  # the limit is reached at once: any stride that reaches it
        stride = max(1, limit - int(axis[first]))
    return stride, int(axis[first]) - first * stride, limit


def _reached(reach: Mapping[str, Value], ends: np.ndarray) -> np.ndarray:
    """kernels/reached.c in numpy."""
    r = {key: int(str(value)) for key, value in reach.items()}

    def at(y: np.ndarray, x: np.ndarray) -> np.ndarray:
        row = np.minimum(y * r["stride_h"] + r["last_h"], r["limit_h"])
        col = np.minimum(x * r["stride_w"] + r["last_w"], r["limit_w"])
        return np.where((row < 0) | (col < 0), 0, row * r["ifm_w"] + col + 1)

    y, x = np.divmod(ends - 1, r["ofm_w"])
    above = np.where(y > 0, at(np.maximum(y - 1, 0), np.full_like(x, r["ofm_w"] - 1)), 0)
    return np.maximum(at(y, x), above)


def _listed(raster: Raster, reach: Reach, width: int, rows: np.ndarray, cols: np.ndarray, name: str) -> Need:
    """kernels/listed.c: a table of rows and one of columns."""
    above = reach.needed[np.arange(len(rows)) * raster.row]
    so_far = np.maximum.accumulate(cols) + 1
    at = np.arange(raster.pixels)
    y, x = np.divmod(at, raster.row)
    here = np.where((rows[y] < 0) | (so_far[x] == 0), 0, rows[y] * width + so_far[x])
    assert np.array_equal(np.maximum(here, above[y]), reach.needed[at + 1])
    arrays = (
        Array(f"above_{name}", "int32_t", above.astype(np.int32)),
        Array(f"last_rows_{name}", "int16_t", rows.astype(np.int16)),
        Array(f"last_cols_{name}", "int16_t", so_far.astype(np.int16)),
    )
    members: dict[str, Value] = {
        "ofm_w": raster.row,
        "ifm_w": width,
        "above": arrays[0].name,
        "rows": arrays[1].name,
        "cols": arrays[2].name,
    }
    return Need(reach.tensor, "{prefix}_listed({0}, end)", name, "listed", "list", members, arrays)
