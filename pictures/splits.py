"""Labelled pictures as values: PictureSet, its two Splits, and seeded draws from them."""

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pictures.errors import DataError
from pictures.pixels import centre_square

CHUNK = 64  # pictures per task; 10,000 of 32 -> 160 px took 2.3 s with 2 threads, 4.1 s with one


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Pictures with labels, in a fixed order; read when asked for.

    `names` are stable ids of the samples, `picture(i)` opens the i-th as RGB. `native_px` is the side of the
    stored pictures where all are square and equal, else None.

    Shapes: labels (N,) int64.
    """

    labels: NDArray[np.int64]
    names: tuple[str, ...]
    picture: Callable[[int], Image.Image]
    native_px: int | None

    def __len__(self) -> int:
        return len(self.names)

    def read(self, indices: Sequence[int] | NDArray[np.integer], res: int) -> NDArray[np.uint8]:
        """The pictures at `indices`, in that order: centre square, Pillow BILINEAR to res x res.

        Shapes: -> (len(indices), res, res, 3) uint8, RGB.
        Raises: DataError naming the file for a picture that cannot be decoded.
        """
        wanted = [int(i) for i in indices]
        pixels = np.empty((len(wanted), res, res, 3), np.uint8)

        def fill(start: int) -> None:
            for row in range(start, min(start + CHUNK, len(wanted))):
                pixels[row] = centre_square(self.picture(wanted[row]), res)

        starts = range(0, len(wanted), CHUNK)
        if len(starts) < 2:
            for start in starts:
                fill(start)
        else:
            with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
                list(pool.map(fill, starts))
        return pixels


@dataclass(frozen=True, slots=True, eq=False)
class PictureSet:
    """Two splits over the same classes, and where they came from.

    `word` is what the user said, `name` is safe as a folder's name, `origin` a line for reports, `sha256` the
    hash of the content (pixels and labels, or the files). `parted` says that the splits are ours, 80/20.
    """

    word: str
    name: str
    classes: tuple[str, ...]
    train: Split
    test: Split
    origin: str
    sha256: str
    parted: bool = False


def class_numbers(names: Sequence[str], classes: int) -> tuple[int, ...] | None:
    """For each class folder, which of a model's `classes` outputs it is; None where they do not go together.

    As many folders as outputs: in their order. Fewer, whose names are all numbers: each is its own name, so
    that a part of a large set can be looked at.

    >>> class_numbers(["cat", "dog"], 2), class_numbers(["0", "7"], 1000), class_numbers(["cat", "dog"], 3)
    ((0, 1), (0, 7), None)
    """
    if len(names) == classes:
        return tuple(range(classes))
    if all(name.isascii() and name.isdigit() and int(name) < classes for name in names):
        return tuple(int(name) for name in names)
    return None


def seeded_order(names: Sequence[str], seed: int) -> list[int]:
    """A shuffle that depends on each name and the seed alone, not on a library's random generator.

        order = argsort(sha256(f"{seed} {name}"))

    >>> seeded_order(["a", "b", "c"], 0)
    [1, 0, 2]
    """
    keys = [hashlib.sha256(f"{seed} {name}".encode()).digest() for name in names]
    return sorted(range(len(names)), key=lambda i: (keys[i], names[i]))


def draw_by_class(split: Split, count: int, seed: int) -> NDArray[np.int64]:
    """Indices of `count` samples, the classes in equal parts, in ascending order.

    The classes take turns; a class that has run out is passed over, so the parts differ by more than one only
    where a class is too small. Where count is less than the classes, the seed chooses which classes come.

    Shapes: -> (count,) int64, ascending, without repeats.
    Raises: DataError where count is not in 1..len(split).
    """
    if not 1 <= count <= len(split):
        raise DataError(f"cannot draw {count} samples from {len(split)}; ask for 1 to {len(split)}")
    present = sorted({int(label) for label in split.labels})
    turn = {present[i]: place for place, i in enumerate(seeded_order(list(map(str, present)), seed))}
    rounds = dict.fromkeys(present, 0)
    ranked = []
    for index in seeded_order(split.names, seed):
        label = int(split.labels[index])
        ranked.append((rounds[label], turn[label], index))
        rounds[label] += 1
    return np.array(sorted(index for _, _, index in sorted(ranked)[:count]), np.int64)


def part_by_class(names: Sequence[str], labels: Sequence[int], seed: int) -> tuple[list[int], list[int]]:
    """Part samples 80/20 into train and test, by class, seeded; the same for any order of the names.

    The fifth is counted along the classes (`floor(seen / 5)`), so that classes of one or two pictures still
    give a test split; it has one sample at least.

    >>> part_by_class([f"{i:02}" for i in range(10)], [0] * 5 + [1] * 5, seed=0)
    ([0, 2, 3, 4, 5, 7, 8, 9], [1, 6])

    Raises: DataError for fewer than two samples.
    """
    if len(names) < 2:
        raise DataError(f"{len(names)} picture cannot be parted into train and test; give at least 2")
    order = sorted(seeded_order(names, seed), key=lambda i: labels[i])
    test = [index for place, index in enumerate(order, start=1) if place % 5 == 0] or order[-1:]
    return sorted(set(order) - set(test)), sorted(test)
