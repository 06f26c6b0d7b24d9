"""Chips as TOML: every figure with its basis and source; an unknown key is an error."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from graph.errors import ChipError

Basis = Literal["measured", "fitted", "published", "assumed"]
Positive = Annotated[float, msgspec.Meta(gt=0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]
Contents = Literal["weights", "activations"]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the TOML; a key that it does not know is refused."""


class Rate(_Table, frozen=True):
    """A figure above zero, and where it comes from."""

    value: Positive
    basis: Basis
    source: str


class Overhead(_Table, frozen=True):
    """A figure that may be zero, and where it comes from."""

    value: NotNegative
    basis: Basis
    source: str


class Size(_Table, frozen=True):
    """A whole number of bytes, and where it comes from."""

    value: Annotated[int, msgspec.Meta(gt=0)]
    basis: Basis
    source: str


class Memory(_Table, frozen=True):
    """One memory: how large, what may live there, how fast weights are read from it."""

    name: str
    bytes: Size
    holds: tuple[Contents, ...]
    bytes_per_cycle: Rate


class MacsPerCycle(_Table, frozen=True):
    """Sustained multiply-accumulates a cycle, by class of layer."""

    conv: Rate
    depthwise: Rate
    pointwise: Rate


class Chip(_Table, frozen=True):
    """What a plan and a cycle count need to know of a chip.

    Units: alignment and memories in bytes, clock in Hz, overheads in cycles.
    """

    name: str
    summary: str
    alignment_bytes: Size
    memory: Annotated[tuple[Memory, ...], msgspec.Meta(min_length=1)]
    clock_hz: Rate
    macs_per_cycle: MacsPerCycle
    layer_overhead_cycles: Overhead

    @property
    def budget_bytes(self) -> int:
        """Bytes that weights and activations share."""
        return sum(m.bytes.value for m in self.memory if set(m.holds) == {"weights", "activations"})


def load(name_or_path: str) -> Chip:
    """A shipped chip by name, or one of the user's by the path of its TOML.

    Raises: ChipError naming the chip and the key that is unknown, missing, of the wrong type or out of range.
    """
    shipped = resources.files("memory_planner.chips")
    if name_or_path.endswith(".toml"):
        source = Path(name_or_path)
        if not source.is_file():
            raise ChipError(
                f"{name_or_path}: no such file; give a chip's name ({', '.join(names())}) or its TOML"
            )
        text = source.read_text(encoding="utf-8")
    elif name_or_path in names():
        text = (shipped / f"{name_or_path}.toml").read_text(encoding="utf-8")
    else:
        raise ChipError(
            f"unknown chip {name_or_path!r}; shipped are {', '.join(names())}, or give a path to a .toml"
        )
    try:
        chip = msgspec.toml.decode(text, type=Chip)
    except msgspec.DecodeError as error:
        raise ChipError(f"chip {name_or_path}: {error}; see docs/chips.md") from error
    if chip.budget_bytes == 0:
        raise ChipError(f"chip {name_or_path}: no memory holds weights and activations; see docs/chips.md")
    return chip


def names() -> tuple[str, ...]:
    """Names of the chips that come with the product, sorted."""
    files = resources.files("memory_planner.chips").iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml")))


_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}


def parse_bytes(text: str) -> int:
    """A size as a person writes it; KB is 1,000 bytes, KiB 1,024.

    >>> parse_bytes("6MiB"), parse_bytes("100KB"), parse_bytes("1.5 MiB"), parse_bytes("6000000")
    (6291456, 100000, 1572864, 6000000)

    Raises: ChipError for anything else.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", text)
    unit = _UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise ChipError(f"{text!r} is no size; write it like 6MiB, 100KB or 6291456")
    return int(float(match[1]) * unit)
