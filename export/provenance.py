"""Which code made an artefact: versions and the source's revision, nothing of the machine or the time."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

PRODUCT = "sixmeg"
LIBRARIES = (
    *("ai-edge-litert", "cryptography", "jinja2", "numba", "numpy", "onnx", "onnxruntime"),
    *("tflite", "tflite-micro", "tflite-runtime"),
)


def version_of(distribution: str) -> str | None:
    """The installed version, or None."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def libraries(names: Iterable[str] = LIBRARIES) -> dict[str, str | None]:
    """Versions by name; None where one is not installed."""
    return {"python": platform.python_version(), **{name: version_of(name) for name in names}}


def product(folder: Path | None = None) -> dict[str, Any]:
    """Name, version, and the git revision of `folder` (the product's own source if left out).

    `git_revision` and `git_dirty` are None where the source is not a git work tree of its own.
    """
    root = folder or Path(__file__).resolve().parent.parent
    revision, dirty = None, None
    if (root / ".git").exists():
        revision = _git(root, "rev-parse", "HEAD")
        status = _git(root, "status", "--porcelain", "--untracked-files=no") if revision else None
        dirty = None if status is None else status != ""
    return {"name": PRODUCT, "version": version_of(PRODUCT), "git_revision": revision, "git_dirty": dirty}


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
