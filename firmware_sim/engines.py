"""Where shards are computed: local processes, a Dask or a Ray cluster, all behind joblib's one interface."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError

from graph.errors import SixmegError

CONNECT_S = 10


class EngineError(SixmegError):
    """An engine that is not known, not installed or not reached; or whose workers keep dying."""


@contextmanager
def engine(word: str, workers: int | None = None) -> Iterator[tuple[type[BaseException], ...]]:
    """Within the block joblib's `Parallel` runs on `word`; gives the exceptions that a lost worker raises.

        local              processes of this machine, `workers` of them (by default, one for each core)
        dask://HOST:PORT   the Dask scheduler there, with all its workers
        ray                the Ray cluster that this machine is part of (RAY_ADDRESS, or the local one)

    Raises: EngineError.
    """
    if word == "local":
        jobs = workers or len(os.sched_getaffinity(0))
        with joblib.parallel_config("loky", n_jobs=jobs, inner_max_num_threads=1):
            yield (TerminatedWorkerError,)
    elif word.startswith("dask://"):
        with _dask(word.removeprefix("dask://")) as lost:
            yield lost
    elif word == "ray":
        with _ray() as lost:
            yield lost
    else:
        raise EngineError(f"the engine {word} is not known; give local, dask://HOST:PORT or ray")


@contextmanager
def _dask(address: str) -> Iterator[tuple[type[BaseException], ...]]:
    try:
        from distributed import Client, KilledWorker
        from distributed.comm import CommClosedError
    except ImportError as error:
        raise EngineError("Dask is not installed; pip install 'sixmeg[dask]'") from error
    logging.getLogger("distributed").setLevel(logging.ERROR)  # its lines on a lost worker; the retry tells
    try:
        client = Client(f"tcp://{address}", timeout=CONNECT_S, set_as_default=True)
    except (OSError, ValueError) as error:
        raise EngineError(
            f"no Dask scheduler answers at {address}; start one, or check the address"
        ) from error
    with client:
        if not client.ncores():
            raise EngineError(f"the Dask scheduler at {address} has no workers; start some")
        with joblib.parallel_config("dask", n_jobs=-1):
            yield (KilledWorker, CommClosedError)


@contextmanager
def _ray() -> Iterator[tuple[type[BaseException], ...]]:
    try:
        import ray
        from ray._private.services import canonicalize_bootstrap_address
        from ray.util.joblib import register_ray
    except ImportError as error:
        raise EngineError("Ray is not installed; pip install 'sixmeg[ray]'") from error
    try:
        # Ray itself takes two minutes to find that a cluster is gone.
        host, _, port = (canonicalize_bootstrap_address("auto") or "").rpartition(":")
        socket.create_connection((host, int(port)), timeout=CONNECT_S).close()
        ray.init(address=f"{host}:{port}", log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, ValueError, RuntimeError) as error:
        raise EngineError("no Ray cluster is reached; `ray start` one, or set RAY_ADDRESS") from error
    try:
        register_ray()
        with joblib.parallel_config("ray", n_jobs=-1):
            yield (ray.exceptions.RayActorError, ray.exceptions.WorkerCrashedError)
    finally:
        ray.shutdown()
