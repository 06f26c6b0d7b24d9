"""One file that holds a run between two steps: every variable, and its position as JSON; whole or absent."""

from __future__ import annotations

import json
import logging
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)


def save(path: Path, variables: Sequence[keras.Variable], position: dict[str, Any]) -> None:
    """Write `variables`, in their order, and `position`; an interruption leaves the file of before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {f"{index:04d}": np.asarray(variable) for index, variable in enumerate(variables)}
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        np.savez(file, position=np.array(json.dumps(position, sort_keys=True)), **arrays)
    partial.replace(path)


def restore(path: Path, variables: Sequence[keras.Variable], run: dict[str, Any]) -> dict[str, Any] | None:
    """Fill `variables` from `path` and return its position; None, and nothing changed, without such a run.

    A file of another run (its position's `run` differs) or a damaged one is no checkpoint: it is left alone,
    said in the log, and overwritten by the next `save`.
    """
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file, np.load(file) as archive:
            position = json.loads(str(archive["position"]))
            arrays = [archive[f"{index:04d}"] for index in range(len(archive.files) - 1)]
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        logger.warning("%s cannot be read, training starts anew: %s", path, error)
        return None
    if position.get("run") != run or [a.shape for a in arrays] != [tuple(v.shape) for v in variables]:
        logger.warning("%s belongs to a run with other settings, training starts anew", path)
        return None
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return position
