"""The paper's experiments: which networks are trained, and what the paper printed for its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

from experiments.cells import Cell
from train.variants import FULL, SHALLOW


@dataclass(frozen=True, slots=True)
class Printed:
    """A row of the paper: ImageNet top-1 as a fraction of 1, millions of multiply-adds and of parameters."""

    name: str
    top1: float
    macs_millions: float
    parameters_millions: float


@dataclass(frozen=True, slots=True)
class Base:
    """What a study varies around: its largest ALPHA and RES, and the grids of the sweeps."""

    alphas: tuple[str, ...]
    reses: tuple[int, ...]

    @property
    def alpha(self) -> str:
        """The widest."""
        return max(self.alphas, key=float)

    @property
    def res(self) -> int:
        """The smallest picture, which is the cheapest to train on."""
        return min(self.reses)


@dataclass(frozen=True, slots=True)
class Study:
    """One experiment: `cells` of a base, `printed` the paper's rows, `table` where they stand."""

    title: str
    table: str
    printed: tuple[Printed, ...]
    cells: Callable[[Base], Sequence[Cell]]


_WHOLE = Printed("1.0 MobileNet-224", 0.706, 569, 4.2)
_NARROW = Printed("0.75 MobileNet-224", 0.684, 325, 2.6)
NARROW = "0.75"

STUDIES = {
    "separable": Study(
        "full convolutions against depthwise separable ones",
        "4",
        (Printed("Conv MobileNet", 0.717, 4866, 29.3), _WHOLE),
        lambda base: [Cell(base.alpha, base.res, variant=FULL), Cell(base.alpha, base.res)],
    ),
    "shallow": Study(
        "narrow against shallow",
        "5",
        (_NARROW, Printed("Shallow MobileNet", 0.653, 307, 2.9)),
        lambda base: [
            Cell(f"{float(NARROW) * float(base.alpha):g}", base.res),
            Cell(base.alpha, base.res, variant=SHALLOW),
        ],
    ),
    "alpha": Study(
        "the width multiplier ALPHA",
        "6",
        (
            _WHOLE,
            _NARROW,
            Printed("0.5 MobileNet-224", 0.637, 149, 1.3),
            Printed("0.25 MobileNet-224", 0.506, 41, 0.5),
        ),
        lambda base: [Cell(alpha, base.res) for alpha in sorted(base.alphas, key=float, reverse=True)],
    ),
    "res": Study(
        "the resolution RES",
        "7",
        (
            _WHOLE,
            Printed("1.0 MobileNet-192", 0.691, 418, 4.2),
            Printed("1.0 MobileNet-160", 0.672, 290, 4.2),
            Printed("1.0 MobileNet-128", 0.644, 186, 4.2),
        ),
        lambda base: [Cell(base.alpha, res) for res in sorted(base.reses, reverse=True)],
    ),
    "tradeoff": Study(
        "accuracy against MACs over ALPHA and RES",
        "6 and 7",
        (
            _WHOLE,
            Printed("1.0 MobileNet-128", 0.644, 186, 4.2),
            _NARROW,
            Printed("0.5 MobileNet-224", 0.637, 149, 1.3),
            Printed("0.25 MobileNet-224", 0.506, 41, 0.5),
        ),
        lambda base: [Cell(alpha, res) for alpha, res in product(base.alphas, base.reses)],
    ),
}
