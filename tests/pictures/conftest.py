"""Small sets of generated pictures; a cache of their own for each test."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Maker = Callable[[str, dict[str, int]], Path]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, so that no test sees or changes the user's."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("SIXMEG_CACHE", str(folder))
    return folder


@pytest.fixture
def make_folder(tmp_path: Path) -> Maker:
    """make_folder("root", {"train/cat": 5}) fills class folders with so many PNGs of 12 x 12 px noise."""

    def make(name: str, counts: dict[str, int]) -> Path:
        rng = np.random.default_rng(7)
        for folder, count in counts.items():
            (tmp_path / name / folder).mkdir(parents=True, exist_ok=True)
            for i in range(count):
                pixels = rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / name / folder / f"{i:03}.png")
        return tmp_path / name

    return make
