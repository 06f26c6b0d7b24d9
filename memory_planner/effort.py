"""How long a search may go on."""

from __future__ import annotations

import time

_SLOWEST_PER_SECOND = 10_000.0  # until it is measured; a first call also waits for the compiler


class Effort:
    """What a search may yet spend: placements tried, or seconds, or both.

    A count alone makes the outcome depend on nothing but the input.
    """

    def __init__(self, placements: int | None = None, seconds: float | None = None) -> None:
        self._left = placements
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._per_second = _SLOWEST_PER_SECOND

    def grant(self, wanted: int) -> int:
        """How many of `wanted` placements may be tried now."""
        if self._left is not None:
            wanted = min(wanted, self._left)
        if self._deadline is not None:
            wanted = min(wanted, int(self._per_second * (self._deadline - time.monotonic())))
        return max(0, wanted)

    def spend(self, placements: int, seconds: float) -> None:
        """Take off what was tried, and learn how fast it goes."""
        if self._left is not None:
            self._left -= placements
        if placements > 1000 and seconds > 0:
            self._per_second = max(_SLOWEST_PER_SECOND, placements / seconds)

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left."""
        return self.grant(1) == 0
