"""Where training stands in its budget, and what follows from that: the stage and the learning rate.

All are functions of `progress`, from 0 to 1, so that the schedule ends exactly where the budget does.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from graph.mobilenet import RES_MULTIPLE_PX
from train.errors import TrainError
from train.recipe import Recipe


def cosine(progress: float, peak: float, warmup_share: float) -> float:
    """Linear from 0 to `peak` over the warm-up, then a half cosine down to 0.

    >>> [round(cosine(p, 0.1, 0.2), 3) for p in (0.0, 0.1, 0.2, 0.6, 1.0)]
    [0.0, 0.05, 0.1, 0.05, 0.0]
    """
    if progress < warmup_share:
        return peak * progress / warmup_share
    return peak * (1 + math.cos(math.pi * (progress - warmup_share) / (1 - warmup_share))) / 2


def stage_at(recipe: Recipe, progress: float) -> int:
    """Index of the stage that trains at `progress`.

    >>> from train.recipe import SCRATCH
    >>> [stage_at(SCRATCH, p) for p in (0.0, 0.59, 0.61, 0.71, 1.0)]
    [0, 0, 1, 2, 2]
    """
    end = 0.0
    for index, stage in enumerate(recipe.stages):
        end += stage.time_share
        if progress < end:
            return index
    return len(recipe.stages) - 1


def first_plan(recipe: Recipe, final_px: int) -> tuple[int, ...]:
    """The side of each stage's pictures, before any speed is known."""
    return tuple(stage.res_px(final_px) for stage in recipe.stages)


def plan(recipe: Recipe, final_px: int, measured_px: int, epochs: float) -> tuple[int, ...]:
    """The same, once it is known that the whole budget holds `epochs` at `measured_px`.

    A step costs as the square of the side, so the first stage holds
    `time_share * epochs * (measured_px / side)**2` epochs. It takes the largest side at which these are
    `recipe.low_res_epochs` at least, and no later stage goes below it.

    >>> from train.recipe import SCRATCH
    >>> [plan(SCRATCH, 160, 64, epochs) for epochs in (5, 40, 500)]
    [(64, 96, 160), (96, 96, 160), (160, 160, 160)]
    """
    planned = first_plan(recipe, final_px)
    low = planned[0]
    if recipe.low_res_epochs is None:
        return planned
    for side in range(low, final_px + 1, RES_MULTIPLE_PX):
        if recipe.stages[0].time_share * epochs * (measured_px / side) ** 2 >= recipe.low_res_epochs:
            low = side
    return tuple(max(low, side) for side in planned)


def learning_rate(recipe: Recipe, progress: float) -> float:
    """The rate at `progress`: a cosine over the stages that train every layer, another over those before."""
    head = 0.0
    for stage in recipe.stages:
        if stage.trains == "all":
            break
        head += stage.time_share
    if progress < head:
        return cosine(progress / head, recipe.classifier_learning_rate, 0.0)
    return cosine((progress - head) / (1 - head), recipe.peak_learning_rate, recipe.warmup_share)


@dataclass(slots=True)
class Budget:
    """Minutes, or an exact number of steps, and how much of it is used up.

    Only time spent inside `spend` counts, so a run that was interrupted goes on where it stood.

    Raises: TrainError if not exactly one of the two is given and positive.
    """

    minutes: float | None = None
    steps: int | None = None
    clock: Callable[[], float] = time.monotonic
    spent_s: float = 0.0
    spent_steps: int = 0
    _since: float | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if (self.minutes is None) == (self.steps is None):
            raise TrainError("give either a number of minutes or a number of steps")
        if (self.minutes or self.steps or 0) <= 0:
            raise TrainError(
                f"a budget of {self.minutes or self.steps or 0} trains nothing; give more than 0"
            )

    def start(self) -> None:
        """Let the time run from here."""
        self._since = self.clock()

    def spend(self, steps: int = 1) -> float:
        """Count `steps` and the time since the last call; return the progress, 1.0 at the end."""
        now = self.clock()
        if self._since is not None:
            self.spent_s += now - self._since
        self._since = now
        self.spent_steps += steps
        return self.progress

    @property
    def progress(self) -> float:
        """The part that is used up, from 0.0 to 1.0."""
        if self.steps is not None:
            return min(1.0, self.spent_steps / self.steps)
        assert self.minutes is not None
        return min(1.0, self.spent_s / (60 * self.minutes))
