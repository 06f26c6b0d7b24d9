"""Rates of a chip from measured times: non-negative least squares on relative error, held by leaving out."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import msgspec
import numpy as np

from graph.errors import ChipError
from memory_planner.chip import Chip, Overhead, Rate
from memory_planner.cost.layers import parts, rated
from memory_planner.cost.nonnegative import nonnegative_least_squares
from memory_planner.cost.work import Work

ROUNDS = 40
"""How often the longest part of each layer is looked for again, where it alone counts."""
COMPUTE = (
    ("conv+depthwise+pointwise",),
    ("conv+depthwise", "pointwise"),
    ("depthwise", "conv+pointwise"),
    ("conv", "depthwise", "pointwise"),
)
"""Ways to share rates of MACs, the fewest parameters first."""
PARTS = ("conv", "depthwise", "pointwise", "weights", "activations", "layer", "frame")
MIN_DEGREES = 2
"""How many configurations more than parameters a choice must have."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement: the work of its layers on the chip, and the cycles that they took.

    `configuration` says what was measured: rows of one configuration are left out together.
    """

    label: str
    configuration: Hashable
    family: str
    alpha: float | None
    res_px: int | None
    works: tuple[Work, ...]
    cycles: float
    is_layer: bool = False


class Design:
    """Samples as arrays: for each side of each layer (computing, each memory) its parts at rates of 1."""

    def __init__(self, samples: Sequence[Sample], base: Chip, parameters: Sequence[str]) -> None:
        self.parameters = tuple(parameters)
        self.overlap = base.overlap
        self.wanted = np.array([s.cycles for s in samples])
        self._of = {part: k for k, name in enumerate(self.parameters) for part in name.split("+")}
        unit = at_rates_of_one(base)
        sides = 1 + len(base.memory)
        self._layers = [np.zeros((sides, len(s.works), len(self.parameters))) for s in samples]
        self._beside = np.zeros((len(samples), len(self.parameters)))
        for sample, layers, beside in zip(samples, self._layers, self._beside, strict=True):
            for n, work in enumerate(sample.works):
                made = parts(work, unit)
                self._put(layers[0, n], made.compute)
                for k, memory in enumerate(base.memory, 1):
                    self._put(layers[k, n], made.memories.get(memory.name, {}))
                self._put(beside, {"layer": 1.0})
            if not sample.is_layer:
                self._put(beside, {"frame": 1.0})

    def _put(self, row: np.ndarray, made: dict[str, float]) -> None:
        for part, cycles in made.items():
            if part in self._of:
                row[self._of[part]] += cycles

    def features(self, rates: np.ndarray) -> np.ndarray:
        """Cycles of each parameter at 1, (N, P), counting what counts at `rates`."""
        found = self._beside.copy()
        for row, layers in zip(found, self._layers, strict=True):
            if self.overlap == "sum":
                row += layers.sum(axis=(0, 1))
            else:
                longest = (layers @ rates).argmax(axis=0)
                row += layers[longest, np.arange(layers.shape[1])].sum(axis=0)
        return found

    def solve(self, rows: np.ndarray, start: np.ndarray) -> np.ndarray:
        """The parameters of the samples where `rows`, which take the least squares of relative error."""
        rates, best, least = start, start, math.inf
        for n in range(1 if self.overlap == "sum" else ROUNDS):
            features = self.features(rates)[rows] / self.wanted[rows, None]
            found = nonnegative_least_squares(features, np.ones(len(features)))
            error = self.features(found)[rows] @ found / self.wanted[rows] - 1
            if float(error @ error) < least * (1 - 1e-9):
                best, least = found, float(error @ error)
            if np.allclose(found, rates, rtol=1e-9):
                break
            rates = found if n < ROUNDS // 4 else (found + rates) / 2
        return best

    def predict(self, rates: np.ndarray) -> np.ndarray:
        """Cycles of each sample."""
        return self.features(rates) @ rates


def at_rates_of_one(base: Chip) -> Chip:
    """`base` with every rate of computing and every overhead 1, memories as they are, nothing contained."""
    one = Rate(1.0, "assumed", "unit")
    return msgspec.structs.replace(
        base,
        macs_per_cycle=type(base.macs_per_cycle)(one, one, one),
        elements_per_cycle=one,
        layer_overhead_cycles=Overhead(0.0, "assumed", "unit"),
        lanes=msgspec.structs.replace(base.lanes, fill_rows=Overhead(1.0, "assumed", "unit")),
        overlap="sum",
        contained=(),
    )


@dataclass(frozen=True, slots=True)
class Fit:
    """Parameters with their values, and what leaving out says of them.

    `errors` are those of each sample when its configuration is left out, relative; `shares` what each
    parameter has in each sample's time.
    """

    base: Chip
    parameters: tuple[str, ...]
    values: tuple[float, ...]
    shares: np.ndarray
    errors: np.ndarray
    samples: tuple[Sample, ...]

    @property
    def mean_error(self) -> float:
        return float(np.abs(self.errors).mean())

    @property
    def worst_error(self) -> float:
        return float(np.abs(self.errors).max())

    @property
    def degrees(self) -> int:
        """Configurations more than parameters."""
        return max(1, len({s.configuration for s in self.samples}) - len(self.parameters))

    @property
    def spread(self) -> float:
        """What the errors of rows left out scatter by."""
        return scatter(self.errors)


def starting_rates(base: Chip, parameters: Sequence[str]) -> np.ndarray:
    """Where a search for the longest parts begins: what the base says itself."""
    rates = base.macs_per_cycle
    known = {
        "conv": 1 / rates.conv.value,
        "depthwise": 1 / rates.depthwise.value,
        "pointwise": 1 / rates.pointwise.value,
        "fill": 1 / rates.conv.value,
        "layer": base.layer_overhead_cycles.value,
    }
    firsts = (name.split("+")[-1] for name in parameters)
    return np.array([known.get(first, 1.0) for first in firsts])


def fitted_with(samples: Sequence[Sample], base: Chip, parameters: Sequence[str]) -> Fit | None:
    """The fit with these parameters.

    None where one of them comes out as 0, so that the rows do not show it, or where none explains some row.
    """
    design, start = Design(samples, base, parameters), starting_rates(base, parameters)
    values = design.solve(np.ones(len(samples), bool), start)
    if (values <= 0).any() or (design.predict(values) <= 0).any():
        return None
    shares = design.features(values) * values / design.predict(values)[:, None]
    errors = left_out(design, [s.configuration for s in samples], start)
    return Fit(base, design.parameters, tuple(map(float, values)), shares, errors, tuple(samples))


def left_out(design: Design, groups: Sequence[Hashable], start: np.ndarray) -> np.ndarray:
    """The relative error of each row, predicted from the rows of all other groups."""
    errors = np.zeros(len(groups))
    for group in dict.fromkeys(groups):
        mine = np.array([g == group for g in groups])
        errors[mine] = design.predict(design.solve(~mine, start))[mine] / design.wanted[mine] - 1
    return errors


def spread_across(fit: Fit, key: Callable[[Sample], Hashable]) -> float | None:
    """The spread of errors where all samples of one `key` are left out.

    None where no key leaves enough configurations to fit by.
    """
    keys = [key(s) for s in fit.samples]
    design, start = Design(fit.samples, fit.base, fit.parameters), starting_rates(fit.base, fit.parameters)
    errors: list[float] = []
    for one in dict.fromkeys(keys):
        mine = np.array([k == one for k in keys])
        if len({s.configuration for s, k in zip(fit.samples, keys, strict=True) if k != one}) > len(start):
            errors += (design.predict(design.solve(~mine, start))[mine] / design.wanted[mine] - 1).tolist()
    return scatter(errors) if errors else None


def scatter(errors: Sequence[float] | np.ndarray) -> float:
    """The root of the mean square of relative errors, as logarithms: twice as fast is as wrong as half."""
    return float(np.sqrt(np.mean(np.log1p(np.clip(errors, -0.99, None)) ** 2)))


def structures(base: Chip, samples: Sequence[Sample]) -> Iterable[tuple[str, ...]]:
    """What may be fitted: a way to share the rates of the classes measured, and any of the other parts."""
    classes = {rated(work.layer_class) for s in samples for work in s.works if work.macs}
    shares = dict.fromkeys(_among(way, classes) for way in COMPUTE)
    fills: tuple[tuple[str, ...], ...] = ((), ("fill",)) if base.lanes.fill_rows else ((),)
    overheads: tuple[tuple[str, ...], ...] = ((), ("layer",))
    if not all(s.is_layer for s in samples):
        overheads += (("frame",),)
    options = product(shares, fills, ((), ("activations",)), ((), ("weights",)), overheads)
    return ((*c, *f, *a, *w, *o) for c, f, a, w, o in options)


def _among(way: Sequence[str], classes: set[str]) -> tuple[str, ...]:
    """A way to share rates, without the classes that were not measured.

    >>> _among(("conv+depthwise", "pointwise"), {"depthwise"})
    ('depthwise',)
    """
    kept = ("+".join(part for part in name.split("+") if part in classes) for name in way)
    return tuple(name for name in kept if name)


def fit(samples: Sequence[Sample], base: Chip, parameters: Sequence[str] | None = None) -> Fit:
    """The fit that leaving out chooses: of those not worse than the best by more than its standard error, the
    one with the fewest parameters, then the least error.

    Raises: ChipError where there are too few configurations to choose by.
    """
    configurations = len({s.configuration for s in samples})
    tried = [tuple(parameters)] if parameters else list(structures(base, samples))
    usable = [names for names in tried if len(names) + MIN_DEGREES <= configurations]
    found = [made for names in usable if (made := fitted_with(samples, base, names)) is not None]
    if not found:
        raise ChipError(
            f"{configurations} configurations are too few to fit and to check: at least {1 + MIN_DEGREES} are"
            " needed (different ALPHA, RES, classes or network)"
        )
    best = min(found, key=lambda made: made.mean_error)
    limit = best.mean_error + float(np.abs(best.errors).std() / math.sqrt(configurations))
    near = [made for made in found if made.mean_error <= limit]
    return min(near, key=lambda made: (len(made.parameters), made.mean_error))
