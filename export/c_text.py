"""Numbers as C99 source text; the same numbers always give the same text."""

from __future__ import annotations

import numpy as np

from export.errors import ExportError

VALUES_PER_LINE = 16

_C_TYPES = {
    "int8": "int8_t",
    "uint8": "uint8_t",
    "int16": "int16_t",
    "int32": "int32_t",
    "int64": "int64_t",
}


def c_type(dtype: str) -> str:
    """The <stdint.h> name of an integer type.

    Raises: ExportError for a type that no integer-only firmware has.
    """
    if dtype not in _C_TYPES:
        raise ExportError(f"type {dtype} does not go to firmware; quantize the model to int8 in and out")
    return _C_TYPES[dtype]


def float_literal(value: float) -> str:
    """A float constant that reads back to the same float32.

    >>> float_literal(0.0078431377), float_literal(1.0), float_literal(0.5**40)
    ('0.00784313772f', '1.0f', '9.09494702e-13f')
    """
    text = f"{np.float32(value):.9g}"
    return f"{text}f" if any(mark in text for mark in ".e") else f"{text}.0f"


def int_literal(value: int) -> str:
    """An int constant for a macro; negative ones stand in parentheses.

    >>> int_literal(7), int_literal(-128)
    ('7', '(-128)')
    """
    return str(value) if value >= 0 else f"({value})"


def braces(values: tuple[int, ...]) -> str:
    """A short initializer on one line.

    >>> braces((1, 96, 96, 3))
    '{1, 96, 96, 3}'
    """
    return "{" + ", ".join(map(str, values)) + "}"


def hex_rows(data: bytes, indent: str = "    ") -> str:
    """Bytes as lines of an initializer, in hexadecimal.

    >>> print(hex_rows(bytes([0, 255, 18])))
        0x00, 0xff, 0x12,
    """
    words = [f"0x{byte:02x}," for byte in range(256)]
    return _rows([words[byte] for byte in data], indent)


def decimal_rows(values: np.ndarray, indent: str = "    ") -> str:
    """Integers as lines of an initializer, in decimal.

    >>> print(decimal_rows(np.array([[-128, 5], [0, 127]], np.int8), indent=""))
    -128, 5, 0, 127,
    """
    flat = values.reshape(-1)
    if flat.dtype.itemsize == 1:
        words = {value: f"{value}," for value in range(-128, 256)}
        return _rows([words[value] for value in flat.tolist()], indent)
    return _rows([f"{value}," for value in flat.tolist()], indent)


def _rows(words: list[str], indent: str) -> str:
    lines = (words[i : i + VALUES_PER_LINE] for i in range(0, len(words), VALUES_PER_LINE))
    return "\n".join(indent + " ".join(line) for line in lines)
