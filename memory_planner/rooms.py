"""A chip's memories as what is left of each, and what a byte costs there."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from memory_planner.chip import Chip


@dataclass(frozen=True, slots=True)
class Room:
    """What is left of one memory, and what a byte costs there.

    `runs_weights`: kernels may read weights from it. `is_flash`: it keeps weights while the power is off, and
    where any memory does, each weight needs such a home.
    """

    bytes: int
    weight_cost: int
    activation_cost: int
    runs_weights: bool
    holds_activations: bool
    is_flash: bool


def rooms_of(chip: Chip) -> tuple[tuple[Room, ...], int]:
    """The memories in the chip's order, and into how many parts a cycle is cut so that all costs are whole.

    Rates are taken as the decimals that the TOML says.
    """
    weights = [1 / Fraction(str(m.bytes_per_cycle.value)) for m in chip.memory]
    moved = [1 / Fraction(str(m.activation_rate.value)) for m in chip.memory]
    unit = lcm(*(f.denominator for f in (*weights, *moved)))
    rooms = (
        Room(
            bytes=chip.available_bytes(m.name),
            weight_cost=int(weight * unit),
            activation_cost=int(activation * unit),
            runs_weights=m.runs_weights,
            holds_activations=m.holds_activations,
            is_flash=m.kind == "flash",
        )
        for m, weight, activation in zip(chip.memory, weights, moved, strict=True)
    )
    return tuple(rooms), unit
