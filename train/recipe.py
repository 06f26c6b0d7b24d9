"""How a model is trained, whole, in one place: two recipes, and the stages they go through.

`SCRATCH` is for fresh weights, `FINE_TUNE` for weights that were trained before. A recipe speaks of shares,
not of steps: each stage has its share of the budget, so that a slow machine does less, never something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from graph.mobilenet import RES_MULTIPLE_PX
from train.errors import TrainError


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of training at one resolution.

    `time_share` is the part of the whole budget; `res_share` the part of the final RES (rounded to a multiple
    of 32, 64 px at least where RES allows it); `trains` the variables that move.
    """

    time_share: float
    res_share: float
    trains: Literal["all", "classifier"] = "all"

    def res_px(self, final_px: int) -> int:
        """The side of this stage's pictures.

        >>> Stage(0.5, 0.4).res_px(160), Stage(0.5, 0.4).res_px(32), Stage(0.5, 1.0).res_px(224)
        (64, 32, 224)
        """
        wanted = round(final_px * self.res_share / RES_MULTIPLE_PX) * RES_MULTIPLE_PX
        return min(final_px, max(2 * RES_MULTIPLE_PX, wanted))


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the weights beside data, first weights, seed and budget.

    BatchNorm works on each batch's statistics, in fine-tuning too: with those of the first weights, a rate
    of 0.004 diverged on flowers. At 0.0004 they gave 85.2 %, each batch's at 0.01 86.3 %: one short run each,
    8 of 736 pictures apart, so robustness decided.

    Raises: TrainError where the stages do not share out the whole budget.
    """

    name: str
    stages: tuple[Stage, ...]
    low_res_epochs: float | None  # the first stage's side grows where time allows so many; None: it stays
    minutes: float  # the budget where none is asked for
    batch: int
    peak_learning_rate: float
    classifier_learning_rate: float  # peak of the stages that train the classifier alone
    warmup_share: float  # of the budget: linear to the peak, then a half cosine to zero
    momentum: float  # SGD with Nesterov's look-ahead
    weight_decay: float  # decoupled, times the rate; on the kernels of all but depthwise convolutions
    label_smoothing: float
    ema_momentum: float  # of the averaged weights, which are kept; a last stage may have only 160 steps
    settle_batches: int  # at the final RES, to estimate BatchNorm's statistics again
    dropout: float
    flip: bool
    translate: float  # up to this part of the side, either way
    zoom: float  # in and out, up to this part

    def __post_init__(self) -> None:
        total = sum(stage.time_share for stage in self.stages)
        if abs(total - 1) > 1e-9 or any(stage.time_share <= 0 for stage in self.stages):
            raise TrainError(f"the stages of recipe {self.name} share out {total:g} of the budget, not 1")


SCRATCH = Recipe(
    name="scratch",
    stages=(Stage(0.60, 0.4), Stage(0.10, 0.6), Stage(0.30, 1.0)),
    low_res_epochs=8,
    minutes=10,
    batch=64,
    peak_learning_rate=0.2,
    classifier_learning_rate=0.1,
    warmup_share=0.05,
    momentum=0.9,
    weight_decay=5e-3,
    label_smoothing=0.1,
    ema_momentum=0.95,
    settle_batches=60,
    dropout=0.0,
    flip=True,
    translate=0.1,
    zoom=0.0,
)

FINE_TUNE = Recipe(
    name="fine-tune",
    stages=(Stage(0.15, 0.7, "classifier"), Stage(0.40, 0.7), Stage(0.45, 1.0)),
    low_res_epochs=None,
    minutes=15,
    batch=32,
    peak_learning_rate=0.005,
    classifier_learning_rate=0.005,
    warmup_share=0.15,
    momentum=0.9,
    weight_decay=1e-3,
    label_smoothing=0.1,
    ema_momentum=0.95,
    settle_batches=40,
    dropout=0.2,
    flip=True,
    translate=0.1,
    zoom=0.2,
)
