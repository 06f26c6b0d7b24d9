"""MobileNetV1 in many sizes as .tflite files that are converted once, and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from tqdm import tqdm

from benchmarks import converted
from files import write_bytes
from graph.mobilenet import CLASSES, model_name
from pictures.cache import cache_dir

Size = tuple[float, int]
"""ALPHA and RES."""
PAPERS = tuple((alpha, res) for alpha in (0.25, 0.5, 0.75, 1.0) for res in (128, 160, 192, 224))


def files(sizes: Sequence[Size]) -> list[Path]:
    """A .tflite of each size; TensorFlow is imported only where one is missing."""
    return [_kept(*size) for size in tqdm(sizes, desc="convert", unit="model", disable=None, leave=False)]


def _kept(alpha: float, res: int) -> Path:
    """In the cache, under what the bytes depend on."""
    recipe = Path(converted.__file__).read_bytes() + version("tensorflow-cpu").encode()
    folder = cache_dir() / f"mobilenets-{hashlib.sha256(recipe).hexdigest()[:12]}"
    path = folder / f"{model_name(alpha, res)}.tflite"
    if not path.is_file():
        write_bytes(path, converted.converted(alpha, res, CLASSES))
    return path
