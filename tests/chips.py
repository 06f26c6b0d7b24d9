"""Chips made by hand: several small memories."""

from __future__ import annotations

import msgspec
from hypothesis import strategies as st

from memory_planner.chip import Chip, Memory, Rate, Size, contradiction, load

NPU6M = load("npu6m")


def memory(
    name: str, size: int, rate: float, holds: str = "wa", *, flash: bool = False, activation_rate: float = 0
) -> Memory:
    """A memory of `size` bytes; `holds` is some of w and a; a flash is executed in place."""
    return Memory(
        name=name,
        bytes=Size(size, "assumed", "a test"),
        holds=tuple({"w": "weights", "a": "activations"}[letter] for letter in holds),
        bytes_per_cycle=Rate(rate, "assumed", "a test"),
        activation_bytes_per_cycle=Rate(activation_rate, "assumed", "a test") if activation_rate else None,
        kind="flash" if flash else "ram",
        execute_in_place=flash,
    )


def chip_of(*memories: Memory, alignment: int = 4) -> Chip:
    """npu6m's figures with other memories."""
    chip = msgspec.structs.replace(
        NPU6M, name="test", memory=memories, alignment_bytes=Size(alignment, "assumed", "a test")
    )
    assert contradiction(chip) is None
    return chip


@st.composite
def chips(draw: st.DrawFn, max_bytes: int = 160) -> Chip:
    """One to three RAMs, of which one holds activations and one weights, and perhaps a flash."""
    rates = st.sampled_from([0.5, 1, 2, 2.175, 8])
    count = draw(st.integers(1, 3))
    rams = []
    for k in range(count):
        holds = "wa" if k == 0 else draw(st.sampled_from(["wa", "w", "a"]))
        moved = draw(st.sampled_from([0, 0.25, 4]))
        rams.append(
            memory(f"ram{k}", draw(st.integers(8, max_bytes)), draw(rates), holds, activation_rate=moved)
        )
    if draw(st.booleans()):
        size = draw(st.integers(8, 2 * max_bytes))
        flash = memory("flash", size, draw(rates), "w", flash=True)
        rams.append(flash if draw(st.booleans()) else msgspec.structs.replace(flash, execute_in_place=False))
    return chip_of(*rams)
