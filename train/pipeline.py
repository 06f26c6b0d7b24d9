"""Batches for training: shuffled, augmented by Keras' own layers, scaled to -1..1, kept in memory."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pictures import PIXEL_OFFSET, PIXEL_SCALE, Split
from train.errors import TrainError
from train.recipe import Recipe

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

logger = logging.getLogger(__name__)

MEMORY_LIMIT_BYTES = 2 * 1024**3  # above it pictures are decoded again for every batch
READ_AHEAD_BATCHES = 3
CHUNK = 512

Fetch = Callable[[NDArray[np.int64]], NDArray[np.uint8]]


def stored_px(split: Split, res: int) -> int:
    """The side at which pictures are kept for training: their own where it is smaller than RES, else RES."""
    return min(res, split.native_px or res)


def keep(split: Split, side: int) -> Fetch:
    """A function from indices to pictures (n, side, side, 3) uint8, from memory where they fit into 2 GiB."""
    from tqdm import tqdm

    count = len(split)
    if count * side * side * 3 > MEMORY_LIMIT_BYTES:
        logger.info(
            "%d pictures of %d px do not fit into 2 GiB: each is decoded when it is needed", count, side
        )
        return lambda indices: split.read(indices, side)
    pixels = np.empty((count, side, side, 3), np.uint8)
    for start in tqdm(range(0, count, CHUNK), desc="reading pictures", unit="chunk", disable=None):
        indices = np.arange(start, min(start + CHUNK, count))
        pixels[indices] = split.read(indices, side)
    return lambda indices: pixels[indices]


def batches(
    fetch: Fetch, labels: NDArray[np.int64], side: int, res: int, classes: int, recipe: Recipe, seed: int
) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
    """An endless stream of batches, each epoch in an order of its own; the last partial batch is left out.

    Augmentation happens at the smaller of the stored side and `res`, which is the cheaper.

    Shapes: -> (batch, res, res, 3) float32 in -1..1, (batch, classes) float32 one-hot.
    Raises: TrainError, on the way, for a picture that cannot be read.
    """
    import tensorflow as tf

    batch = min(recipe.batch, len(labels))
    layers = augmentation(recipe, seed)

    def read(indices: tf.Tensor, wanted: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        pixels = tf.numpy_function(fetch, [indices], tf.uint8)
        pixels = tf.ensure_shape(pixels, (batch, side, side, 3))
        x = tf.cast(pixels, tf.float32)
        x = augment(x, layers) if side <= res else x
        x = tf.image.resize(x, (res, res), antialias=True)
        x = augment(x, layers) if side > res else x
        return x * PIXEL_SCALE + PIXEL_OFFSET, tf.one_hot(wanted, classes)

    indices = np.arange(len(labels), dtype=np.int64)
    stream = tf.data.Dataset.from_tensor_slices((indices, labels))
    stream = stream.shuffle(len(labels), seed=seed).repeat().batch(batch, drop_remainder=True)
    try:
        yield from stream.map(read).prefetch(READ_AHEAD_BATCHES)
    except tf.errors.OpError as error:  # holds the whole traceback of what failed inside of the pipeline
        reason = re.search(r"\w*Error: .*", error.message)
        raise TrainError(reason.group() if reason else error.message.splitlines()[0]) from error


def augmentation(recipe: Recipe, seed: int) -> list[keras.layers.Layer]:
    """The recipe's random layers, for pictures of 0..255; empty where it asks for none."""
    import keras

    layers: list[keras.layers.Layer] = []
    if recipe.flip:
        layers.append(keras.layers.RandomFlip("horizontal", seed=seed))
    if recipe.translate:
        part = recipe.translate
        layers.append(keras.layers.RandomTranslation(part, part, fill_mode="reflect", seed=seed + 1))
    if recipe.zoom:
        layers.append(
            keras.layers.RandomZoom((-recipe.zoom, recipe.zoom), fill_mode="reflect", seed=seed + 2)
        )
    return layers


def augment(x: tf.Tensor, layers: list[keras.layers.Layer]) -> tf.Tensor:
    """`x` through the random layers, as in training."""
    for layer in layers:
        x = layer(x, training=True)
    return x
