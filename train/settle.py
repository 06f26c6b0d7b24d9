"""What follows the last step: BatchNorm's statistics at the final resolution, and the float accuracy."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pictures import PIXEL_OFFSET, PIXEL_SCALE, Split

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

EVALUATION_BATCH = 100


def settle_batchnorm(model: keras.Model, batches: Iterable[tf.Tensor], count: int) -> None:
    """Set every BatchNorm's moving statistics to those of `count` batches, all weighing the same.

        mean     = E[mean_b]
        variance = E[variance_b + mean_b**2] - mean**2     # over all pictures, not within batches

    Weights do not change.
    """
    import keras
    import tensorflow as tf
    from tqdm import tqdm

    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0  # one forward pass leaves exactly the batch's own statistics
    forward = tf.function(lambda x: model(x, training=True))
    first = [np.zeros(layer.moving_mean.shape) for layer in layers]
    second = [np.zeros(layer.moving_mean.shape) for layer in layers]
    for x in tqdm(islice(batches, count), total=count, desc="settling BatchNorm", disable=None):
        forward(x)
        for index, layer in enumerate(layers):
            mean = np.asarray(layer.moving_mean, np.float64)
            first[index] += mean / count
            second[index] += (np.asarray(layer.moving_variance, np.float64) + mean**2) / count
    for layer, momentum, mean, square in zip(layers, momenta, first, second, strict=True):
        layer.momentum = momentum
        layer.moving_mean.assign(mean.astype(np.float32))
        layer.moving_variance.assign((square - mean**2).astype(np.float32))


def predict(model: keras.Model, split: Split, res: int) -> NDArray[np.float32]:
    """Probabilities of every picture of `split`, read at `res` as every other part of the house reads it.

    Shapes: -> (N, classes) float32.
    """
    import tensorflow as tf
    from tqdm import tqdm

    forward = tf.function(lambda x: model(x, training=False), reduce_retracing=True)
    found = []
    for start in tqdm(range(0, len(split), EVALUATION_BATCH), desc="float accuracy", disable=None):
        pixels = split.read(range(start, min(start + EVALUATION_BATCH, len(split))), res)
        found.append(forward(pixels.astype(np.float32) * PIXEL_SCALE + PIXEL_OFFSET).numpy())
    return np.concatenate(found)


def cross_entropy(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Mean negative log likelihood of the labels.

    >>> round(cross_entropy(np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 1])), 4)
    0.4904
    """
    likely = np.take_along_axis(probabilities.astype(np.float64), labels[:, None], axis=1)
    return float(-np.log(np.maximum(likely, 1e-7)).mean())
