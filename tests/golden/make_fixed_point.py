"""Writes fixed_point.json from definitions in rational numbers: `python -m tests.golden.make_fixed_point`."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path

INT32_MAX = (1 << 31) - 1
HALF, ONE_32ND = 1 << 30, -4


def _up(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))


def _away(value: Fraction) -> int:
    return _up(value) if value >= 0 else -_up(-value)


def scaled(accs: list[int], multiplier: int, shift: int) -> list[int]:
    """Two roundings: half up at 2**31, then half away from zero."""
    highs = [_up(Fraction(acc * 2 ** max(shift, 0) * multiplier, 1 << 31)) for acc in accs]
    return [_away(Fraction(high, 2 ** max(-shift, 0))) for high in highs]


def _scaling(catches: str, accs: list[int], multiplier: int, shift: int) -> dict:
    return {
        "catches": catches,
        "function": "multiply_by_quantized_multiplier",
        "arguments": [accs, multiplier, shift],
        "result": scaled(accs, multiplier, shift),
    }


def _other(catches: str, function: str, arguments: list, result: list[int]) -> dict:
    return {"catches": catches, "function": function, "arguments": arguments, "result": result}


def vectors() -> list[dict]:
    """The edges, each with the bug that it exists to catch."""
    high, divide, quantize = (
        "saturating_rounding_doubling_high_mul",
        "rounding_divide_by_pot",
        "quantize_multiplier",
    )
    most, least = INT32_MAX, -(1 << 31)
    return [
        _scaling("single rounding: 0.25 * 1 gives 1, not 0", [1, 2, 3, -1, -2, -3], HALF, -1),
        _scaling("ties towards even instead of away from zero", [16, 48, -16, -48], HALF, ONE_32ND),
        _scaling("ties up instead of away from zero, for negative values", [-8, -24, 8, 24], HALF, -3),
        _scaling("left shift forgotten", [3, -5, 1000], 1610612736, 4),
        _scaling("multiplier held in 32 bits overflows", [most >> 1, -(most >> 1)], most, -20),
        _scaling("shift of 31 drops the sign", [most, -most, 1, -1], most, -31),
        _other("the one product that overflows", high, [[least], least], [most]),
        _other("truncation instead of rounding", high, [[1, -1, 3], HALF], [1, 0, 2]),
        _other("shift right rounds down", divide, [[-1, -3, 1, 3], 1], [-1, -2, 1, 2]),
        _other("division by 2**0 changes the value", divide, [[-1, 7], 0], [-1, 7]),
        _other("a fraction that rounds up to 1.0", quantize, [1 - 2.0**-40], [HALF, 1]),
        _other("tiny multipliers flushed to zero", quantize, [2.0**-33], [0, 0]),
        _other("multipliers of 1 and above", quantize, [3.0], [1610612736, 2]),
    ]


def text() -> str:
    """The file's content."""
    made_by = "python -m tests.golden.make_fixed_point"
    return json.dumps({"made_by": made_by, "vectors": vectors()}, indent=1) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("fixed_point.json").write_text(text())
