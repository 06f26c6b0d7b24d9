"""Where downloaded and unpacked pictures are kept, outside of any build folder."""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """$SIXMEG_CACHE where it is set, else the user's cache folder for sixmeg; made where absent."""
    folder = Path(os.environ.get("SIXMEG_CACHE") or platformdirs.user_cache_dir("sixmeg")).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def made_once(folder: Path, fill: Callable[[Path], None]) -> Path:
    """`folder`, filled by `fill(partial)` where it is not there yet; whole or absent, never half-made.

    Two processes may fill it at once: the first to finish wins, the other's work is thrown away.
    """
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".partial", dir=folder.parent))
    try:
        fill(partial)
        partial.chmod(0o755)  # mkdtemp makes it private; a cache may be shared
        with contextlib.suppress(OSError):
            partial.rename(folder)
        if not folder.is_dir():
            raise OSError(f"cannot make {folder}; set SIXMEG_CACHE to a folder that can be written")
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def sha256_of_file(path: Path) -> str:
    """Hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
