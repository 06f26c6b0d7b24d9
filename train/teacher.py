"""A larger network that a small one learns from: its probabilities softened, and its embedding."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from train.errors import TrainError

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

TEMPERATURE = 4.0
LABEL_SHARE = 0.3  # of the loss: the labels'; the rest is the teacher's
EMBEDDING_SHARE = 0.1
EMBEDDING = "pool"  # the student's layer whose output is set beside the teacher's
SMALLEST = 1e-7


@dataclass(frozen=True, slots=True)
class Teacher:
    """`model` gives class scores and embedding; `projection` maps the student's embedding onto its size.

    The projection learns with the student and is thrown away.
    """

    model: keras.Model
    projection: keras.layers.Dense
    side_px: int | None
    scores_are_probabilities: bool
    sha256: str

    def loss(self, x: tf.Tensor, probabilities: tf.Tensor, embedding: tf.Tensor) -> tf.Tensor:
        """What the student lacks of the teacher: softened classes and embedding.

            T**2 * KL(softmax(z_teacher / T) || softmax(z_student / T)) + c * MSE(P e_student, e_teacher)

        Logarithms of probabilities serve as logits: softmax takes out what they differ by.

        Source: Hinton, Vinyals, Dean, arXiv:1503.02531, section 2.
        """
        import tensorflow as tf

        seen = x if self.side_px is None else tf.image.resize(x, (self.side_px, self.side_px))
        scores, wanted = self.model(seen, training=False)
        wanted = tf.reshape(wanted, (tf.shape(x)[0], self.projection.units))
        logits = tf.math.log(scores + SMALLEST) if self.scores_are_probabilities else scores
        taught = tf.nn.softmax(logits / TEMPERATURE)
        learned = tf.nn.log_softmax(tf.math.log(probabilities + SMALLEST) / TEMPERATURE)
        away = tf.reduce_mean(tf.reduce_sum(taught * (tf.math.log(taught + SMALLEST) - learned), axis=1))
        apart = tf.reduce_mean(tf.square(self.projection(embedding) - wanted))
        return TEMPERATURE**2 * away + EMBEDDING_SHARE * apart


def load(path: str | Path, classes: int, embedding_size: int) -> Teacher:
    """A classifier of Keras (.keras or .h5 with its architecture) for pictures scaled to -1..1.

    Raises: TrainError for a file that Keras cannot load, or a model of other classes.
    """
    import keras
    import numpy as np

    path = Path(path)
    try:
        model = keras.models.load_model(path, compile=False)
    except (ValueError, OSError, TypeError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise TrainError(
            f"teacher {path}: cannot be loaded by Keras ({reason}); give a .keras file"
        ) from error
    shape = model.inputs[0].shape
    told = model.outputs[0].shape[-1]
    if len(model.inputs) != 1 or len(shape) != 4 or shape[-1] != 3 or told != classes:
        raise TrainError(
            f"teacher {path}: {told} classes of {list(shape)}; {classes} of RGB pictures are needed"
        )
    last = [layer for layer in model.layers if getattr(layer, "kernel", None) is not None][-1]
    size = int(np.prod([side or 1 for side in last.input.shape[1:]]))
    side = shape[1] or 64
    whole = keras.Model(model.inputs[0], [model.outputs[0], last.input])
    noise = np.random.default_rng(0).uniform(-1, 1, (2, side, side, 3)).astype(np.float32)
    probe = np.asarray(whole(noise, training=False)[0])
    projection = keras.layers.Dense(size, use_bias=False, name="projection")
    projection.build((None, embedding_size))
    return Teacher(
        model=whole,
        projection=projection,
        side_px=shape[1],
        scores_are_probabilities=bool(np.allclose(probe.sum(-1), 1, atol=1e-3) and (probe >= 0).all()),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )
