"""The files a training leaves: all of them whole, or those of before."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

PACKAGES = ("keras", "numpy", "pillow", "tensorflow-cpu")
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold


def write(folder: Path, model: keras.Model, predictions: NDArray[np.int64], record: dict[str, Any]) -> None:
    """Write float_predictions.npy, train.json and float.keras, renamed into place when all are complete."""
    files = [folder / name for name in ("float_predictions.npy", "train.json", "float.keras")]
    partial = {file.name: file.with_name(file.name + ".partial") for file in files}
    with partial["float_predictions.npy"].open("wb") as stream:
        np.save(stream, predictions)
    partial["train.json"].write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    save_model(model, partial["float.keras"])
    for file in files:
        partial[file.name].replace(file)


def save_model(model: keras.Model, path: Path) -> None:
    """Write `model` in Keras' format, without the clock: equal weights give equal bytes."""
    with tempfile.TemporaryDirectory(dir=path.parent, suffix=".partial") as folder:
        dated = Path(folder) / "model.keras"
        model.save(dated)
        with zipfile.ZipFile(dated) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
            for name in sorted(old.namelist()):
                content = old.read(name)
                if name == "metadata.json":
                    metadata = json.loads(content)
                    metadata.pop("date_saved", None)
                    content = json.dumps(metadata, sort_keys=True).encode()
                new.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED)


def versions() -> dict[str, str]:
    """What made the model: Python and the packages that decide its weights."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        found[package] = importlib.metadata.version(package)
    return found
