"""The C library's functions, element by element: what the runtimes call.

numpy has its own exp, log, tanh, sin and cos for float32, which give other bits (exp: for a third of normally
distributed values); a float64 result that is rounded differs for one in two thousand. The runtimes' wheels
call the C library of the machine, and so does this module: the bits of a float island are those of the C
library that it runs with, as the oracles' are.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache

import numpy as np

_LIBRARIES = {"linux": "libm.so.6", "darwin": "libSystem.dylib", "win32": "ucrtbase"}


@cache
def _function(name: str, real: type[ctypes.c_float] | type[ctypes.c_double]) -> Callable[[float], float]:
    try:
        library = ctypes.CDLL(_LIBRARIES.get(sys.platform, "libm.so"))
    except OSError:
        library = ctypes.CDLL(None)  # where libm has another name, Python itself is linked with it
    function = getattr(library, name)
    function.restype, function.argtypes = real, [real]
    return function


def _each(name: str, x: np.ndarray) -> np.ndarray:
    values = np.asarray(x, np.float32)
    results = map(_function(name, ctypes.c_float), values.reshape(-1).tolist())
    return np.fromiter(results, np.float32, values.size).reshape(values.shape)


def exp(x: np.ndarray) -> np.ndarray:
    """expf of float32; half a microsecond each.

    >>> exp(np.array([0.0, 1.0, -103.0], np.float32)).tolist()
    [1.0, 2.7182817459106445, 1.401298464324817e-45]
    """
    return _each("expf", x)


def exp_of_doubles(x: np.ndarray) -> np.ndarray:
    """exp of float64.

    >>> exp_of_doubles(np.array([0.0, 1.0])).tolist()
    [1.0, 2.718281828459045]
    """
    values = np.asarray(x, np.float64)
    results = map(_function("exp", ctypes.c_double), values.reshape(-1).tolist())
    return np.fromiter(results, np.float64, values.size).reshape(values.shape)


def expm1(x: np.ndarray) -> np.ndarray:
    """expm1f of float32."""
    return _each("expm1f", x)


def log(x: np.ndarray) -> np.ndarray:
    """logf of float32."""
    return _each("logf", x)


def tanh(x: np.ndarray) -> np.ndarray:
    """tanhf of float32."""
    return _each("tanhf", x)


def sin(x: np.ndarray) -> np.ndarray:
    """sinf of float32."""
    return _each("sinf", x)


def cos(x: np.ndarray) -> np.ndarray:
    """cosf of float32."""
    return _each("cosf", x)


def round_away(x: np.ndarray) -> np.ndarray:
    """std::round: to the nearest whole number, ties away from zero, in the type of x.

    >>> round_away(np.array([0.5, -0.5, 0.49999997, 2.5], np.float32)).tolist()
    [1.0, -1.0, 0.0, 3.0]
    """
    with np.errstate(invalid="ignore"):  # an infinity minus itself
        cut = np.trunc(x)
        return cut + np.copysign(np.abs(x - cut) >= 0.5, x).astype(cut.dtype)


def to_int32(x: np.ndarray) -> np.ndarray:
    """static_cast<int32_t>, as int64: cut off towards zero; beyond int32, and for NaN, what x86-64 gives.

    >>> to_int32(np.array([1.9, -1.9, 3e9, -3e9, np.nan])).tolist()
    [1, -1, -2147483648, -2147483648, -2147483648]
    """
    inside = np.abs(x) < 2.0**31
    return np.where(inside, np.where(inside, x, 0).astype(np.int64), -(1 << 31))
