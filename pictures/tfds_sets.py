"""Pictures of tensorflow-datasets, copied once as they are stored (JPEG, PNG) into class folders."""

import contextlib
import logging
import re
import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm

from pictures.cache import cache_dir, made_once
from pictures.errors import DataError

TEST_SPLITS = ("test", "validation")
SUFFIX_BY_START = {b"\xff\xd8": ".jpg", b"\x89P": ".png", b"GI": ".gif", b"BM": ".bmp"}

log = logging.getLogger(__name__)


def unpack_tfds(name: str) -> tuple[Path, tuple[str, ...], str]:
    """The folder of class folders made from the data set `name`, its class names, and a line on its origin.

    Splits: train, and test or else validation; without these two, `train` alone.

    Raises: DataError where tensorflow-datasets is absent, the name unknown, or it holds no labelled pictures.
    """
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise DataError(
            f"tfds:{name} needs tensorflow-datasets, which is not installed; pip install 'sixmeg[tfds]'"
        ) from error
    try:
        builder = tfds.builder(name)
    except (tfds.core.DatasetNotFoundError, ImportError, ValueError) as error:
        raise DataError(f"tfds:{name}: no such data set in tensorflow-datasets; see its catalogue") from error
    image, label = _features(builder, name)
    classes = tuple(label.names or map(str, range(label.num_classes)))

    def fill(partial: Path) -> None:
        with contextlib.redirect_stdout(sys.stderr):  # it prints; stdout is for answers
            builder.download_and_prepare()
        if "train" not in builder.info.splits:
            raise DataError(f"tfds:{name}: no train split among {', '.join(sorted(builder.info.splits))}")
        splits = ["train", *[word for word in TEST_SPLITS if word in builder.info.splits][:1]]
        for split in splits:
            _copy(tfds, builder, split, (image, label), partial / ("train" if split == "train" else "test"))

    full_name = builder.info.full_name
    folder = made_once(cache_dir() / "tfds" / re.sub(r"[^A-Za-z0-9._-]+", "-", full_name), fill)
    log.info("tfds: %s in %s", full_name, folder)
    return folder, classes, f"tensorflow-datasets {full_name}"


def _features(builder: Any, name: str) -> tuple[str, Any]:
    """The name of the picture's feature, and the label's feature."""
    keys = builder.info.supervised_keys
    features = builder.info.features
    if not keys or len(keys) != 2 or not all(isinstance(key, str) and key in features for key in keys):
        raise DataError(f"tfds:{name}: no pictures with one label each; give a set for classification")
    image, label = features[keys[0]], features[keys[1]]
    if type(image).__name__ != "Image" or not hasattr(label, "num_classes"):
        raise DataError(f"tfds:{name}: {keys} are not a picture and a class; give a set for classification")
    return keys[0], label


def _copy(tfds: Any, builder: Any, split: str, keys: tuple[str, Any], folder: Path) -> None:
    """Write the split's pictures, in the order of the stored shards, to `folder`/<label>/<place>."""
    image, _ = keys
    data = builder.as_dataset(
        split=split,
        decoders={image: tfds.decode.SkipDecoding()},
        as_supervised=True,
        shuffle_files=False,
        read_config=tfds.ReadConfig(interleave_cycle_length=1),
    )
    bar = tqdm(tfds.as_numpy(data), desc=f"copy {split}", unit=" pictures", disable=None, leave=False)
    for place, (stored, label) in enumerate(bar):
        target = folder / f"{int(label):05}"
        target.mkdir(parents=True, exist_ok=True)
        suffix = SUFFIX_BY_START.get(stored[:2], ".webp")
        (target / f"{place:07}{suffix}").write_bytes(stored)
