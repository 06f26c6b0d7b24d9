"""The C library's float32 functions, element by element: what std::exp(float) calls in the runtimes.

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
def _function(name: str) -> Callable[[float], float]:
    try:
        library = ctypes.CDLL(_LIBRARIES.get(sys.platform, "libm.so"))
    except OSError:
        library = ctypes.CDLL(None)  # where libm has another name, Python itself is linked with it
    function = getattr(library, name)
    function.restype, function.argtypes = ctypes.c_float, [ctypes.c_float]
    return function


def _each(name: str, x: np.ndarray) -> np.ndarray:
    values = np.asarray(x, np.float32)
    return np.fromiter(map(_function(name), values.reshape(-1).tolist()), np.float32, values.size).reshape(
        values.shape
    )


def exp(x: np.ndarray) -> np.ndarray:
    """expf of float32; half a microsecond each.

    >>> exp(np.array([0.0, 1.0, -103.0], np.float32)).tolist()
    [1.0, 2.7182817459106445, 1.401298464324817e-45]
    """
    return _each("expf", x)


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
