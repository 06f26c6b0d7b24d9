"""A folder of files that appears whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from export.errors import ExportError

MARK = "manifest.json"


def write_folder(folder: str | Path, files: Mapping[str, bytes]) -> None:
    """`folder` holds `files` and nothing else, or is as it was.

    They are written to `<folder>.partial`, which then takes the place of an earlier export.

    Raises: ExportError where `folder` is there and is no export of ours (it would be deleted).
    """
    target = Path(folder).absolute()
    if not _replaceable(target):
        raise ExportError(f"{folder} holds other files; give a new or empty folder, or an earlier export")
    partial, old = (target.with_name(target.name + suffix) for suffix in (".partial", ".old.partial"))
    for leftover in (partial, old):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        for name, content in files.items():
            (partial / name).write_bytes(content)
        if target.exists():
            target.rename(old)
        partial.rename(target)
    except BaseException:
        if old.exists() and not target.exists():
            old.rename(target)
        raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _replaceable(target: Path) -> bool:
    if not target.exists():
        return True
    return target.is_dir() and ((target / MARK).is_file() or not any(target.iterdir()))
