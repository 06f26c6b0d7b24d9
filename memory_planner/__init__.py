"""What must be kept, from when to when, and where it lies in the chip's memory."""

from memory_planner.chip import Chip
from memory_planner.fit import Fit, fit
from memory_planner.plan import plan
from memory_planner.types import Buffer, Lifetime, Plan, Schedule, Step
from memory_planner.validator import Violation, validate

__all__ = [
    "Buffer",
    "Chip",
    "Fit",
    "Lifetime",
    "Plan",
    "Schedule",
    "Step",
    "Violation",
    "fit",
    "plan",
    "validate",
]
