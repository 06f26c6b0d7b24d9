"""Writing files so that an interrupted run leaves nothing half-made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A path beside `path` to write to; takes its place when the block ends, vanishes when it raises.

    Folders that are missing are made.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def write_bytes(path: str | Path, content: bytes) -> None:
    """`path` holds `content` whole, or is as it was."""
    with replacing(path) as partial:
        partial.write_bytes(content)


def json_text(value: Any) -> str:
    """JSON as all stages write it: indented, keys in the order given, one newline at the end."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(path: str | Path, value: Any) -> None:
    """`path` holds `value` as JSON whole, or is as it was."""
    write_bytes(path, json_text(value).encode())
