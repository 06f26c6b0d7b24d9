"""Cells on processes or a cluster: a cell that a dying worker takes along is run again by another."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence

import joblib
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from experiments.cells import Cell, Outcome, Road, run
from firmware_sim.engines import EngineError, engine

_LOG = logging.getLogger(__name__)

ATTEMPTS = 5


def run_all(
    cells: Sequence[Cell],
    road: Road,
    *,
    engine_word: str = "local",
    workers: int | None = None,
    told: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """The outcome of each cell, in the order of the cells; `told` hears of each as it comes.

    What Make finds up to date is kept, so that the same call goes on where an interrupted one stood.

    Raises: EngineError for an engine that is not there, or whose workers keep dying.
    """
    done: dict[Cell, Outcome] = {}
    with engine(engine_word, workers and min(workers, len(cells)), own=True) as lost:
        try:
            for attempt in Retrying(
                retry=retry_if_exception_type(lost),
                stop=stop_after_attempt(ATTEMPTS),
                before_sleep=_tell,
                reraise=True,
            ):
                with attempt:
                    for outcome in _outcomes([cell for cell in cells if cell not in done], road):
                        done[outcome.cell] = outcome
                        told(outcome)
        except lost as error:
            raise EngineError(
                f"workers of {engine_word} died {ATTEMPTS} times; run it again with fewer --workers"
            ) from error
    return [done[cell] for cell in cells]


def threads_each(workers: int | None) -> int:
    """Cores for each of `workers` runs on this machine, one at least."""
    cores = len(os.sched_getaffinity(0))
    return max(1, cores // (workers or cores))


def _outcomes(cells: Sequence[Cell], road: Road) -> Iterator[Outcome]:
    if not cells:
        return iter(())
    backend, _ = joblib.parallel.get_active_backend()
    how = "generator_unordered" if backend.supports_return_generator else "list"
    parallel = joblib.Parallel(return_as=how, pre_dispatch="all", batch_size=1)
    return iter(parallel(joblib.delayed(run)(cell, road) for cell in cells))


def _tell(_: RetryCallState) -> None:
    _LOG.warning("a worker died; its cells are run again")
