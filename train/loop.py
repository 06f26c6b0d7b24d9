"""The training loop: stages of one resolution each, in a budget, with checkpoints, progress bar and logs."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from train import checkpoint
from train.errors import TrainError
from train.interrupt import interruptible
from train.mobilenet_v1 import CLASSIFIER
from train.recipe import Recipe
from train.schedule import Budget, first_plan, learning_rate, plan, stage_at
from train.teacher import EMBEDDING, LABEL_SHARE

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from train.teacher import Teacher

logger = logging.getLogger(__name__)

CHECKPOINT_EVERY_S = 30.0
LOG_EVERY_STEPS = 20
PROBE_STEPS = 30  # after which the speed is known and the stages are planned

Step = Callable[["tf.Tensor", "tf.Tensor"], "tuple[tf.Tensor, tf.Tensor]"]


@dataclass(slots=True)
class StageRecord:
    """What one stage did; goes into train.json. `loss` and `accuracy` are means over its last steps."""

    stage: int
    res_px: int
    trains: str
    steps: int = 0
    images: int = 0
    epochs: float = 0.0
    seconds: float = 0.0
    learning_rate_first: float = 0.0
    learning_rate_last: float = 0.0
    loss: float = 0.0
    accuracy: float = 0.0

    def __str__(self) -> str:
        speed = self.images / self.seconds if self.seconds else 0.0
        return f"{self.res_px} px, {self.epochs:.2f} epochs, {speed:.0f} pictures/s, loss {self.loss:.3f}"

    def count(self, images: int, seconds: float, rate: float, samples: int) -> None:
        """Add one step of `images` pictures out of `samples`, at this learning rate."""
        self.learning_rate_first = self.learning_rate_first if self.steps else rate
        self.learning_rate_last = rate
        self.steps += 1
        self.images += images
        self.seconds += seconds
        self.epochs = self.images / samples


@dataclass(slots=True)
class Course:
    """One training run: what is trained, on what, and how far it is.

    `open_stream(res, seed)` gives endless batches; `run` identifies the run: only its own checkpoint is used.
    """

    network: keras.Model
    optimizer: keras.optimizers.Optimizer
    recipe: Recipe
    budget: Budget
    open_stream: Callable[[int, int], Iterator[tuple[tf.Tensor, tf.Tensor]]]
    samples: int
    final_px: int
    seed: int
    run: dict[str, Any]
    checkpoint_file: Path
    logs: Path
    teacher: Teacher | None = None
    records: list[StageRecord] = field(default_factory=list)
    res_px: tuple[int, ...] = ()
    planned: bool = False
    saved_at: float = 0.0
    _steps: dict[str, Step] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.res_px = first_plan(self.recipe, self.final_px)
        self.planned = self.budget.minutes is None  # an exact number of steps must not depend on speed

    @property
    def variables(self) -> list[keras.Variable]:
        """Everything a checkpoint holds."""
        learning = [] if self.teacher is None else self.teacher.projection.variables
        return [*self.network.variables, *self.optimizer.variables, *learning]

    def step(self, trains: str) -> Step:
        """The step function that moves these variables, traced once for each resolution."""
        if trains not in self._steps:
            self._steps[trains] = step_function(
                self.network, self.optimizer, self.recipe, trains, self.teacher
            )
        return self._steps[trains]

    def record(self, index: int) -> StageRecord:
        """The record of stage `index` at its planned resolution: the last one, or a new one."""
        wanted = StageRecord(index + 1, self.res_px[index], self.recipe.stages[index].trains)
        last = self.records[-1] if self.records else None
        if last is None or (last.stage, last.res_px) != (wanted.stage, wanted.res_px):
            self.records.append(wanted)
        return self.records[-1]

    def plan(self, measured_px: int, images_per_second: float) -> None:
        """Choose the stages' resolutions for the speed that was measured."""
        assert self.budget.minutes is not None
        epochs = images_per_second * 60 * self.budget.minutes / self.samples
        self.res_px = plan(self.recipe, self.final_px, measured_px, epochs)
        self.planned = True
        sides = ", ".join(map(str, self.res_px))
        logger.info("%.0f pictures/s at %d px: stages of %s px", images_per_second, measured_px, sides)

    def save(self) -> None:
        """Write the checkpoint."""
        position = {
            "run": self.run,
            "spent_s": self.budget.spent_s,
            "spent_steps": self.budget.spent_steps,
            "records": [asdict(record) for record in self.records],
            "res_px": self.res_px,
            "planned": self.planned,
        }
        checkpoint.save(self.checkpoint_file, self.variables, position)
        self.saved_at = time.monotonic()

    def resume(self) -> bool:
        """Go to where the checkpoint stands; False where there is none of this run."""
        position = checkpoint.restore(self.checkpoint_file, self.variables, self.run)
        if position is None:
            return False
        self.budget.spent_s = position["spent_s"]
        self.budget.spent_steps = position["spent_steps"]
        self.records = [StageRecord(**record) for record in position["records"]]
        self.res_px, self.planned = tuple(position["res_px"]), position["planned"]
        return True


def fit(course: Course) -> None:
    """Train until the budget is used up, then put the averaged weights into the network.

    Raises: KeyboardInterrupt after a signal, when the checkpoint is written.
    """
    import tensorflow as tf
    from tqdm import tqdm

    writer = tf.summary.create_file_writer(str(course.logs))
    bar = tqdm(total=100.0, initial=100 * course.budget.progress, disable=None, bar_format=_BAR)
    with writer.as_default(), interruptible() as asked, bar:
        course.saved_at = time.monotonic()
        told = course.budget.progress
        while course.budget.progress < 1:
            for progress, note in _stage(course):
                bar.set_description_str(note, refresh=False)
                bar.update(100 * progress - bar.n)
                if bar.disable and progress >= told + 0.1:  # off a terminal, where no bar is drawn
                    told = progress
                    logger.info("%3.0f %%  %s", 100 * progress, note)
                if asked.is_set() or time.monotonic() - course.saved_at > CHECKPOINT_EVERY_S:
                    course.save()
                if asked.is_set():
                    logger.warning(
                        "interrupted at %.0f %%; the same command goes on from there", 100 * progress
                    )
                    raise KeyboardInterrupt
        course.save()
    writer.close()
    course.optimizer.finalize_variable_values(course.network.trainable_variables)


_BAR = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}"


def _stage(course: Course) -> Iterator[tuple[float, str]]:
    """Train one stage to its end; yields the progress and a line about it after each step."""
    recipe, budget = course.recipe, course.budget
    index = stage_at(recipe, budget.progress)
    record = course.record(index)
    step = course.step(record.trains)
    stream = course.open_stream(record.res_px, course.seed + budget.spent_steps)
    durations_s: list[float] = []
    budget.start()
    while stage_at(recipe, budget.progress) == index and budget.progress < 1:
        rate = learning_rate(recipe, budget.progress)
        course.optimizer.learning_rate = rate
        x, y = next(stream)
        loss, accuracy = (float(value) for value in step(x, y))
        if not math.isfinite(loss):
            raise TrainError(
                f"the loss is {loss} after {budget.spent_steps} steps: these weights do not train"
            )
        before_s = budget.spent_s
        progress = budget.spend()
        durations_s.append(budget.spent_s - before_s)
        record.count(len(x), durations_s[-1], rate, course.samples)
        record.loss = running_mean(record.loss, loss, record.steps)
        record.accuracy = running_mean(record.accuracy, accuracy, record.steps)
        if budget.spent_steps % LOG_EVERY_STEPS == 0:
            _log(record, budget.spent_steps)
        yield progress, f"train {record.res_px} px, loss {record.loss:.3f}, accuracy {record.accuracy:.3f}"
        if not course.planned and len(durations_s) == PROBE_STEPS:
            course.plan(record.res_px, len(x) / median(durations_s))
            if course.res_px[index] != record.res_px:
                break
    logger.info("stage %d done: %s", record.stage, record)


def running_mean(mean: float, value: float, count: int) -> float:
    """The mean with its `count`-th value: exact over the first 50, then over the last 50 or so.

    >>> running_mean(running_mean(0.0, 4.0, 1), 2.0, 2)
    3.0
    """
    return mean + (value - mean) / min(count, 50)


def _log(record: StageRecord, step: int) -> None:
    import tensorflow as tf

    for name in ("loss", "accuracy", "res_px"):
        tf.summary.scalar(name, getattr(record, name), step=step)
    tf.summary.scalar("learning_rate", record.learning_rate_last, step=step)
    tf.summary.scalar("images_per_second", record.images / record.seconds, step=step)


def step_function(
    network: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    recipe: Recipe,
    trains: str,
    teacher: Teacher | None = None,
) -> Step:
    """One step of gradient descent as a graph: (x, y) to the loss and the batch's accuracy before it.

    While the classifier trains alone, the rest works as in inference: on the statistics of its first weights.
    A teacher's projection goes down the same gradient, at the same rate.
    """
    import keras
    import tensorflow as tf

    classifier = network.get_layer(CLASSIFIER)
    variables = network.trainable_variables if trains == "all" else classifier.trainable_variables
    smoothed = keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing)

    student = keras.Model(network.inputs[0], [network.outputs[0], network.get_layer(EMBEDDING).output])
    projection = [] if teacher is None else teacher.projection.trainable_variables

    @tf.function
    def step(x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            probabilities, embedding = student(x, training=trains == "all")
            loss = smoothed(y, probabilities)
            if teacher is not None:
                taught = teacher.loss(x, probabilities, embedding)
                loss = LABEL_SHARE * loss + (1 - LABEL_SHARE) * taught
        slopes = tape.gradient(loss, [*variables, *projection])
        optimizer.apply(slopes[: len(variables)], variables)
        for variable, slope in zip(projection, slopes[len(variables) :], strict=True):
            variable.assign_sub(optimizer.learning_rate * slope)
        right = tf.argmax(probabilities, 1) == tf.argmax(y, 1)
        return loss, tf.reduce_mean(tf.cast(right, tf.float32))

    return step
