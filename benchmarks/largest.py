"""The largest size that fits, where only trying tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

STEP_PX = 32
LOOKED_ABOVE = 4


@dataclass(frozen=True, slots=True)
class Largest:
    """The largest RES that fits, what it needs, and what the next one needs; None at the end of the search.

    `res_px` is 0 where not even the smallest fits.
    """

    res_px: int
    needed_bytes: int
    next_bytes: int | None


def largest(needed_bytes: Callable[[int], int], budget_bytes: int, end_px: int) -> Largest:
    """The largest multiple of STEP_PX up to `end_px` that needs no more than the budget.

    Sizes are doubled until one does not fit, then what lies between is halved, or cut where a straight line
    through both ends meets the budget, by turns. That would do if needs only grew; so the LOOKED_ABOVE sizes
    above are tried as well, and where one fits, the search goes on above it.

    >>> largest(lambda res: res * res, 100_000, 6400)
    Largest(res_px=288, needed_bytes=82944, next_bytes=102400)
    >>> largest(lambda res: res, 100_000, 6400)
    Largest(res_px=6400, needed_bytes=6400, next_bytes=None)
    """
    need = cache(needed_bytes)
    low, high = _bracket(need, budget_bytes, end_px)
    by_line = True
    while high - low > STEP_PX:
        middle = (low + high) // 2
        if by_line and low:
            middle = low + (high - low) * (budget_bytes - need(low)) // (need(high) - need(low))
        middle = min(max(middle // STEP_PX * STEP_PX, low + STEP_PX), high - STEP_PX)
        by_line = not by_line
        low, high = (middle, high) if need(middle) <= budget_bytes else (low, middle)
    above = range(low + STEP_PX, min(low + LOOKED_ABOVE * STEP_PX, end_px) + 1, STEP_PX)
    while fitting := [res for res in above if need(res) <= budget_bytes]:
        low = fitting[-1]
        above = range(low + STEP_PX, min(low + LOOKED_ABOVE * STEP_PX, end_px) + 1, STEP_PX)
    return Largest(low, need(low) if low else 0, need(low + STEP_PX) if low < end_px else None)


def _bracket(need: Callable[[int], int], budget_bytes: int, end_px: int) -> tuple[int, int]:
    """A size that fits (or 0) and a larger one that does not, or lies beyond the end."""
    low, high = 0, STEP_PX
    while high <= end_px and need(high) <= budget_bytes:
        low, high = high, end_px if high < end_px < 2 * high else 2 * high
    return low, min(high, end_px + STEP_PX)
