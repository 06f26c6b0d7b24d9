"""Where shards are computed: local processes, a Dask or a Ray cluster, all behind joblib's one interface."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError

from graph.errors import SixmegError

CONNECT_S = 10


class EngineError(SixmegError):
    """An engine that is not known, not installed or not reached; or whose workers keep dying."""


@contextmanager
def engine(
    word: str, workers: int | None = None, *, own: bool = False
) -> Iterator[tuple[type[BaseException], ...]]:
    """Within the block joblib's `Parallel` runs on `word`; gives the exceptions that a lost worker raises.

        local, joblib      processes of this machine, `workers` of them (by default, one for each core)
        dask://HOST:PORT   the Dask scheduler there, with all its workers
        dask               the one that DASK_SCHEDULER_ADDRESS names; else one of this machine, for the block
        ray                the Ray cluster that this machine is part of (RAY_ADDRESS, or the local one);
                           with `own`, where there is none, one of this machine, for the block

    Raises: EngineError.
    """
    jobs = workers or len(os.sched_getaffinity(0))
    if word in ("local", "joblib"):
        with joblib.parallel_config("loky", n_jobs=jobs, inner_max_num_threads=1):
            yield (TerminatedWorkerError,)
    elif word.startswith("dask://"):
        with _dask(word.removeprefix("dask://")) as lost:
            yield lost
    elif word == "dask":
        with _dask_address(jobs) as address, _dask(address) as lost:
            yield lost
    elif word == "ray":
        with _ray(jobs if own else None) as lost:
            yield lost
    else:
        raise EngineError(f"the engine {word} is not known; give local, dask, dask://HOST:PORT or ray")


@contextmanager
def _dask_address(workers: int) -> Iterator[str]:
    named = os.environ.get("DASK_SCHEDULER_ADDRESS")
    if named:
        yield named.removeprefix("tcp://")
        return
    try:
        from distributed import LocalCluster
    except ImportError as error:
        raise EngineError("Dask is not installed; pip install 'sixmeg[dask]'") from error
    with LocalCluster(
        n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=logging.ERROR
    ) as cluster:
        yield cluster.scheduler_address.removeprefix("tcp://")


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
def _ray(own_workers: int | None) -> Iterator[tuple[type[BaseException], ...]]:
    try:
        import ray
        from ray._private.services import canonicalize_bootstrap_address
        from ray.util.joblib import register_ray
    except ImportError as error:
        raise EngineError("Ray is not installed; pip install 'sixmeg[ray]'") from error
    quietly: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        # Ray itself takes two minutes to find that a cluster is gone.
        address = canonicalize_bootstrap_address("auto") or ""
        if own_workers and not address:
            ray.init(num_cpus=own_workers, include_dashboard=False, **quietly)
        else:
            host, _, port = address.rpartition(":")
            socket.create_connection((host, int(port)), timeout=CONNECT_S).close()
            ray.init(address=address, **quietly)
    except (OSError, ValueError, RuntimeError) as error:
        raise EngineError("no Ray cluster is reached; `ray start` one, or set RAY_ADDRESS") from error
    try:
        register_ray()
        with joblib.parallel_config("ray", n_jobs=-1):
            yield (ray.exceptions.RayActorError, ray.exceptions.WorkerCrashedError)
    finally:
        ray.shutdown()
