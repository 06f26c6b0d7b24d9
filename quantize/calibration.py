"""The calibration set: a written list of pictures, drawn by class in equal parts from train."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pictures import DataError, PictureSet, draw_by_class, sha256_of


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """The drawn pictures, and the record that names each: what calibration.json holds.

    Shapes: pixels (samples, res_px, res_px, 3) uint8.
    """

    pixels: NDArray[np.uint8]
    record: dict[str, Any]


def draw(pictures: PictureSet, samples: int, seed: int, res_px: int) -> Calibration:
    """Draw `samples` pictures of the train split, as many of each class, as the model will see them.

    All of train is taken where it has fewer. The record's `sha256` is that of its list of samples, written as
    JSON without spaces; a sample's is that of its pixels at `res_px` (`pictures.sha256_of`).

    Raises: DataError for a draw of none, or a picture that cannot be read.
    """
    train = pictures.train
    indices = draw_by_class(train, min(samples, len(train)), seed)
    pixels = train.read(indices, res_px)
    listed = [
        {
            "name": train.names[index],
            "class": pictures.classes[train.labels[index]],
            "sha256": sha256_of(picture),
        }
        for index, picture in zip(indices.tolist(), pixels, strict=True)
    ]
    record = {
        "data": pictures.word,
        "data_sha256": pictures.sha256,
        "split": "train",
        "seed": seed,
        "res_px": res_px,
        "samples": listed,
        "sha256": hash_of_list(listed),
    }
    return Calibration(pixels, record)


def held(
    pictures: PictureSet, drawn: Calibration, samples: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Other pictures of train, as many of each class, to judge what was calibrated on the drawn ones; labels.

    Raises: DataError where none are left, or a picture cannot be read.
    """
    train, used = pictures.train, {one["name"] for one in drawn.record["samples"]}
    others = [index for index, name in enumerate(train.names) if name not in used]
    if not others:
        raise DataError(f"{pictures.word}: no picture of train is left to judge by; give more than one")
    rest = replace(train, labels=train.labels[others], names=tuple(train.names[i] for i in others))
    chosen = draw_by_class(rest, min(samples, len(others)), drawn.record["seed"])
    indices = np.array(others)[chosen]
    return train.read(indices, drawn.record["res_px"]), train.labels[indices]


def hash_of_list(samples: list[dict[str, str]]) -> str:
    """Hash of the list of samples as JSON without spaces.

    >>> hash_of_list([])[:12]
    '4f53cda18c2b'
    """
    return hashlib.sha256(json.dumps(samples, separators=(",", ":")).encode()).hexdigest()
