"""Known causes of wrong bytes: each recomputes an operator under one mistake."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from firmware_sim.causes import layouts, padding, parameters, rounding
from firmware_sim.causes.trial import Cause, Trial
from graph.errors import SixmegError

CAUSES: tuple[Cause, ...] = (*rounding.CAUSES, *padding.CAUSES, *parameters.CAUSES, *layouts.CAUSES)
"""Likelier ones first where several explain the same bytes."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a cause explains what a firmware gave.

    Of the `of_bytes` that differ it gives `explains_bytes` as the firmware has them; `breaks_bytes` that are
    equal would differ under it. It fits whole, `exact`, where it gives every byte of the tensor.
    """

    cause: str
    says: str
    op: int | None
    explains_bytes: int
    of_bytes: int
    breaks_bytes: int

    @classmethod
    def of(
        cls,
        cause: str,
        says: str,
        op: int | None,
        candidate: np.ndarray,
        ours: np.ndarray,
        theirs: np.ndarray,
    ) -> Fit:
        mine, others, right = (_bytes(values) for values in (ours, theirs, candidate))
        differ, same = mine != others, right == others
        explains, breaks = np.count_nonzero(same & differ), np.count_nonzero(~same & ~differ)
        return cls(cause, says, op, int(explains), int(np.count_nonzero(differ)), int(breaks))

    @property
    def gain(self) -> int:
        return self.explains_bytes - self.breaks_bytes

    @property
    def exact(self) -> bool:
        return self.explains_bytes == self.of_bytes and not self.breaks_bytes


Onward = Callable[[np.ndarray], np.ndarray]
"""From the suspect's output to the tensor that was dumped."""


def fits(trial: Trial, onward: Onward, ours: np.ndarray, theirs: np.ndarray) -> list[Fit]:
    """Every known cause that explains more than it breaks, the best first.

    `ours` and `theirs` are the tensor that was dumped, where `onward` leads from the operator's output.
    """
    found: dict[str, Fit] = {}
    for cause in CAUSES:
        if cause.kinds is not None and trial.kind not in cause.kinds:
            continue
        for detail, values in _variants(cause, trial, onward):
            says = f"{cause.says} ({detail})" if detail else cause.says
            fit = Fit.of(cause.name, says, trial.operands.op.index, values, ours, theirs)
            best = found.get(cause.name)
            if fit.gain > (best.gain if best else 0):
                found[cause.name] = fit
    return sorted(found.values(), key=lambda fit: -fit.gain)


def fits_of_input(ours: np.ndarray, theirs: np.ndarray) -> list[Fit]:
    """The causes that explain an input other than the one that was meant, the best first."""
    tried = [
        (name, f"{says} ({detail})" if detail else says, values)
        for name, says, variants in layouts.OF_INPUTS
        for detail, values in variants(ours)
    ]
    found = [Fit.of(name, says, None, values, ours, theirs) for name, says, values in tried]
    return sorted((fit for fit in found if fit.gain > 0), key=lambda fit: -fit.gain)


def overwritten(op: int | None, ours: np.ndarray, theirs: np.ndarray) -> Fit:
    """The tensor was right when the next operators read it."""
    says = "right when it was read: its memory was reused before it was dumped"
    return Fit.of("overwritten_before_the_dump", says, op, theirs, ours, theirs)


def _variants(cause: Cause, trial: Trial, onward: Onward) -> Iterator[tuple[str, np.ndarray]]:
    """The dumped tensor under each form of a cause, up to the first that the operator cannot have."""
    with suppress(SixmegError, ValueError, IndexError, ZeroDivisionError):
        for detail, values in cause.recompute(trial):
            yield detail, onward(values)


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8)
