"""Shards on processes and clusters: the same bytes everywhere, whoever dies on the way."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

import sixmeg
from firmware_sim import shards
from firmware_sim.accuracy import Arrays
from firmware_sim.engines import EngineError, engine
from firmware_sim.numerics import Numerics
from graph import tflite
from memory_planner import plan
from memory_planner.chip import load
from tests.oracle.single_op import Spec, fb, model, options, quantized

FEATURES, CLASSES, SAMPLES, PER_SHARD = 7, 5, 97, 3


def classifier() -> bytes:
    weights = np.random.default_rng(3).integers(-127, 128, (CLASSES, FEATURES)).astype(np.int8)
    return model(
        "FULLY_CONNECTED",
        [quantized((1, FEATURES), 0.1, 3), Spec(weights.shape, "int8", (0.02,), (0,), 0, weights), None],
        quantized((1, CLASSES), 0.9, -5),
        options("FullyConnectedOptions", fusedActivationFunction=fb.ActivationFunctionType.NONE),
    )


BLOB = classifier()
GRAPH = tflite.read(BLOB)
JOB = shards.Job(BLOB, plan(GRAPH, load("npu6m")), Numerics.TFLM)
IFM = np.random.default_rng(1).integers(-128, 128, (SAMPLES, FEATURES)).astype(np.int8)


class Watched(Arrays):
    """Samples that call `then` when the inputs of shard `when` are asked for."""

    def __init__(self, when=-1, then=None):
        super().__init__(GRAPH, IFM, np.zeros(SAMPLES, np.int64), "x.npy")
        self.when, self.then, self.asked = when, then, []

    def inputs(self, indices):
        self.asked.append(int(indices[0]) // PER_SHARD)
        if self.asked[-1] == self.when and self.then:
            then, self.then = self.then, None
            then()
        return super().inputs(indices)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(shards, "LARGEST_SHARD", PER_SHARD)


def expected():
    import firmware_sim

    (scores,) = firmware_sim.run_batch(firmware_sim.prepare(GRAPH, JOB.plan), IFM, workers=1)
    return scores.argmax(axis=1).tolist()


@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_local_processes_gives_the_same(workers):
    assert expected() == shards.predictions(JOB, Watched(), workers=workers).tolist()


def test_shards_of_a_killed_process_are_computed_again():
    psutil = pytest.importorskip("psutil", reason="comes with the dask extra")

    def kill_one():
        workers = [c for c in psutil.Process().children() if "popen_loky" in " ".join(c.cmdline())]
        workers[0].kill()

    samples = Watched(when=9, then=kill_one)
    assert expected() == shards.predictions(JOB, samples, workers=2).tolist()
    assert len(samples.asked) > len(set(samples.asked))


def test_workers_that_keep_dying_end_as_one_line():
    job = replace(JOB, plan=Dies(JOB.plan))
    with pytest.raises(EngineError, match="workers of local died 5 times"):
        shards.predictions(job, Watched(), workers=2)


class Dies:
    """A plan whose arrival kills the process it arrives in."""

    def __init__(self, made):
        self.made = made

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.made, name)

    def __reduce__(self):
        return (os._exit, (1,))


def test_an_interrupted_run_goes_on_where_it_was(tmp_path):
    def interrupt():
        raise KeyboardInterrupt

    first = Watched(when=20, then=interrupt)
    with pytest.raises(KeyboardInterrupt):
        shards.predictions(JOB, first, workers=1, folder=tmp_path / "shards")
    kept = {int(p.stem) for p in tmp_path.rglob("*.npy")}
    assert kept
    second = Watched()
    assert expected() == shards.predictions(JOB, second, workers=1, folder=tmp_path / "shards").tolist()
    assert kept.isdisjoint(second.asked)
    assert not (tmp_path / "shards").exists()


def test_shards_of_other_samples_are_not_taken_up(tmp_path):
    other = shards._Store(tmp_path, "0123456789abcdef")
    other.add(0, np.full(PER_SHARD, 4))
    assert expected() == shards.predictions(JOB, Watched(), workers=1, folder=tmp_path).tolist()


@pytest.fixture
def dask_cluster(tmp_path):
    """A scheduler and two workers, each a process of its own: (address, workers)."""
    pytest.importorskip("distributed", reason="needs the dask extra")
    file = tmp_path / "scheduler.json"
    common = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    dask = [sys.executable, "-m", "distributed.cli"]
    here = ["--host", "127.0.0.1", "--no-dashboard"]
    scheduler = subprocess.Popen(
        [*dask[:2], "distributed.cli.dask_scheduler", *here, "--port", "0", "--scheduler-file", str(file)],
        **common,
    )
    worker = [*dask[:2], "distributed.cli.dask_worker", *here, "--no-nanny", "--nthreads", "1"]
    local = ["--local-directory", str(tmp_path), "--scheduler-file", str(file)]
    workers = [subprocess.Popen([*worker, *local], **common) for _ in range(2)]
    try:
        yield file, workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


def address_of(file, workers):
    """Waits until all workers have come."""
    from distributed import Client

    with Client(scheduler_file=str(file), timeout=30, set_as_default=False) as client:
        client.wait_for_workers(workers, timeout=60)
        return client.scheduler.address.removeprefix("tcp://")


@pytest.mark.filterwarnings("default")  # distributed's own, on a worker that died
def test_dask_gives_the_same_though_one_of_two_workers_is_killed_midway(dask_cluster):
    file, workers = dask_cluster
    address = address_of(file, 2)
    samples = Watched(when=11, then=workers[0].kill)
    assert expected() == shards.predictions(JOB, samples, engine_word=f"dask://{address}").tolist()
    assert samples.then is None
    assert workers[0].wait(timeout=10) == -signal.SIGKILL


@pytest.fixture
def ray_cluster(tmp_path, monkeypatch):
    """A head of two CPUs, as `ray start` makes it."""
    pytest.importorskip("ray", reason="needs the ray extra")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{port}")
    asked = ["start", "--head", "--block", "--port", port, "--num-cpus", 2, "--include-dashboard", "false"]
    ray = [sys.executable, "-m", "ray.scripts.scripts", *map(str, asked), "--disable-usage-stats"]
    head = subprocess.Popen(ray, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(120):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.5)
        yield
    finally:
        head.terminate()
        head.wait(timeout=60)


@pytest.mark.filterwarnings("default")  # ray's own
def test_ray_gives_the_same(ray_cluster):
    assert expected() == shards.predictions(JOB, Watched(), engine_word="ray").tolist()


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("spark", "the engine spark is not known; give local, dask, dask://HOST:PORT or ray"),
        ("dask://127.0.0.1:1", "no Dask scheduler answers at 127.0.0.1:1"),
        ("ray", "no Ray cluster is reached"),
    ],
)
def test_an_engine_that_is_not_there_is_one_line(word, message, monkeypatch):
    monkeypatch.setattr("firmware_sim.engines.CONNECT_S", 1)
    with pytest.raises(EngineError, match=message) as caught, engine(word):
        pass
    assert "\n" not in str(caught.value)


def test_the_command_takes_arrays_with_labels(tmp_path):
    path, x, y = tmp_path / "m.tflite", tmp_path / "x.npy", tmp_path / "y.npy"
    path.write_bytes(BLOB)
    np.save(x, IFM)
    np.save(y, np.array(expected()))
    asked = ["evaluate", path, "--input", x, "--labels", y, "--workers", 1, "-o", tmp_path / "a.json"]
    done = CliRunner().invoke(sixmeg.cli, [str(a) for a in asked])
    assert done.exit_code == 0
    assert done.stdout.startswith(f"int8 100.00% top-1 on {SAMPLES}")
    refused = CliRunner().invoke(sixmeg.cli, ["evaluate", str(path), "--input", str(x)])
    assert refused.exit_code == 2


def test_time_is_not_in_the_file(tmp_path):
    path, x, y = tmp_path / "m.tflite", tmp_path / "x.npy", tmp_path / "y.npy"
    path.write_bytes(BLOB)
    np.save(x, IFM)
    np.save(y, np.array(expected()))
    texts = []
    for workers in (1, 2):
        out = tmp_path / f"{workers}.json"
        asked = ["evaluate", path, "--input", x, "--labels", y, "--workers", workers, "-o", out]
        assert CliRunner().invoke(sixmeg.cli, [str(a) for a in asked]).exit_code == 0
        texts.append(out.read_text())
    assert texts[0] == texts[1]
