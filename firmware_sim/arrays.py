"""Arrays as files: .npy, or .npz by tensor name where a model has several inputs or outputs."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from files import replacing
from graph.errors import SixmegError
from graph.types import Tensor


class ArrayFileError(SixmegError):
    """A .npy or .npz that is missing, damaged or of the wrong kind."""


def read(path: str | Path) -> np.ndarray | dict[str, np.ndarray]:
    """The array of a .npy, or the arrays of an .npz by name.

    Raises: ArrayFileError for anything else, and for pickled objects, which are never loaded.
    """
    try:
        with Path(path).open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return loaded
            return {name: loaded[name] for name in loaded.files}
    except OSError as error:
        raise ArrayFileError(f"{path}: {error.strerror or error}; give a .npy") from error
    except (ValueError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise ArrayFileError(f"{path}: damaged, or no .npy of numbers; write it with numpy.save") from error


def check_writable(path: str | Path, tensors: Sequence[Tensor]) -> None:
    """Refuse a name that cannot hold `tensors`, before any work is done.

    Raises: ArrayFileError.
    """
    if Path(path).suffix not in (".npy", ".npz"):
        raise ArrayFileError(f"{path}: name it .npy, or .npz for arrays by tensor name")
    if Path(path).suffix == ".npy" and len(tensors) != 1:
        names = ", ".join(t.name for t in tensors)
        raise ArrayFileError(f"{path}: the model has {len(tensors)} outputs ({names}); name it .npz")


def write(path: str | Path, tensors: Sequence[Tensor], arrays: Sequence[np.ndarray]) -> None:
    """One array as .npy, or all by tensor name as .npz; whole, or not at all."""
    with replacing(path) as partial, partial.open("wb") as file:
        if Path(path).suffix == ".npy":
            np.save(file, arrays[0])
        else:
            np.savez(file, **{t.name: a for t, a in zip(tensors, arrays, strict=True)})
