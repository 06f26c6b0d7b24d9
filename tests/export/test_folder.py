"""A folder appears whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from export.errors import ExportError
from export.folder import write_folder


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_a_second_export_replaces_the_first_whole(tmp_path: Path) -> None:
    write_folder(tmp_path / "a" / "firmware", {"manifest.json": b"1", "old.c": b""})
    write_folder(tmp_path / "a" / "firmware", {"manifest.json": b"2", "new.c": b""})
    assert names(tmp_path / "a" / "firmware") == ["manifest.json", "new.c"]
    assert (tmp_path / "a" / "firmware" / "manifest.json").read_bytes() == b"2"
    assert names(tmp_path / "a") == ["firmware"]


def test_an_interrupted_export_leaves_the_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "firmware", {"manifest.json": b"1"})
    write = Path.write_bytes

    def stop_at_second(path: Path, content: bytes) -> int:
        if path.name == "second.c":
            raise KeyboardInterrupt
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", stop_at_second)
    with pytest.raises(KeyboardInterrupt):
        write_folder(tmp_path / "firmware", {"manifest.json": b"2", "second.c": b""})
    assert (tmp_path / "firmware" / "manifest.json").read_bytes() == b"1"
    assert names(tmp_path) == ["firmware"]


def test_a_swap_that_fails_half_way_puts_the_earlier_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "firmware", {"manifest.json": b"1"})
    rename = Path.rename

    def fail_for_the_new(path: Path, target: Path) -> Path:
        if path.name == "firmware.partial":
            raise OSError("disk is gone")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail_for_the_new)
    with pytest.raises(OSError, match="disk is gone"):
        write_folder(tmp_path / "firmware", {"manifest.json": b"2"})
    assert (tmp_path / "firmware" / "manifest.json").read_bytes() == b"1"
    assert names(tmp_path) == ["firmware"]


def test_a_folder_of_other_files_is_never_deleted(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ExportError, match="holds other files"):
        write_folder(tmp_path, {"manifest.json": b""})
    assert names(tmp_path) == ["thesis.tex"]
