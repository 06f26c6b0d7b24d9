"""What an operator becomes in C: constants, the structure that names them, and calls of a kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from export import c_text

Value = int | str | Mapping[str, "Value"]
"""A member of a structure: a number, the name of an array, or a structure in it."""

LINE = 100
"""Characters after which an initializer goes to a line of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Array:
    """A constant of the weights' file; `name` comes after the model's. Rows of a matrix are structures."""

    name: str
    c_type: str
    values: np.ndarray

    @property
    def rows(self) -> str:
        """Its initializer's lines."""
        if self.values.ndim == 1:
            return c_text.decimal_rows(self.values)
        return "\n".join("    {" + ", ".join(map(str, row)) + "}," for row in self.values.tolist())

    @property
    def size_bytes(self) -> int:
        return self.values.nbytes


@dataclass(frozen=True, slots=True)
class Call:
    """kernel(first, sources..., ofm, begin, end); without begin and end where it takes tensors `whole`.

    `kernel` comes after the model's name; `first` is a C expression, or empty for the operator's structure.
    `sources` are positions of the operator's inputs.
    """

    kernel: str
    sources: tuple[int, ...] = (0,)
    first: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Emitted:
    """An operator. `c_type` of its structure, without the model's name; empty where it has none.

    `sections` are the kernels' sources that its calls need, `taps` how many its windows have, `depth` how
    many bytes a convolution's reads, `channels` how many of its inputs are read each for itself. Where a step
    sums its pixels as they come, `of_sums` is the call that makes the output of the sums. `pixels` are those
    of whole tensors where they are not counted by the last axis.
    """

    calls: tuple[Call, ...]
    sections: tuple[str, ...]
    c_type: str = ""
    members: Mapping[str, Value] | None = None
    arrays: Sequence[Array] = ()
    taps: int = 0
    depth: int = 0
    channels: int = 0
    of_sums: Call | None = None
    pixels: int | None = None


def initializer(members: Mapping[str, Value], indent: str = "    ") -> str:
    """A structure's designated initializer, without its outer braces.

    >>> print(initializer({"to": {"low": -128, "bias": "net_bias_3"}, "inputs": 3}))
        .to = {.low = -128, .bias = net_bias_3},
        .inputs = 3,
    """
    return "\n".join(f"{indent}.{name} = {_value(value, indent)}," for name, value in members.items())


def _value(value: Value, indent: str) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    members = [f".{name} = {_value(inner, indent)}" for name, inner in value.items()]
    line = "{" + ", ".join(members) + "}"
    if len(line) <= LINE:
        return line
    return "{\n" + "".join(f"{indent}    {member},\n" for member in members) + indent + "}"
