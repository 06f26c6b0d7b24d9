"""Predictions over many samples, shard by shard: the same bytes on any number of workers, after any loss."""

from __future__ import annotations

import functools
import hashlib
import logging
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import joblib
import numpy as np
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tqdm import tqdm

from files import replacing
from firmware_sim.engines import EngineError, engine
from firmware_sim.numerics import Numerics
from firmware_sim.program import Program, prepare
from firmware_sim.run import run_batch
from graph import tflite
from memory_planner.types import Plan

_LOG = logging.getLogger(__name__)

SHARD_BYTES = 4 << 20  # inputs of one shard; a scheduler warns of tasks from 10 MB on
LARGEST_SHARD = 512
ROUND = 16  # shards for each worker at a time, which bounds what is held
ATTEMPTS = 5


class Samples(Protocol):
    """What is predicted; `sha256` stands for all of its content."""

    @property
    def sha256(self) -> str: ...
    def __len__(self) -> int: ...
    def inputs(self, indices: np.ndarray) -> tuple[np.ndarray, ...]:
        """One array per input of the model, stacked along the first axis, in the model's types."""


@dataclass(frozen=True, slots=True)
class Job:
    """A model as a worker needs it: values that travel to other machines."""

    blob: bytes
    plan: Plan
    numerics: Numerics


@functools.lru_cache(maxsize=1)
def _program(job: Job) -> Program:
    """Prepared once in each process."""
    return prepare(tflite.read(job.blob), job.plan, numerics=job.numerics)


def _predict(number: int, job: Job, columns: list[tuple[bytes, str, tuple[int, ...]]]) -> tuple[int, bytes]:
    """One shard, in a worker. Arrays travel as bytes: a scheduler sends those again when a worker dies."""
    arrays = [np.frombuffer(raw, dtype).reshape(shape) for raw, dtype, shape in columns]
    scores, *_ = run_batch(_program(job), arrays, workers=1, progress=False)
    return number, scores.reshape(len(scores), -1).argmax(axis=1).astype("<i8").tobytes()


class _Store:
    """Finished shards: in memory, and in a folder where they outlive an interrupted run."""

    def __init__(self, folder: Path | None, key: str) -> None:
        self.folder = folder / key if folder else None
        self.done: dict[int, np.ndarray] = {}
        if self.folder and self.folder.is_dir():
            for path in sorted(self.folder.glob("*.npy")):
                self.done[int(path.stem)] = np.load(path, allow_pickle=False)

    def add(self, number: int, chosen: np.ndarray) -> None:
        self.done[number] = chosen
        if self.folder:
            with replacing(self.folder / f"{number:06}.npy") as partial, partial.open("wb") as file:
                np.save(file, chosen)


def predictions(
    job: Job,
    samples: Samples,
    *,
    engine_word: str = "local",
    workers: int | None = None,
    folder: Path | None = None,
) -> np.ndarray:
    """The most probable class of every sample; the first one on a tie.

    A shard that a dying worker takes along is computed again. With `folder`, finished shards are kept there
    while the run lasts, and an interrupted one goes on from them; what belongs to another model, numerics or
    data is not touched by name.

    Shapes: -> (len(samples),) int64, in the order of the samples.
    Raises: EngineError; InputError and UnsupportedOperatorError as `run_batch` does.
    """
    program = _program(job)  # refuses here, before any worker starts
    ifm_bytes = sum(program.graph.tensors[i].size_bytes for i in program.graph.inputs)
    size = max(1, min(LARGEST_SHARD, SHARD_BYTES // max(1, ifm_bytes)))
    starts = range(0, len(samples), size)
    key = hashlib.sha256(f"{samples.sha256} {job.numerics.value} {size}".encode() + job.blob).hexdigest()[:16]
    store = _Store(folder, key)

    def task(number: int) -> Any:
        indices = np.arange(starts[number], min(starts[number] + size, len(samples)))
        return joblib.delayed(_predict)(number, job, _packed(samples, indices))

    with (
        engine(engine_word, workers and min(workers, len(starts))) as lost,
        tqdm(total=len(samples), desc="evaluate", unit="picture", disable=None) as bar,
    ):
        bar.update(sum(map(len, store.done.values())))
        round_size = ROUND * joblib.effective_n_jobs(-1)
        try:
            for attempt in Retrying(
                retry=retry_if_exception_type(lost),
                stop=stop_after_attempt(ATTEMPTS),
                before_sleep=_tell,
                reraise=True,
            ):
                with attempt:
                    while missing := [n for n in range(len(starts)) if n not in store.done]:
                        for number, raw in _parallel(map(task, missing[:round_size])):
                            store.add(number, np.frombuffer(raw, "<i8"))
                            bar.update(len(store.done[number]))
        except lost as error:
            raise EngineError(
                f"workers of {engine_word} died {ATTEMPTS} times; run it again with fewer --workers"
            ) from error
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
    return np.concatenate([store.done[n] for n in range(len(starts))] or [np.empty(0, np.int64)])


def _parallel(tasks: Iterable[Any]) -> Iterable[tuple[int, bytes]]:
    """Answers as they come, or all at once where the engine cannot (Ray).

    All tasks are sent off here, in the thread that can be told of a lost worker.
    """
    backend, _ = joblib.parallel.get_active_backend()
    how = "generator_unordered" if backend.supports_return_generator else "list"
    return joblib.Parallel(return_as=how, pre_dispatch="all")(tasks)


def _tell(_: RetryCallState) -> None:
    _LOG.warning("a worker died; its shards are computed again")


def _packed(samples: Samples, indices: np.ndarray) -> list[tuple[bytes, str, tuple[int, ...]]]:
    return [(a.tobytes(), a.dtype.str, a.shape) for a in samples.inputs(indices)]
