"""Pictures in a folder of class folders, or in a .tar of one."""

import hashlib
import logging
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

from pictures.cache import cache_dir, made_once, sha256_of_file
from pictures.errors import DataError
from pictures.splits import Split, part_by_class

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
TEST_FOLDERS = ("val", "validation", "test")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sample:
    """One file: `name` is its path from the root, with slashes; `side` is its (width, height)."""

    name: str
    label: int
    path: Path
    size: tuple[int, int]


def read_folder(
    root: Path, seed: int, classes: Sequence[str] | None = None
) -> tuple[tuple[str, ...], Split, Split, str]:
    """Classes, train, test and the content's hash of a folder of class folders.

    Given splits are `train/` and the first of `val/ validation/ test/`; otherwise each class is parted 80/20,
    seeded. Classes are in the order of their folders' names, in number order where all are numbers. `classes`
    gives other names to the class folders, in that order.

    Raises: DataError naming the folder or file: no classes, an empty class, a picture that cannot be opened.
    """
    root = _descend(root)
    train_root = root / "train" if (root / "train").is_dir() else root
    test_root = next((root / word for word in TEST_FOLDERS if (root / word).is_dir()), None)
    folders = _class_folders(train_root)
    if classes is not None and len(classes) != len(folders):
        raise DataError(f"{train_root}: {len(folders)} of {len(classes)} classes have pictures; fill all")
    samples = _samples(root, train_root, folders)
    if train_root == root or test_root is None:
        chosen = part_by_class([s.name for s in samples], [s.label for s in samples], seed)
        parts = [[samples[i] for i in chosen[0]], [samples[i] for i in chosen[1]]]
    else:
        strange = sorted(set(_class_folders(test_root)) - set(folders))
        if strange:
            raise DataError(f"{test_root / strange[0]}: no such class in {train_root}; add it there")
        parts = [samples, _samples(root, test_root, folders, may_lack=True)]
    digest = _content_hash(parts[0] + parts[1])
    return tuple(classes or folders), _split(parts[0]), _split(parts[1]), digest


def unpack(archive: Path) -> Path:
    """The folder in the cache that holds the content of a .tar, unpacked once under the archive's hash.

    Members and links that point outside of the folder, and devices, are refused (tarfile's "data" filter).

    Raises: DataError naming the archive where it is damaged or unsafe.
    """

    def fill(partial: Path) -> None:
        log.info("unpacking %s", archive)
        try:
            with tarfile.open(archive) as tar:
                for member in tqdm(tar, desc=f"unpack {archive.name}", disable=None, leave=False):
                    tar.extract(member, partial, filter="data")
        except (tarfile.TarError, EOFError, OSError) as error:
            raise DataError(f"{archive}: cannot be unpacked ({error}); fetch or pack it again") from error

    return made_once(cache_dir() / "archives" / sha256_of_file(archive), fill)


def open_rgb(path: Path) -> Image.Image:
    """The picture of a file, upright, as 8-bit RGB.

    Raises: DataError naming the file where it is damaged, or deeper than 8 bits (it would be clipped).
    """
    try:
        with Image.open(path) as picture:
            if picture.mode in ("I", "F") or picture.mode.startswith("I;"):
                raise DataError(f"{path}: more than 8 bits a pixel ({picture.mode}); convert it to 8-bit RGB")
            upright = ImageOps.exif_transpose(picture)
            if "transparency" in upright.info:
                upright = upright.convert("RGBA")
            return upright.convert("RGB")
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: not a picture that can be read ({error}); mend or remove it") from error


def _descend(root: Path) -> Path:
    """Step into lone folders that hold no pictures of their own, as archives often have one on top."""
    while True:
        folders = _visible_folders(root)
        if len(folders) != 1 or folders[0].name == "train" or not _visible_folders(folders[0]):
            return root
        root = folders[0]


def _visible_folders(root: Path) -> list[Path]:
    return [path for path in sorted(root.iterdir()) if path.is_dir() and not path.name.startswith(".")]


def _class_folders(root: Path) -> list[str]:
    names = [path.name for path in _visible_folders(root)]
    if len(names) < 2:
        raise DataError(f"{root}: {len(names)} class folders; give at least two, each with its pictures")
    if all(name.isascii() and name.isdigit() for name in names):
        names.sort(key=lambda name: (int(name), name))
    return names


def _samples(root: Path, split_root: Path, classes: Sequence[str], may_lack: bool = False) -> list[Sample]:
    """The pictures of a split, sorted by class and path; a test split may lack some classes of train."""
    samples: list[Sample] = []
    for label, name in enumerate(tqdm(classes, desc=f"open {split_root.name}", disable=None, leave=False)):
        folder = split_root / name
        if may_lack and not folder.is_dir():
            continue
        files = sorted(
            path
            for path in folder.rglob("*")
            if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
        )
        if not files:
            raise DataError(f"{folder}: no pictures ({' '.join(sorted(SUFFIXES))}); fill or remove it")
        samples += [Sample(path.relative_to(root).as_posix(), label, path, _size(path)) for path in files]
    return samples


def _size(path: Path) -> tuple[int, int]:
    try:
        with Image.open(path) as picture:
            return picture.size
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: not a picture that can be read; mend or remove it") from error


def _content_hash(samples: Sequence[Sample]) -> str:
    """Hash of the sorted lines `<sha256 of the file> <label> <name>`."""
    total = hashlib.sha256()
    ordered = sorted(samples, key=lambda sample: sample.name)
    for sample in tqdm(ordered, desc="hash pictures", disable=None, leave=False):
        total.update(f"{sha256_of_file(sample.path)} {sample.label} {sample.name}\n".encode())
    return total.hexdigest()


def _split(samples: Sequence[Sample]) -> Split:
    paths = [sample.path for sample in samples]
    sizes = {sample.size for sample in samples}
    width, height = next(iter(sizes))
    return Split(
        labels=np.array([sample.label for sample in samples], np.int64),
        names=tuple(sample.name for sample in samples),
        picture=lambda index: open_rgb(paths[index]),
        native_px=width if len(sizes) == 1 and width == height else None,
    )
