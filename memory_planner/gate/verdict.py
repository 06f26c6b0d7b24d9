"""One model's verdict: what fits, what grew, and why, and the exit code that follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from memory_planner.cost.estimate import fps_told
from memory_planner.fit import Fit
from memory_planner.gate.answer import Answer
from memory_planner.gate.growth import Growth, Limit
from memory_planner.gate.why import Why

OK, UNUSABLE, OVER_BUDGET = 0, 2, 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """One model: an answer, or the line that says why there is none."""

    model: str
    answer: Answer | None = None
    error: str = ""
    growth: Growth | None = None
    limit: Limit | None = None
    why: Why | None = None

    @property
    def grew_too_much(self) -> bool:
        return self.growth is not None and self.limit is not None and self.growth.exceeds(self.limit)

    @property
    def exit_code(self) -> int:
        if self.answer is None:
            return UNUSABLE
        is_good = self.answer.fit.fits and not self.grew_too_much and not self.answer.is_too_slow
        return OK if is_good else OVER_BUDGET

    def as_json(self) -> dict[str, Any]:
        if self.answer is None:
            return {"model": self.model, "error": self.error}
        found = self.answer.as_json()
        if self.growth is not None:
            limit = self.limit.bytes_of(self.growth.before_bytes) if self.limit else None
            found["growth"] = {
                "is_known": self.growth.is_known,
                "growth_bytes": self.growth.growth_bytes if self.growth.is_known else None,
                "allowed_bytes": limit if self.growth.is_known else None,
                "too_much": self.grew_too_much,
                "parts": [asdict(change) for change in self.growth.parts],
                "tensors": [asdict(change) for change in self.growth.tensors],
            }
        if self.why is not None:
            found["why"] = asdict(self.why)
        return found


def exit_code(verdicts: Sequence[Verdict]) -> int:
    """2 where a model could not be used, else 3 where one is over, else 0."""
    codes = {verdict.exit_code for verdict in verdicts}
    return next((code for code in (UNUSABLE, OVER_BUDGET) if code in codes), OK)


def headline(fit: Fit) -> str:
    """One line with the limit and the actual, of each memory where there are several."""
    if len(fit.memories) > 1:
        return _by_memory(fit)
    share = 100 * fit.required_bytes / fit.budget_bytes if fit.budget_bytes else float("inf")
    used = f"{fit.required_bytes:,} of {fit.budget_bytes:,} bytes ({share:.1f} %)"
    if fit.fits:
        return f"fits: {used}, {fit.margin_bytes:,} to spare"
    return f"over budget: {used}, {-fit.margin_bytes:,} too many"


def _by_memory(fit: Fit) -> str:
    over = [m for m in fit.memories if m.margin_bytes < 0]
    used = (f"{m.name} {m.used_bytes:,} of {m.capacity_bytes - m.reserved_bytes:,}" for m in fit.memories)
    if not over:
        return f"fits: {', '.join(used)} bytes"
    lack = (f"{m.name} {-m.margin_bytes:,} bytes too many" for m in over)
    return f"over budget: {', '.join(lack)} ({', '.join(used)})"


def line(verdict: Verdict) -> str:
    """One line for one model."""
    if verdict.answer is None:
        return f"cannot be used: {verdict.error}"
    told = headline(verdict.answer.fit)
    if verdict.answer.is_too_slow and verdict.answer.speed:
        sure = fps_told(verdict.answer.speed.fps_low)
        told = f"too slow: {sure} fps are sure, {verdict.answer.terms.min_fps:g} asked; {told}"
    if verdict.grew_too_much and verdict.growth and verdict.limit:
        grown = f"{verdict.growth.growth_bytes:,} bytes since the baseline, {verdict.limit.text} are allowed"
        return f"grew too much: {grown}; {told}"
    return told
