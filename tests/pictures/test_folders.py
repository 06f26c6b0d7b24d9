"""Folders of class folders and archives of them: splits, order, and one-line errors that name the file."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pictures
from pictures import DataError


def one_line_error(word: object) -> str:
    with pytest.raises(DataError) as caught:
        loaded = pictures.load(str(word))
        for split in (loaded.train, loaded.test):
            split.read(range(len(split)), 8)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_given_splits_are_kept(make_folder):
    root = make_folder("pets", {"train/cat": 3, "train/dog": 2, "val/cat": 1, "val/dog": 4})
    loaded = pictures.load(str(root))
    assert loaded.classes == ("cat", "dog")
    assert loaded.train.labels.tolist() == [0, 0, 0, 1, 1]
    assert loaded.test.labels.tolist() == [0, 1, 1, 1, 1]
    assert loaded.train.names[:2] == ("train/cat/000.png", "train/cat/001.png")
    assert (loaded.name, loaded.origin) == ("pets", "folder pets")
    assert loaded.train.native_px == 12


def test_without_given_splits_a_fifth_of_each_class_is_test(make_folder):
    loaded = pictures.load(str(make_folder("pets", {"cat": 20, "dog": 10})))
    assert np.bincount(loaded.train.labels).tolist() == [16, 8]
    assert np.bincount(loaded.test.labels).tolist() == [4, 2]
    assert not set(loaded.train.names) & set(loaded.test.names)


def test_train_alone_is_parted(make_folder):
    loaded = pictures.load(str(make_folder("pets", {"train/cat": 10, "train/dog": 10})))
    assert (loaded.classes, len(loaded.train), len(loaded.test)) == (("cat", "dog"), 16, 4)


def test_the_seed_alone_parts_a_folder(make_folder):
    root = str(make_folder("pets", {"cat": 20, "dog": 10}))
    assert pictures.load(root).test.names == pictures.load(root).test.names
    assert pictures.load(root, seed=1).test.names != pictures.load(root).test.names
    assert pictures.load(root, seed=1).sha256 == pictures.load(root).sha256


def test_classes_of_one_picture_still_give_a_test_split(make_folder):
    loaded = pictures.load(str(make_folder("many", {f"{i:02}": 1 for i in range(15)})))
    assert (len(loaded.train), len(loaded.test), len(loaded.classes)) == (12, 3, 15)


def test_folders_named_by_numbers_are_in_number_order(make_folder):
    assert pictures.load(str(make_folder("n", {"10": 1, "9": 1, "1": 1}))).classes == ("1", "9", "10")


def test_a_test_split_may_lack_a_class_but_not_add_one(make_folder):
    loaded = pictures.load(
        str(make_folder("lack", {"train/a": 1, "train/b": 1, "train/c": 1, "val/b": 1, "val/c": 1}))
    )
    assert loaded.test.labels.tolist() == [1, 2]
    strange = make_folder("more", {"train/a": 1, "train/b": 1, "val/a": 1, "val/z": 1})
    assert str(Path("val", "z")) in one_line_error(strange)


def test_the_hash_sees_every_byte_of_the_files(make_folder):
    root = make_folder("pets", {"cat": 3, "dog": 3})
    before = pictures.load(str(root)).sha256
    file = root / "dog" / "002.png"
    file.write_bytes(file.read_bytes() + b"\0")
    assert pictures.load(str(root)).sha256 != before


def test_an_archive_is_the_folder_in_it_and_is_unpacked_once(make_folder, tmp_path, own_cache):
    root = make_folder("pets", {"cat": 3, "dog": 3})
    archive = tmp_path / "pets.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(root, "some/top")
    loaded, folder = pictures.load(str(archive)), pictures.load(str(root))
    assert (loaded.name, loaded.classes, loaded.train.names) == ("pets", folder.classes, folder.train.names)
    assert loaded.sha256 == folder.sha256
    assert (loaded.train.read([0], 12) == folder.train.read([0], 12)).all()
    (unpacked,) = (own_cache / "archives").iterdir()
    stamp = unpacked.stat().st_mtime_ns
    pictures.load(str(archive))
    assert [p.stat().st_mtime_ns for p in (own_cache / "archives").iterdir()] == [stamp]


def test_an_archive_that_points_outside_is_refused_and_leaves_nothing(tmp_path, own_cache):
    archive = tmp_path / "evil.tar"
    with tarfile.open(archive, "w") as tar:
        member = tarfile.TarInfo("../escaped.txt")
        member.size = 4
        tar.addfile(member, io.BytesIO(b"evil"))
    assert "evil.tar" in one_line_error(archive)
    assert list((own_cache / "archives").iterdir()) == []


def test_a_truncated_archive_is_named(make_folder, tmp_path):
    archive = tmp_path / "cut.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(make_folder("pets", {"cat": 9, "dog": 9}), "pets")
    archive.write_bytes(archive.read_bytes()[:5000])
    assert "cut.tar.gz" in one_line_error(archive)


@pytest.mark.parametrize("content", [b"", b"not a picture"])
def test_a_file_that_is_no_picture_is_named(make_folder, content):
    root = make_folder("pets", {"cat": 3, "dog": 3})
    (root / "dog" / "bad.jpg").write_bytes(content)
    assert str(Path("dog", "bad.jpg")) in one_line_error(root)


def test_a_picture_cut_short_is_named_when_it_is_read(make_folder):
    root = make_folder("pets", {"cat": 3, "dog": 3})
    pixels = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    stored = io.BytesIO()
    Image.fromarray(pixels).save(stored, "JPEG")
    (root / "cat" / "cut.jpg").write_bytes(stored.getvalue()[:1500])
    assert str(Path("cat", "cut.jpg")) in one_line_error(root)


def test_pixels_of_16_bits_are_refused_not_clipped(make_folder):
    root = make_folder("pets", {"cat": 3, "dog": 3})
    Image.fromarray(np.full((9, 9), 40000, np.uint16)).save(root / "cat" / "deep.png")
    assert "deep.png: more than 8 bits" in one_line_error(root)


def test_an_empty_class_folder_is_named(make_folder):
    root = make_folder("pets", {"cat": 3, "dog": 0})
    (root / "dog" / "notes.txt").write_text("no picture")
    assert f"{root / 'dog'}: no pictures" in one_line_error(root)


def test_fewer_than_two_class_folders_are_refused(make_folder):
    assert "1 class folders" in one_line_error(make_folder("one", {"cat": 3}))


def test_a_word_that_names_nothing_says_what_would(tmp_path):
    assert "cifar10" in one_line_error("cifar11")
    (tmp_path / "x.zip").write_bytes(b"PK")
    assert "x.zip" in one_line_error(tmp_path / "x.zip")


def test_grey_palette_and_transparent_pictures_become_rgb(make_folder):
    root = make_folder("modes", {"a": 1, "b": 1})
    rgb = Image.fromarray(np.full((5, 7, 3), 90, np.uint8))
    rgb.convert("L").save(root / "a" / "grey.png")
    rgb.convert("P").save(root / "a" / "palette.png", transparency=b"\0\1")
    rgb.convert("RGBA").save(root / "b" / "alpha.png")
    rgb.convert("CMYK").save(root / "b" / "cmyk.jpg")
    loaded = pictures.load(str(root))
    for split in (loaded.train, loaded.test):
        assert split.native_px in (None, 12)
        assert split.read(range(len(split)), 4).shape == (len(split), 4, 4, 3)


def test_a_camera_picture_is_turned_upright(make_folder):
    root = make_folder("turned", {"train/a": 1, "train/b": 1, "val/a": 1, "val/b": 1})
    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[:8] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # stored upside down
    Image.fromarray(pixels).save(root / "train" / "a" / "000.png", exif=exif)
    (read,) = pictures.load(str(root)).train.read([0], 16)
    assert (read == pixels[::-1]).all()


def test_hidden_files_are_no_pictures(make_folder):
    root = make_folder("mac", {"a": 2, "b": 2, ".cache": 0})
    (root / "a" / "._000.png").write_bytes(b"resource fork")
    loaded = pictures.load(str(root))
    assert (len(loaded.train) + len(loaded.test), loaded.classes) == (4, ("a", "b"))


def test_a_cache_that_cannot_be_made_is_named(make_folder, tmp_path, own_cache):
    own_cache.write_text("a file where the folder should be")
    archive = tmp_path / "pets.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(make_folder("pets", {"cat": 1, "dog": 1}), "pets")
    with pytest.raises(OSError, match="cache"):
        pictures.load(str(archive))


def test_the_flowers_are_2934_and_736(shared):
    loaded = pictures.load(str(shared / "data" / "flower_photos_192.tar"))
    assert loaded.classes == ("daisy", "dandelion", "roses", "sunflowers", "tulips")
    assert (len(loaded.train), len(loaded.test), loaded.train.native_px) == (2934, 736, None)


def test_500_classes_of_one_photograph_are_read(shared):
    loaded = pictures.load(str(shared / "data" / "imagenet_sample_even.tar"))
    assert (len(loaded.classes), loaded.classes[1], len(loaded.train) + len(loaded.test)) == (
        500,
        "0002",
        500,
    )
    assert loaded.test.read(range(5), 96).shape == (5, 96, 96, 3)
