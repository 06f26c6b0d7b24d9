"""Models of operators that move elements: in any type, their other operands constant or computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.oracle.choices import SEEDS
from tests.oracle.single_op import Case, Spec, constant, model, quantized

ALL = ("int8", "uint8", "int16", "int32", "int64", "float32", "bool")
QUANTIZED = {"int8": 3, "uint8": 131, "int16": 0}
PRIMES = (2, 3, 5, 7, 11)

Build = Callable[[np.random.Generator, str], Case]
"""A case with elements of a type."""


def drawn(build: Build, types: Sequence[str] = ALL) -> st.SearchStrategy[Case]:
    """Cases of a type at a time, often of the two that both oracles take."""
    chosen = [*types, *(dtype for dtype in ("int8", "float32") for _ in range(3) if dtype in types)]
    return st.builds(
        lambda seed, dtype: build(np.random.default_rng(seed), dtype), SEEDS, st.sampled_from(chosen)
    )


def activation(shape: Sequence[int], dtype: str) -> Spec:
    """A tensor that is not constant; of one scale and zero point wherever its type is a quantized one."""
    sides = tuple(int(n) for n in shape)
    return quantized(sides, 0.5, QUANTIZED[dtype], dtype) if dtype in QUANTIZED else Spec(sides, dtype)


def values(rng: np.random.Generator, shape: Sequence[int], dtype: str) -> np.ndarray:
    """Elements over the type's whole range; floats with infinities and both zeros among them."""
    if dtype == "bool":
        return rng.random(shape) < 0.5
    if dtype == "float32":
        usual = rng.normal(0, 1e3, shape)
        return np.where(rng.random(shape) < 0.2, rng.choice([0.0, -0.0, np.inf], shape), usual).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype, endpoint=True)


def sides(rng: np.random.Generator, low: int = 1, high: int = 5) -> tuple[int, ...]:
    """A shape of primes, of `low` to `high` - 1 axes."""
    return tuple(int(n) for n in rng.choice(PRIMES, rng.integers(low, high)))


def moved(
    rng: np.random.Generator,
    kind: str,
    dtype: str,
    shape: Sequence[int],
    operands: Sequence[np.ndarray | Spec],
    outs: Sequence[Sequence[int]],
    table: Any = None,
) -> Case:
    """One input of random elements; its other operands are constants, or now and then inputs as well."""
    ifm = activation(shape, dtype)
    inputs, given = [ifm], [values(rng, ifm.shape, dtype)]
    computed = rng.random() < 0.2
    for operand in operands:
        if isinstance(operand, Spec):
            inputs.append(operand)
        elif computed:
            inputs.append(Spec(operand.shape, str(operand.dtype)))
            given.append(operand)
        else:
            inputs.append(constant(operand, str(operand.dtype)))
    blob = model(kind, inputs, [activation(o, dtype) for o in outs], table)
    chosen = [o.tolist() for o in operands if not isinstance(o, Spec)]
    about = f"{kind} {dtype} {tuple(shape)} {chosen} {computed=} {vars(table) if table else {}}"
    return Case(blob, tuple(given), about)
