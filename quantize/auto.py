"""The search for a recipe: one aid after the other, kept where it pays on pictures not calibrated on."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from files import write_bytes, write_json
from graph import tflite
from graph.patch import with_values
from quantize.aids import carried_out, int8_inputs
from quantize.draft import Draft
from quantize.float_model import FloatModel
from quantize.measure import Held, Nearness, nearness
from quantize.recipe import NONE, Recipe
from quantize.statistics import Statistics

Change = dict[str, Any]

AIDS: tuple[tuple[str, Change], ...] = (
    ("bias correction", {"bias_correction": True}),
    ("compensated rounding", {"rounding": "compensated"}),
    ("equalization before depthwise layers", {"equalization": "depthwise"}),
    ("equalization before all layers", {"equalization": "all"}),
    ("equalization by up to 4096", {"equalization_limit": 4096.0}),
    ("ranges by percentile 99.99", {"calibrator": "percentile"}),
    ("ranges by least square error", {"calibrator": "mse"}),
    ("ranges by entropy", {"calibrator": "entropy"}),
    ("damping .001", {"damping": 0.001}),
    ("damping .1", {"damping": 0.1}),
)
ALWAYS = 2  # the converter alone and bias correction are tried whatever the time


@dataclass(frozen=True, slots=True)
class Search:
    """How long to search, who is told of each trial, and where trials outlive an interruption."""

    minutes: float = 20.0
    tell: Callable[[str], None] = field(default=lambda _: None)
    folder: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One recipe, what the model made by it is like on the held pictures, and the model."""

    aid: str
    recipe: Recipe
    nearness: Nearness
    blob: bytes
    kept: bool


@dataclass(frozen=True, slots=True, eq=False)
class Workshop:
    """What every trial starts from. `key` stands for all of it."""

    plain: bytes
    draft: Draft
    model: FloatModel
    seen: Statistics
    pixels: NDArray[np.uint8]
    held: Held
    key: str


def searched(shop: Workshop, search: Search, begun: float) -> tuple[Trial, ...]:
    """Every trial, in the order of trying; the last one that was kept is the best.

    An aid is kept where the divergence from the float network on the held pictures falls. Those for which the
    time since `begun` (time.monotonic) does not suffice, by the last trial's, are left out.
    """
    started = time.monotonic()
    best = _tried(shop, search, "the converter alone", NONE, None)
    trials, longest = [best], time.monotonic() - started
    for number, (aid, change) in enumerate(AIDS, start=1):
        recipe = replace(best.recipe, **change)
        if recipe == best.recipe or _is_idle(recipe, change):
            continue
        now = time.monotonic()
        if number >= ALWAYS and now - begun + longest > search.minutes * 60:
            search.tell(f"{search.minutes:g} minutes do not suffice for {aid}, nor for what comes after it")
            break
        trial = _tried(shop, search, aid, recipe, best)
        longest = max(longest, time.monotonic() - now)
        trials.append(trial)
        best = trial if trial.kept else best
    return tuple(trials)


def _is_idle(recipe: Recipe, change: Change) -> bool:
    """Whether a change says something about an aid that is off."""
    needs = {"damping": recipe.rounding == "compensated", "equalization_limit": recipe.equalization != "none"}
    return any(not needs.get(key, True) for key in change)


def _tried(shop: Workshop, search: Search, aid: str, recipe: Recipe, best: Trial | None) -> Trial:
    """One trial, from the folder where it was made before."""
    text = json.dumps([shop.key, asdict(recipe)])
    path = search.folder / hashlib.sha256(text.encode()).hexdigest()[:16] if search.folder else None
    if path and path.with_suffix(".json").is_file():
        blob, near = path.with_suffix(".tflite").read_bytes(), _read(path)
    else:
        blob, near = _made(shop, recipe)
        if path:
            write_bytes(path.with_suffix(".tflite"), blob)
            write_json(path.with_suffix(".json"), asdict(near))
    kept = best is None or near.divergence < best.nearness.divergence
    trial = Trial(aid, recipe, near, blob, kept)
    search.tell(told(trial))
    return trial


def _made(shop: Workshop, recipe: Recipe) -> tuple[bytes, Nearness]:
    if recipe == NONE:
        blob = shop.plain
    else:
        made = carried_out(recipe, shop.draft, shop.seen, shop.model, shop.pixels)
        blob = with_values(shop.plain, made.graph)
    graph = tflite.read(blob)
    return blob, nearness(graph, int8_inputs(graph, shop.model, shop.held.pixels), shop.held)


def _read(path: Path) -> Nearness:
    return Nearness(**json.loads(path.with_suffix(".json").read_text()))


def told(trial: Trial) -> str:
    """One line about a trial."""
    near = trial.nearness
    word = "kept" if trial.kept else "left out"
    return (
        f"{trial.aid:36} agreement {near.agreement:.4f}  top-1 {near.top1:.4f} of {near.float_top1:.4f}  "
        f"divergence {near.divergence:.5f}  {word}"
    )


def record(trials: tuple[Trial, ...], search: Search, held: Held) -> dict[str, Any]:
    """What quantize.json holds of a search."""
    return {
        "minutes": search.minutes,
        "held_samples": len(held.pixels),
        "tried": [
            {"aid": t.aid, "kept": t.kept, **asdict(t.nearness), "recipe": asdict(t.recipe)} for t in trials
        ],
    }
