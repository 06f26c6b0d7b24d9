"""Labelled pictures for training, calibration and accuracy: one word in, the same bits for all three."""

import re
import tarfile
from pathlib import Path

from pictures.cifar10 import read_cifar10
from pictures.errors import DataError
from pictures.folders import read_folder, unpack
from pictures.pixels import PIXEL_OFFSET, PIXEL_SCALE, USUAL, PixelRule, input_table, sha256_of
from pictures.splits import PictureSet, Split, class_numbers, draw_by_class
from pictures.tfds_sets import unpack_tfds

__all__ = [
    "PIXEL_OFFSET",
    "PIXEL_SCALE",
    "USUAL",
    "DataError",
    "PictureSet",
    "PixelRule",
    "Split",
    "class_numbers",
    "draw_by_class",
    "input_table",
    "load",
    "sha256_of",
]


def load(word: str, *, seed: int = 0) -> PictureSet:
    """The pictures that `word` names: "cifar10", a folder of class folders, a .tar of one, or "tfds:<name>".

    `seed` parts a folder that has no given test split, and nothing else: leave it alone, so that what one
    stage holds for test is not what another draws from train.

    Raises: DataError, in one line, for a word that names nothing, or pictures that cannot be had or read.
    """
    if word == "cifar10":
        return read_cifar10()
    if word.startswith("tfds:"):
        folder, names, origin = unpack_tfds(word.removeprefix("tfds:"))
        classes, train, test, sha256 = read_folder(folder, seed, names)
        return PictureSet(word, _safe(word), classes, train, test, origin, sha256)
    path = Path(word).expanduser()
    if path.is_dir():
        classes, train, test, sha256 = read_folder(path, seed)
        name = path.resolve().name
        parted = _is_parted(train, test)
        return PictureSet(word, _safe(name), classes, train, test, f"folder {name}", sha256, parted)
    if path.is_file():
        if not tarfile.is_tarfile(path):
            raise DataError(f"{word}: neither a folder nor a .tar; give class folders or a .tar of them")
        classes, train, test, sha256 = read_folder(unpack(path), seed)
        name = re.sub(r"\.(tar(\.\w+)?|tgz)$", "", path.name)
        parted = _is_parted(train, test)
        return PictureSet(word, _safe(name), classes, train, test, f"archive {path.name}", sha256, parted)
    raise DataError(f"{word}: no such data; give cifar10, a folder or .tar of class folders, or tfds:<name>")


def _is_parted(train: Split, test: Split) -> bool:
    """Names begin with their split's folder where a folder has both."""
    return not train.names[0].startswith("train/") or test.names[0].startswith("train/")


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "_", name).strip("_.") or "pictures"
