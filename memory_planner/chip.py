"""Chips as TOML: every figure with its basis and source; an unknown key is an error."""

from __future__ import annotations

import re
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from graph.errors import ChipError

Basis = Literal["measured", "fitted", "published", "assumed"]
Positive = Annotated[float, msgspec.Meta(gt=0, le=1e15)]  # refuses inf, which TOML has a word for
NotNegative = Annotated[float, msgspec.Meta(ge=0, le=1e15)]
Bytes = Annotated[int, msgspec.Meta(gt=0, le=2**40)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*\Z")]
Contents = Literal["weights", "activations"]
FORMER_NAMES = {"ethos-u55": "ethos-u55-256"}


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


class Count(_Table, frozen=True):
    """A whole number above zero, and where it comes from."""

    value: Annotated[int, msgspec.Meta(ge=1, le=2**16)]
    basis: Basis
    source: str


class Size(_Table, frozen=True):
    """A whole number of bytes, and where it comes from."""

    value: Bytes
    basis: Basis
    source: str


class Memory(_Table, frozen=True):
    """One memory: how large, what may live there, how fast it is read.

    `bytes_per_cycle` is for weights, and for activations too where `activation_bytes_per_cycle` is not given.
    A `flash` keeps every constant while the power is off, where there is one; with `execute_in_place` the
    kernels may also read them from there, else they are loaded into a RAM first.
    """

    name: Name
    bytes: Size
    holds: Annotated[tuple[Contents, ...], msgspec.Meta(min_length=1)]
    bytes_per_cycle: Rate
    activation_bytes_per_cycle: Rate | None = None
    kind: Literal["ram", "flash"] = "ram"
    execute_in_place: bool = False

    @property
    def runs_weights(self) -> bool:
        """Whether kernels may read weights from here."""
        return "weights" in self.holds and (self.kind == "ram" or self.execute_in_place)

    @property
    def activation_rate(self) -> Rate:
        """Bytes of activations in a cycle."""
        return self.activation_bytes_per_cycle or self.bytes_per_cycle

    @property
    def holds_activations(self) -> bool:
        return "activations" in self.holds


class Reservation(_Table, frozen=True):
    """Bytes of one memory that are not the model's: firmware, stack, a camera's frame."""

    name: Name
    memory: str
    bytes: Size


class MacsPerCycle(_Table, frozen=True):
    """Sustained multiply-accumulates a cycle, by class of layer."""

    conv: Rate
    depthwise: Rate
    pointwise: Rate


class Lanes(_Table, frozen=True):
    """What the hardware works in multiples of: sizes of a layer are rounded up to them; 1 where not given.

    `stored_channels` is for bytes of activations, the others for MACs; before its first row a convolution
    computes `fill_rows` for nothing.
    """

    input_channels: Count | None = None
    output_channels: Count | None = None
    rows: Count | None = None
    columns: Count | None = None
    stored_channels: Count | None = None
    fill_rows: Overhead | None = None


class Fitted(_Table, frozen=True):
    """What the figures of basis `fitted` were fitted to, and how far the fit can be trusted.

    `parameters` name what was fitted, joined by + where the rows cannot separate it. `spread` is the relative
    error of rows left out, with `degrees` of freedom; `leverage` is inv(S.T @ S) of the shares S that each
    parameter has in each row. `families`, `alphas` and `res_px` are what was measured, as lowest and highest;
    the three spreads beside them are the errors where a whole family, RES or ALPHA is left out.
    """

    source: str
    rows: Annotated[int, msgspec.Meta(ge=1)]
    parameters: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    mean_error: NotNegative
    worst_error: NotNegative
    spread: NotNegative
    degrees: Annotated[int, msgspec.Meta(ge=1)]
    leverage: tuple[tuple[float, ...], ...]
    families: tuple[str, ...]
    alphas: tuple[float, float] | None = None
    res_px: tuple[int, int] | None = None
    family_spread: NotNegative | None = None
    alpha_spread: NotNegative | None = None
    res_spread: NotNegative | None = None
    shared: tuple[str, ...] = ()
    of: Literal["times", "estimates"] = "times"


class Chip(_Table, frozen=True):
    """What a plan and a cycle count need to know of a chip.

    `overlap` says whether a layer takes the sum of computing and moving its bytes, or the longest of them.
    What is `contained` in the rates of computing is not counted again. Measurements call it one of `boards`.

    Units: alignment, memories and reservations in bytes, clock in Hz, overheads in cycles.
    """

    name: Name
    summary: str
    alignment_bytes: Size
    memory: Annotated[tuple[Memory, ...], msgspec.Meta(min_length=1)]
    clock_hz: Rate
    macs_per_cycle: MacsPerCycle
    layer_overhead_cycles: Overhead
    reservation: tuple[Reservation, ...] = ()
    frame_overhead_cycles: Overhead | None = None
    elements_per_cycle: Rate | None = None
    lanes: Lanes = Lanes()
    overlap: Literal["sum", "max"] = "sum"
    contained: tuple[Contents, ...] = ()
    boards: tuple[str, ...] = ()
    fitted: Fitted | None = None

    def reserved_bytes(self, memory: str) -> int:
        """Bytes of `memory` that reservations take."""
        return sum(r.bytes.value for r in self.reservation if r.memory == memory)

    def available_bytes(self, memory: str) -> int:
        """Bytes of `memory` that are left for a model."""
        return sum(m.bytes.value for m in self.memory if m.name == memory) - self.reserved_bytes(memory)

    @property
    def budget_bytes(self) -> int:
        """Bytes of all memories that are left for a model."""
        return sum(self.available_bytes(m.name) for m in self.memory)


def load(name_or_path: str) -> Chip:
    """A shipped chip by name, or one of the user's by the path of its TOML.

    Raises: ChipError naming the chip and the key that is unknown, missing, of the wrong type or out of range,
    or the memory or reservation that contradicts another.
    """
    shipped = resources.files("memory_planner.chips")
    name_or_path = FORMER_NAMES.get(name_or_path, name_or_path)
    try:
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
        chip = msgspec.toml.decode(text, type=Chip)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ChipError(f"chip {name_or_path}: {error}; see docs/chips.md") from error
    wrong = contradiction(chip)
    if wrong:
        raise ChipError(f"chip {name_or_path}: {wrong}; see docs/chips.md")
    return chip


def contradiction(chip: Chip) -> str | None:
    """The first thing in `chip` that cannot be, as a phrase; None for a chip that a plan can be made for."""
    memories = [m.name for m in chip.memory]
    reservations = [r.name for r in chip.reservation]
    for what, found in (("memories", memories), ("reservations", reservations)):
        twice = next((name for name in found if found.count(name) > 1), None)
        if twice:
            return f"two {what} are named {twice!r}"
    for m in chip.memory:
        if len(set(m.holds)) < len(m.holds):
            return f"memory {m.name!r} names what it holds twice"
        if m.kind == "flash" and m.holds_activations:
            return f"memory {m.name!r} is a flash, activations cannot be written there"
        if m.kind == "ram" and m.execute_in_place:
            return f"memory {m.name!r} is no flash, execute_in_place says nothing there"
    for r in chip.reservation:
        if r.memory not in memories:
            return f"reservation {r.name!r} is in memory {r.memory!r}, known are {', '.join(memories)}"
    for m in chip.memory:
        if chip.reserved_bytes(m.name) > m.bytes.value:
            who = ", ".join(r.name for r in chip.reservation if r.memory == m.name)
            taken = f"{chip.reserved_bytes(m.name):,} bytes reserved ({who})"
            return f"memory {m.name!r} has {m.bytes.value:,} bytes, {taken}"
    size = len(chip.fitted.parameters) if chip.fitted else 0
    if chip.fitted and [len(row) for row in chip.fitted.leverage] != [size] * size:
        return f"fitted.leverage is not {size} rows of {size}, as there are parameters"
    if not any(m.holds_activations for m in chip.memory):
        return "no memory holds activations"
    if not any(m.runs_weights for m in chip.memory):
        return "no memory holds weights that kernels may read (a flash needs execute_in_place)"
    return None


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
    match = re.fullmatch(r"\s*(\d{1,15}(?:\.\d{1,15})?)\s*([A-Za-z]*)\s*", text, re.ASCII)
    unit = _UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise ChipError(f"{text!r} is no size; write it like 6MiB, 100KB or 6291456")
    return int(Fraction(match[1]) * unit)
