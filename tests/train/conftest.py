"""A set of tiny pictures that a network learns within seconds."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

COLOURS = {"blue": (40, 60, 220), "green": (50, 200, 60), "red": (220, 50, 40)}


@pytest.fixture(scope="session")
def colours_folder(tmp_path_factory) -> Path:
    """Three class folders of noisy 40x32 pictures, 24 train and 8 val each, told apart by colour."""
    random = np.random.default_rng(5)
    root = tmp_path_factory.mktemp("colours")
    for name, colour in COLOURS.items():
        for split, count in (("train", 24), ("val", 8)):
            folder = root / split / name
            folder.mkdir(parents=True)
            for number in range(count):
                noise = random.normal(0, 25, (32, 40, 3))
                pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{number:02}.png")
    return root
