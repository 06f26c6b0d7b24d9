"""The whole of `train`: data, first weights, recipe, budget, loop, float accuracy, files."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import pictures
from graph.mobilenet import check_size
from train import artefacts, pipeline, recipe, settle, teacher, weights
from train.loop import Course, fit
from train.macs import cost
from train.mobilenet_v1 import build, build_for_training
from train.schedule import Budget
from train.variants import SEPARABLE, name_of

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for; `minutes` and `steps` both None mean the recipe's minutes."""

    alpha: float
    res: int
    data: str = "cifar10"
    init: str = "auto"
    minutes: float | None = None
    steps: int | None = None
    seed: int = 0
    activation: str = "relu6"
    variant: str = SEPARABLE
    teacher: str | None = None
    qat: bool = False


def train(wish: Wish, output: Path | None = None) -> Path:
    """Train as wished and return the folder with float.keras, float_predictions.npy, train.json and logs/.

    An interrupted run leaves checkpoint/ there and goes on from it when called again with the same wish.

    Raises: TrainError, DataError or OSError for what cannot be used; KeyboardInterrupt after a signal.
    """
    import keras

    check_size(wish.alpha, wish.res, 2)
    keras.utils.set_random_seed(wish.seed)
    data = pictures.load(wish.data)
    source = weights.find(wish.init, wish.alpha, wish.res)
    chosen = recipe.SCRATCH if source.weights is None else recipe.FINE_TUNE
    classes = len(data.classes)
    network = build_for_training(wish.alpha, classes, wish.activation, chosen.dropout, wish.variant, wish.qat)
    why = source.why
    if source.weights is not None:
        why = f"{why}: {weights.assign(network, source.weights, source.why)}"
    logger.info("first weights: %s (%s)", source.used, why)
    taught = _teacher(wish, network, classes)
    output = output or Path("build") / name_of(wish.alpha, wish.res, wish.variant) / data.name
    output.mkdir(parents=True, exist_ok=True)
    course = _course(wish, chosen, network, data, source, output, taught)
    if course.resume():
        logger.info("resumed at %.0f %% of the budget", 100 * course.budget.progress)
    else:
        shutil.rmtree(course.logs, ignore_errors=True)
    fit(course)
    model = finish(course, wish, classes)
    probabilities = settle.predict(model, data.test, wish.res)
    record = {
        **_record(wish, data, course),
        "init": {"asked": source.asked, "used": source.used, "why": why, "sha256": source.sha256},
        **_accuracy(probabilities, data.test.labels),
    }
    artefacts.write(output, model, probabilities.argmax(1).astype(np.int64), record)
    shutil.rmtree(course.checkpoint_file.parent, ignore_errors=True)
    return output


def finish(course: Course, wish: Wish, classes: int) -> keras.Model:
    """The model at its final, fixed RES with the trained weights and BatchNorm settled."""
    model = build(wish.alpha, wish.res, classes, wish.activation, wish.variant)
    model.set_weights(course.network.get_weights())
    stream = course.open_stream(wish.res, wish.seed)
    epoch = max(1, course.samples // course.recipe.batch)
    settle.settle_batchnorm(model, (x for x, _ in stream), min(course.recipe.settle_batches, epoch))
    return model


def _course(
    wish: Wish,
    chosen: recipe.Recipe,
    network: keras.Model,
    data: pictures.PictureSet,
    source: weights.Source,
    output: Path,
    taught: teacher.Teacher | None,
) -> Course:
    minutes = wish.minutes
    if wish.steps is None and minutes is None:
        minutes = chosen.minutes
    side = pipeline.stored_px(data.train, wish.res)
    fetch = pipeline.keep(data.train, side)
    labels, classes = data.train.labels, len(data.classes)

    def open_stream(res: int, seed: int) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
        return pipeline.batches(fetch, labels, side, res, classes, chosen, seed)

    run = {
        "wish": asdict(wish),
        "recipe": chosen.name,
        "data_sha256": data.sha256,
        "init": [source.used, source.sha256],
        "teacher": taught and taught.sha256,
    }
    return Course(
        network=network,
        optimizer=optimizer(network, chosen),
        recipe=chosen,
        budget=Budget(minutes=minutes, steps=wish.steps),
        open_stream=open_stream,
        samples=len(data.train),
        final_px=wish.res,
        seed=wish.seed,
        run=run,
        checkpoint_file=output / "checkpoint" / "state.npz",
        logs=output / "logs",
        teacher=taught,
    )


def _teacher(wish: Wish, network: keras.Model, classes: int) -> teacher.Teacher | None:
    if wish.teacher is None:
        return None
    return teacher.load(wish.teacher, classes, int(network.get_layer(teacher.EMBEDDING).output.shape[-1]))


def optimizer(network: keras.Model, chosen: recipe.Recipe) -> keras.optimizers.Optimizer:
    """SGD with Nesterov's momentum, EMA, and decoupled weight decay on all kernels but the depthwise ones."""
    import keras

    found = keras.optimizers.SGD(
        chosen.peak_learning_rate,
        momentum=chosen.momentum,
        nesterov=True,
        weight_decay=chosen.weight_decay,
        use_ema=True,
        ema_momentum=chosen.ema_momentum,
    )
    decayed = {
        id(layer.kernel)
        for layer in network.layers
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense)
    }
    spared = [v for v in network.trainable_variables if id(v) not in decayed]
    found.exclude_from_weight_decay(var_list=spared)
    found.build(network.trainable_variables)
    return found


def _record(wish: Wish, data: pictures.PictureSet, course: Course) -> dict[str, Any]:
    counted = cost(wish.alpha, wish.res, len(data.classes), wish.variant)
    return {
        "model": name_of(wish.alpha, wish.res, wish.variant),
        "alpha": wish.alpha,
        "res_px": wish.res,
        "activation": wish.activation,
        "variant": wish.variant,
        "qat": wish.qat,
        "classes": list(data.classes),
        "macs": counted.macs,
        "parameters": counted.parameters,
        "data": {
            "word": data.word,
            "name": data.name,
            "origin": data.origin,
            "sha256": data.sha256,
            "train_samples": len(data.train),
            "test_samples": len(data.test),
        },
        "seed": wish.seed,
        "teacher": None
        if course.teacher is None or wish.teacher is None
        else {"file": Path(wish.teacher).name, "sha256": course.teacher.sha256},
        "minutes_budget": course.budget.minutes,
        "steps_budget": course.budget.steps,
        "stages": [asdict(record) for record in course.records],
        "recipe": asdict(course.recipe),
        "versions": artefacts.versions(),
    }


def _accuracy(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, Any]:
    return {
        "float_top1": float((probabilities.argmax(1) == labels).mean()),
        "float_loss": settle.cross_entropy(probabilities, labels),
        "test_samples": len(labels),
    }
