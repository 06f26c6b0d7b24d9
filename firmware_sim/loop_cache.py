"""How the simulator's loops are compiled: once per machine and version of their sources, then kept."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import platformdirs
from numba import config as numba_config
from numba import njit
from numba.core import event

config: Any = numba_config  # its names are made when it is imported

# numba renews what it keeps when the function's own file changes; loops call one another across files.
_SOURCES = (
    "compiled_float.py",
    "compiled_resize.py",
    "compiled_softmax.py",
    "copies.py",
    "layer_loops.py",
    "loop_cache.py",
    "ops/lines.py",
    "ops/scaling.py",
    "scalings.py",
    "tiles.py",
    "vector_scaling.py",
    "vectors.py",
)

_log = logging.getLogger(__name__)


def folder() -> Path:
    """Where machine code is kept for the sources as they are now.

    NUMBA_CACHE_DIR moves it; one folder then serves all versions, as numba's own rules have it.
    """
    digest = hashlib.sha256()
    for name in _SOURCES:
        digest.update((Path(__file__).parent / name).read_bytes())
    return Path(platformdirs.user_cache_dir("sixmeg")) / "loops" / digest.hexdigest()[:16]


_FOLDER = str(config.CACHE_DIR or folder())


def loop(function: Callable[..., Any], *, inline: bool = False) -> Any:
    """`function` as machine code that releases the interpreter's lock; `inline`: within what calls it."""
    before, config.CACHE_DIR = config.CACHE_DIR, _FOLDER
    try:
        return njit(nogil=True, cache=True, forceinline=inline)(function)
    finally:
        config.CACHE_DIR = before


def part(function: Callable[..., Any]) -> Any:
    """`function` as a piece of the loops that call it."""
    return loop(function, inline=True)


class _Announcement(event.Listener):
    """One line, when the first loop of a process is compiled and not found in the folder."""

    def __init__(self) -> None:
        self.made = False

    def on_start(self, event: Any) -> None:
        if not self.made:
            self.made = True
            _log.warning("compiling the simulator's loops, once per machine: some seconds")

    def on_end(self, event: Any) -> None:
        pass


event.register("numba:compile", _Announcement())
