"""Reservations as a user adds them: what is not the model's, by name, in bytes."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from graph.errors import ChipError
from memory_planner.chip import Chip, Reservation, Size, contradiction, parse_bytes

SOURCE = "given on the command line (--reserve)"


def reserving(chip: Chip, options: Iterable[str]) -> Chip:
    """`chip` with each `NAME=BYTES[@MEMORY]` of `options` in force; 0 bytes take a reservation away.

    A name that the chip has keeps its memory; a new one goes where @MEMORY says, or to the memory of the
    activations where there is only one.

    Raises: ChipError naming the option that is not of this form, or that does not fit its memory.
    """
    for option in options:
        chip = _with(chip, option)
    return chip


def _with(chip: Chip, option: str) -> Chip:
    name, equals, rest = option.partition("=")
    size, at, memory = rest.partition("@")
    if not equals or not name or (at and not memory):
        raise ChipError(f"--reserve {option}: write it like camera=150KiB or camera=150KiB@sram")
    count = parse_bytes(size)
    known = {r.name: r for r in chip.reservation}
    if not memory:
        memory = known[name].memory if name in known else _only_memory(chip, option)
    if memory not in [m.name for m in chip.memory]:
        raise ChipError(f"--reserve {option}: {chip.name} has {', '.join(m.name for m in chip.memory)}")
    known.pop(name, None)
    if count:
        try:
            added = msgspec.convert(
                {
                    "name": name,
                    "memory": memory,
                    "bytes": {"value": count, "basis": "assumed", "source": SOURCE},
                },
                Reservation,
            )
        except msgspec.ValidationError as error:
            raise ChipError(f"--reserve {option}: {error}") from error
        known[name] = added
    changed = msgspec.structs.replace(chip, reservation=tuple(known.values()))
    wrong = contradiction(changed)
    if wrong:
        raise ChipError(f"--reserve {option}: {wrong}")
    return changed


def _only_memory(chip: Chip, option: str) -> str:
    candidates = [m.name for m in chip.memory if m.holds_activations]
    if len(candidates) > 1:
        raise ChipError(f"--reserve {option}: in which memory? add @{' or @'.join(candidates)}")
    return candidates[0]


def with_budget(chip: Chip, budget_bytes: int) -> Chip:
    """`chip` with one memory of `budget_bytes` for everything, as fast as its first, and nothing reserved."""
    size = Size(budget_bytes, "assumed", "given on the command line (--budget)")
    first = chip.memory[0]
    memory = msgspec.structs.replace(
        first, name="budget", bytes=size, holds=("weights", "activations"), kind="ram", execute_in_place=False
    )
    return msgspec.structs.replace(chip, memory=(memory,), reservation=())
